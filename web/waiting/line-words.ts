/** The numbers of a waiting room as they are told. */
import type { QueueView, Slower } from '../../client/queue.ts'

/**
 * How many stand in the line. The count comes with the next tick, and a tick that was made before one joined knows nothing of
 * oneself: until one has come that does, there is no number to be told.
 */
export function lineWords({ waiting, position }: Pick<QueueView, 'waiting' | 'position'>): string {
  return waiting > (position ?? 0) ? waiting.toLocaleString('en') : 'being counted'
}

/** Why the wait has become longer. Of a pause the line's own state tells. */
export function slowerWords(slower: Slower): string | undefined {
  switch (slower) {
    case 'rate':
      return 'It takes longer than we told you: fewer are let in a minute than before.'
    case 'cap':
      return 'It takes longer than we told you: as many are choosing seats as may at once, and they take their time.'
    case 'seats':
      return 'It takes longer than we told you: few seats are left, and those ahead are choosing among them.'
    case 'payments':
      return 'It takes longer than we told you: payments take longer, and nobody is let in who could not pay in time.'
    case 'paused':
      return undefined
    default:
      return slower satisfies never
  }
}
