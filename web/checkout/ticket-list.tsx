/** The tickets of a booking with their prices: what one holds, or has bought. */
import { money } from '../format/money.ts'
import { kindName, placeName } from '../seats/seat-words.ts'
import type { OwnBooking, OwnTicket, ShopEvent } from '../shop.ts'

export function TicketList({ booking, event }: { booking: OwnBooking; event: ShopEvent | undefined }) {
  const { tickets, currency, amount } = booking
  const fees = tickets.reduce((sum, { fee }) => sum + fee, 0)
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
        {fees > 0 && (
          <li>
            <span class="what soft">Fees</span>
            <span class="amount">{money(fees, currency)}</span>
          </li>
        )}
      </ul>
      <p class="total">
        <span>Total</span>
        <strong data-testid="amount">{money(amount, currency)}</strong>
      </p>
    </div>
  )
}

function detailsOf(ticket: OwnTicket, event: ShopEvent | undefined): string {
  const category = event?.categories.find(({ categoryId }) => categoryId === ticket.category)?.name
  const type =
    event?.prices.find(({ ticketType }) => ticketType === ticket.type)?.ticketTypeName ?? ticket.type
  return [category, type, kindName(ticket.kind)].filter(part => part !== undefined).join(' · ')
}
