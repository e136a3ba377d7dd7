/**
 * Going away well. Nobody new is let in, everybody is told to leave at a random moment of their own, and who has not is
 * closed in stages: a thousand sockets that come back in one instant would only knock over the next node.
 */
import type { Chance, Clock } from '../shared/clock.ts'
import { CLOSE } from '../shared/wire/messages.ts'
import { CLOSE_MS, CLOSE_STAGES, GOODBYE_A_SOCKET_MS, GOODBYE_MS, SOCKETS_A_TURN } from './bounds.ts'
import type { Connection } from './connection.ts'

interface Parts {
  connections: ReadonlySet<Connection>
  /** Sockets of operators, which are no connections: closes so many, answers how many are left. */
  closeOthers: (most: number) => number
  clock: Clock
  chance: Pick<Chance, 'fraction'>
}

const LOOK_MS = 50

export async function sayGoodbye({ connections, closeOthers, clock, chance }: Parts): Promise<void> {
  const window = Math.min(GOODBYE_MS, connections.size * GOODBYE_A_SOCKET_MS)
  const told = [...connections]
  for (let at = 0; at < told.length; at += SOCKETS_A_TURN) {
    for (const connection of told.slice(at, at + SOCKETS_A_TURN)) {
      const afterMs = Math.round(chance.fraction() * window)
      connection.send({ type: 'goodbye', afterMs })
    }
    await clock.sleep(1)
  }
  await until(() => connections.size === 0, window, clock)
  await closeInStages(connections, closeOthers, clock)
  await until(() => connections.size === 0 && closeOthers(0) === 0, CLOSE_MS, clock)
}

async function closeInStages(
  connections: ReadonlySet<Connection>,
  closeOthers: (most: number) => number,
  clock: Clock,
): Promise<void> {
  const stage = Math.max(10, Math.ceil((connections.size + closeOthers(0)) / CLOSE_STAGES))
  for (let n = 0; n < CLOSE_STAGES; n++) {
    for (const connection of [...connections].slice(0, stage)) connection.end(CLOSE.goingAway, 'drain')
    const others = closeOthers(stage)
    if (connections.size === 0 && others === 0) return
    await clock.sleep(CLOSE_MS / CLOSE_STAGES)
  }
}

async function until(holds: () => boolean, mostMs: number, clock: Clock): Promise<void> {
  for (let waited = 0; waited < mostMs && !holds(); waited += LOOK_MS) await clock.sleep(LOOK_MS)
}
