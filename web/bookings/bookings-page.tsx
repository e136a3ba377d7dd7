/** One's own bookings, newest first: what is to be paid, what is bought, what came to nothing. */
import { useCallback, useEffect, useReducer, useState } from 'preact/hooks'
import type { BookingStatus } from '../../client/bookings.ts'
import { Countdown } from '../countdown.tsx'
import { clock, longDay } from '../format/dates.ts'
import { money } from '../format/money.ts'
import { BookingsIcon } from '../icons.tsx'
import { useOnReturn } from '../on-return.ts'
import { Loading, Problem, useTitle } from '../page-states.tsx'
import { placesName } from '../seats/seat-words.ts'
import { type OwnBooking, type ShopEvent, useShop } from '../shop.ts'

export function BookingsPage() {
  useTitle('My bookings')
  const shop = useShop()
  const [bookings, setBookings] = useState<OwnBooking[] | Error>()
  const [attempt, again] = useReducer((n: number) => n + 1, 0)
  const retry = useCallback(() => again(undefined), [])
  useOnReturn(retry)
  useEffect(() => {
    let current = true
    if (shop.onsale.token === undefined) {
      setBookings([])
      return
    }
    shop
      .ownBookings()
      .then(found => current && setBookings(found))
      .catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error))
        // What is shown stays, where it was only to be shown anew.
        if (current) setBookings(now => (Array.isArray(now) ? now : failure))
      })
    return () => {
      current = false
    }
  }, [shop, attempt])
  const events = useEvents(bookings instanceof Error ? undefined : bookings)
  if (bookings === undefined) return <Loading what="your bookings" />
  if (bookings instanceof Error)
    return <Problem title="Your bookings did not load" error={bookings} retry={retry} />
  return (
    <div class="page">
      <h1>My bookings</h1>
      {bookings.length === 0 ? (
        <div class="empty">
          <BookingsIcon />
          <h2>None yet</h2>
          <p>What you hold or buy in this browser stands here.</p>
          <a class="button primary" href="/">
            Find an event
          </a>
        </div>
      ) : (
        <ul class="bookings">
          {bookings.map(booking => (
            <BookingLine
              key={booking.bookingId}
              booking={booking}
              event={events.get(booking.eventId)}
              ended={retry}
            />
          ))}
        </ul>
      )}
    </div>
  )
}

/** The events of these bookings, as they come. */
function useEvents(bookings: OwnBooking[] | undefined): ReadonlyMap<string, ShopEvent> {
  const shop = useShop()
  const [events, setEvents] = useState<ReadonlyMap<string, ShopEvent>>(new Map())
  useEffect(() => {
    let current = true
    for (const eventId of new Set(bookings?.map(booking => booking.eventId))) {
      if (events.has(eventId)) continue
      shop
        .ask(() => shop.onsale.events.get<ShopEvent>(eventId))
        .then(event => current && setEvents(known => new Map(known).set(eventId, event)))
        // The booking is shown without the event's name.
        .catch(() => undefined)
    }
    return () => {
      current = false
    }
  }, [shop, bookings])
  return events
}

const STATUS: Record<BookingStatus, [text: string, tone: string]> = {
  in_progress: ['Held', 'waiting'],
  paying: ['Payment under way', 'waiting'],
  closing: ['Being given back', ''],
  confirmed: ['Booked', 'good'],
  expired: ['Hold ended', ''],
  cancelled: ['Given back', ''],
  refunded: ['Refunded', ''],
}

function BookingLine({
  booking,
  event,
  ended,
}: {
  booking: OwnBooking
  event: ShopEvent | undefined
  ended: () => void
}) {
  const { status, reason, tickets, amount, currency, bookingId } = booking
  const open = status === 'in_progress' || status === 'paying'
  const [text, tone] =
    status === 'cancelled' && reason === 'seats_lost' ? ['Tickets lost', 'bad'] : STATUS[status]
  return (
    <li class={`booking ${open ? 'open' : ''} ${status}`} data-testid="booking" data-status={status}>
      <a href={`/checkout/${bookingId}`}>
        <span class="booking-head">
          <span class={`badge ${tone}`}>{text}</span>
          {open && <Countdown until={Date.parse(booking.expiresAt)} label="Time left to pay" ended={ended} />}
        </span>
        <strong class="name">{event?.name ?? 'Event'}</strong>
        {event !== undefined && (
          <span class="soft">
            {longDay(event.startsAt, event.venue.timeZone)}, {clock(event.startsAt, event.venue.timeZone)} ·{' '}
            {event.venue.name}, {event.venue.city}
          </span>
        )}
        <span>{placesName(tickets)}</span>
        <span class="booking-foot">
          <span class="soft">
            {tickets.length} {tickets.length === 1 ? 'ticket' : 'tickets'} · {money(amount, currency)}
          </span>
          {open && <span class="go">Continue to payment</span>}
        </span>
      </a>
      {status === 'confirmed' && (
        <a class="button small" href={`/t/${bookingId}`} data-testid="tickets-link">
          Show tickets
        </a>
      )}
    </li>
  )
}
