/** The way back to seats that are held and not yet paid. */
import { useState } from 'preact/hooks'
import { Countdown } from '../countdown.tsx'
import type { OwnBooking } from '../shop.ts'

export function OpenBooking({ booking }: { booking: OwnBooking }) {
  const [over, setOver] = useState(false)
  if (over) return null
  const count = booking.tickets.length
  return (
    <a class="open-booking" href={`/checkout/${booking.bookingId}`}>
      <span>
        You hold {count} {count === 1 ? 'ticket' : 'tickets'} · pay now
      </span>
      <Countdown until={Date.parse(booking.expiresAt)} label="Time left to pay" ended={() => setOver(true)} />
    </a>
  )
}
