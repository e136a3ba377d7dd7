/** The numbers of a waiting room as they are told. */
import type { QueueView } from '../../client/queue.ts'

/**
 * How many stand in the line. The count comes with the next tick, and a tick that was made before one joined knows nothing of
 * oneself: until one has come that does, there is no number to be told.
 */
export function lineWords({ waiting, position }: Pick<QueueView, 'waiting' | 'position'>): string {
  return waiting > (position ?? 0) ? waiting.toLocaleString('en') : 'being counted'
}
