import { describe, expect, test } from 'vitest'
import type { AdminStatus } from '../../shared/wire/messages.ts'
import { answered, EMPTY_BOARD, surelyGone, told } from './board.ts'

function status(at: number, nodes: string[] = ['a']): AdminStatus {
  return {
    eventId: 'e',
    queue: { state: 'open', waiting: 7, active: 3 },
    currency: 'EUR',
    nodes: nodes.map(node => ({ node, sockets: 1, watchers: 1 })),
    lastAct: 1,
    at,
    waiting: 7,
    active: 3,
    free: 90,
    holds: 4,
    sold: 6,
    revenue: 600,
    rateIn: 2,
    rateOut: 1,
  }
}

const heat = [{ section: 's', name: 'S', total: 10, held: 1, sold: 2 }]

describe('what is known of an event', () => {
  test('[V62] is live by a status; asked for, it keeps what only a status tells', () => {
    const live = told(EMPTY_BOARD, { ...status(100_000), heat }, 5_000)
    expect(live).toMatchObject({ liveness: 'live', heardAt: 5_000, heat })
    expect(told(live, status(101_000), 6_000).heat).toEqual(heat)
    const asked = answered(live, { state: 'paused', waiting: 9, active: 0 }, 9_000)
    expect(asked).toMatchObject({ liveness: 'asking', heardAt: 9_000, queue: { state: 'paused' }, heat })
    expect(asked.status?.sold).toBe(6)
    // By the server's clock, carried on by ours.
    expect(asked.moments.at(-1)).toEqual({ at: 104_000, waiting: 9, active: 0 })
  })

  test('[V66] a node that is not heard for three seconds has gone, until it is back', () => {
    const both = told(EMPTY_BOARD, status(0, ['a', 'b']), 0)
    const first = told(both, status(1_000), 1_000)
    expect(surelyGone(first)).toEqual([])
    const later = told(told(first, status(2_000), 2_000), status(4_000), 4_000)
    expect(later.nodes.map(({ node }) => node)).toEqual(['a'])
    expect(surelyGone(later)).toEqual([{ node: 'b', at: 1_000 }])
    expect(surelyGone(told(later, status(5_000, ['a', 'b']), 5_000))).toEqual([])
    expect(surelyGone(told(later, status(700_000), 700_000))).toEqual([])
  })
})
