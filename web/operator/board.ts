/** All that the console knows of one event, and how each word from the server changes it. Pure. */
import type {
  AdminHistory,
  AdminStatus,
  NodeStatus,
  QueueInfo,
  SectionHeat,
} from '../../shared/wire/messages.ts'
import { added, type Moment, remembered } from './moments.ts'

/** `live`: told every second. `asking`: over HTTP, the queue alone. `lost`: neither answers. */
export type Liveness = 'connecting' | 'live' | 'asking' | 'lost'

export interface Board {
  liveness: Liveness
  /** ms by this machine's clock, of the last word. */
  heardAt: number | undefined
  queue: QueueInfo | undefined
  /** The last full one: while asking, it is older than the queue. */
  status: AdminStatus | undefined
  /** The server's clock less ours, in ms, as of that. */
  ahead: number
  heat: readonly SectionHeat[]
  nodes: readonly NodeStatus[]
  gone: readonly GoneNode[]
  moments: readonly Moment[]
  /** Why nothing is told, where the server gave a reason. */
  fault: unknown
}

export interface GoneNode {
  node: string
  /** ms by the server's clock, of the first status without it. */
  at: number
}

export const EMPTY_BOARD: Board = {
  liveness: 'connecting',
  heardAt: undefined,
  queue: undefined,
  status: undefined,
  ahead: 0,
  heat: [],
  nodes: [],
  gone: [],
  moments: [],
  fault: undefined,
}

/** A node that has gone is told for so long. */
const GONE_TOLD_MS = 10 * 60_000
/** A node that has just started does not know all others yet: one that is back by then was not gone. */
const GONE_SURE_MS = 3_000

export function told(board: Board, status: AdminStatus, now: number): Board {
  const { at, waiting, active, free, holds, sold, revenue, rateIn, rateOut } = status
  return {
    liveness: 'live',
    heardAt: now,
    queue: status.queue,
    status,
    ahead: at - now,
    heat: status.heat ?? board.heat,
    nodes: status.nodes,
    gone: goneNodes(board, status),
    moments: added(board.moments, { at, waiting, active, free, holds, sold, revenue, rateIn, rateOut }),
    fault: undefined,
  }
}

/** Answered over HTTP: the queue, and nothing of seats. */
export function answered(board: Board, queue: QueueInfo, now: number): Board {
  const { waiting, active } = queue
  return {
    ...board,
    liveness: 'asking',
    heardAt: now,
    fault: undefined,
    queue,
    moments: added(board.moments, { at: now + board.ahead, waiting, active }),
  }
}

export function withHistory(board: Board, history: AdminHistory): Board {
  return { ...board, moments: remembered(board.moments, history.samples) }
}

/** Neither told nor answered. */
export function lost(board: Board, fault: unknown): Board {
  return { ...board, liveness: 'lost', fault }
}

function goneNodes(board: Board, status: AdminStatus): GoneNode[] {
  const here = new Set(status.nodes.map(({ node }) => node))
  const known = new Set(board.gone.map(({ node }) => node))
  const lost = board.nodes.filter(({ node }) => !here.has(node) && !known.has(node))
  return [...board.gone, ...lost.map(({ node }) => ({ node, at: status.at }))].filter(
    ({ node, at }) => !here.has(node) && status.at - at < GONE_TOLD_MS,
  )
}

/** Nodes that are gone for sure. */
export function surelyGone({ gone, status }: Board): GoneNode[] {
  return status === undefined ? [] : gone.filter(({ at }) => status.at - at >= GONE_SURE_MS)
}
