/** Which of its faces the waiting room shows, and the words that go with the line's state. Pure. */
import type { QueueView } from '../../client/queue.ts'
import { slowerWords } from './line-words.ts'

/**
 * `planned`: the line forms later; `closed`, `crowded`: no newcomers; `draw`: in the draw, without a number; `early`: a place in
 * a line whose doors are still shut; `line`: a place in a line that moves; `outside`: no place, or no more.
 */
export type Room = 'finding' | 'planned' | 'closed' | 'crowded' | 'draw' | 'early' | 'line' | 'outside'

export function roomOf({ place, refused, draw, queue }: QueueView): Room {
  switch (place) {
    case 'joining':
      return 'finding'
    case 'refused':
      if (refused?.code === 'too_many_places') return 'crowded'
      return refused?.from === undefined ? 'closed' : 'planned'
    case 'waiting':
      if (draw === 'to_come') return 'draw'
      return queue === 'pre_queue' || queue === 'scheduled' ? 'early' : 'line'
    case 'none':
    case 'ended':
    case 'admitted':
      return 'outside'
    default:
      return place satisfies never
  }
}

/** What there is to say of a line in which one has a place; undefined where it simply moves. */
export function stateWords({ queue, soldOut, slower, draw }: QueueView): string | undefined {
  switch (queue) {
    case 'paused':
      return 'The line is paused. Nobody is let in for now, and nobody loses their place.'
    case 'recovering':
      return 'The line is being restored after a fault. Your place is safe.'
    case 'scheduled':
    case 'pre_queue':
      return draw === 'drawn' ? 'The draw is done: this is your place in the line.' : undefined
    default:
      if (soldOut)
        return 'Nothing is left for now. When tickets come back, those in front are called first: stay if you like.'
      if (queue === 'closing')
        return 'The line is closing. Nobody new may join; everyone who has a place is still let in.'
      return slower === undefined ? undefined : slowerWords(slower)
  }
}

/** Why nobody new is taken, where that is for good. */
export function closedWords({ queue, soldOut }: QueueView): [title: string, text: string] {
  if (soldOut)
    return [
      'Sold out',
      'Nothing is left, and the line takes nobody new. Tickets may come back: you can look again later.',
    ]
  if (queue === 'closing')
    return ['The line is closing', 'It takes nobody new any more. Whoever has a place keeps it.']
  return [
    'The line takes nobody new',
    'The organiser has closed it to newcomers. Whoever has a place keeps it.',
  ]
}
