/** Outside of the line: refused, or out of it again; and how one may come back. */
import type { EndReason } from '../../client/queue.ts'
import type { Place } from './place.ts'
import { closedWords } from './room.ts'

const ENDED: Record<EndReason, [title: string, text: string]> = {
  left: ['You have left the line', 'You can join again at the end.'],
  expired: ['Your turn is over', 'The time to choose has passed. You can join again at the end of the line.'],
  purchased: ['You have your tickets', 'They are under My bookings. To buy more, join the line again.'],
  ejected: [
    'Your place was taken back',
    'The organiser has ended it. You can join again at the end of the line.',
  ],
  sold_out: [
    'Sold out',
    'Every ticket is sold, and the line has ended. Tickets whose payment fails come back: you can look again later.',
  ],
  queue_off: ['The waiting room is closed', 'Everybody may go on to the seats.'],
}

export function Outside({ place }: { place: Place }) {
  const { reason } = place.view
  const again =
    reason === 'queue_off' ? 'To the seats' : reason === 'sold_out' ? 'Look again' : 'Join the line'
  return <Card place={place} words={ENDED[reason ?? 'left']} again={again} />
}

export function Closed({ place }: { place: Place }) {
  return <Card place={place} words={closedWords(place.view)} again="Look again" />
}

/** The network has all the places that it may have. */
export function Crowded({ place }: { place: Place }) {
  const text =
    'This event takes only so many places from one network, such as a home, an office or a mobile provider. ' +
    'This page tries again every minute or two. Another network may let you in at once.'
  return <Card place={place} words={['Your network has its places', text]} again="Try again" />
}

function Card({
  place,
  words: [title, text],
  again,
}: {
  place: Place
  words: [title: string, text: string]
  again: string
}) {
  const { message } = place.view
  return (
    <div class="waiting-room">
      <div class="waiting-card">
        <div role="status" class="before" data-testid="outside">
          <h2>{title}</h2>
          <p>{text}</p>
        </div>
        {message !== undefined && message !== '' && (
          <blockquote class="operator-message">{message}</blockquote>
        )}
        <p class="actions">
          <button type="button" class="button primary" onClick={place.join}>
            {again}
          </button>
          <a class="button quiet" href="/my-bookings">
            My bookings
          </a>
        </p>
      </div>
    </div>
  )
}
