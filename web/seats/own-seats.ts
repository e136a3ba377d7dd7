/** What this fan already holds or has bought at the event: shown as theirs on the map, with the way back to paying. */
import { useEffect, useState } from 'preact/hooks'
import { type OwnBooking, useShop } from '../shop.ts'
import { changedSeats, type SeatFeed } from './seat-feed.ts'

export interface OwnSeats {
  seats: ReadonlySet<number>
  /** Held and not yet paid, and its seats. */
  open: OwnBooking | undefined
  held: readonly number[]
}

const NONE: OwnSeats = { seats: new Set(), open: undefined, held: [] }

export function useOwnSeats(eventId: string, feed: SeatFeed | undefined): OwnSeats {
  const shop = useShop()
  const [own, setOwn] = useState(NONE)
  const [look, setLook] = useState(0)
  useEffect(() => {
    let current = true
    // Without a session there can be no booking, and none is made to find that out.
    if (shop.onsale.token === undefined) return
    shop
      .ownBookings()
      .then(bookings => current && setOwn(ownOf(bookings, eventId)))
      // The map is as good without: its seats show as held, as they do to everybody.
      .catch(() => undefined)
    return () => {
      current = false
    }
  }, [shop, eventId, look])
  useEffect(
    () =>
      feed?.on(change => {
        const changed = changedSeats(change) ?? []
        // One of ours is free again: the hold has ended here, or in another tab.
        if (changed.some(index => own.seats.has(index) && feed.state.get(index) === 0)) setLook(n => n + 1)
      }),
    [feed, own],
  )
  return own
}

const HAVING: readonly string[] = ['in_progress', 'paying', 'confirmed']

function ownOf(bookings: readonly OwnBooking[], eventId: string): OwnSeats {
  const here = bookings.filter(booking => booking.eventId === eventId && HAVING.includes(booking.status))
  const open = here.find(({ status }) => status !== 'confirmed')
  return { seats: new Set(here.flatMap(seatsOf)), open, held: open === undefined ? [] : seatsOf(open) }
}

function seatsOf({ tickets }: OwnBooking): number[] {
  return tickets.filter(({ state }) => state !== 'returned').map(({ ticketId }) => seatIndex(ticketId))
}

/** A ticket's id ends with its seat's index in the map. */
export function seatIndex(ticketId: string): number {
  return Number(ticketId.slice(ticketId.lastIndexOf('-') + 1))
}

export function ticketIdOf(eventId: string, index: number): string {
  return `${eventId}-${index}`
}
