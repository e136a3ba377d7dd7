/** The tickets of a booking with their prices: what one holds, or has bought. */
import { money } from '../format/money.ts'
import { kindName, placeName } from '../seats/seat-words.ts'
import type { OwnBooking, OwnTicket, ShopEvent } from '../shop.ts'

export function TicketList({ booking, event }: { booking: OwnBooking; event: ShopEvent | undefined }) {
  const { tickets, currency, amount, bookingFee } = booking
  const discount = tickets.reduce((sum, ticket) => sum + ticket.discount, 0)
  const fees = tickets.reduce((sum, { fee }) => sum + fee, -bookingFee)
  return (
    <div class="tickets">
      <ul>
        {tickets.map(ticket => (
          <li key={ticket.ticketId} data-testid="ticket">
            <span class="what">
              <strong>{placeName(ticket)}</strong>
              <span class="soft">{detailsOf(ticket, event)}</span>
            </span>
            <span class="amount">{money(ticket.price, currency)}</span>
          </li>
        ))}
        {discount > 0 && <Line what="Discount" minor={-discount} currency={currency} />}
        {fees > 0 && <Line what="Fees" minor={fees} currency={currency} />}
        {bookingFee > 0 && <Line what="Booking fee" minor={bookingFee} currency={currency} />}
      </ul>
      <p class="total">
        <span>Total</span>
        <strong data-testid="amount">{money(amount, currency)}</strong>
      </p>
    </div>
  )
}

function Line({ what, minor, currency }: { what: string; minor: number; currency: string }) {
  return (
    <li>
      <span class="what soft">{what}</span>
      <span class="amount">{money(minor, currency)}</span>
    </li>
  )
}

function detailsOf(ticket: OwnTicket, event: ShopEvent | undefined): string {
  const category = event?.categories.find(({ categoryId }) => categoryId === ticket.category)?.name
  const type =
    event?.prices.find(({ ticketType }) => ticketType === ticket.type)?.ticketTypeName ?? ticket.type
  return [category, type, kindName(ticket.kind)].filter(part => part !== undefined).join(' · ')
}
