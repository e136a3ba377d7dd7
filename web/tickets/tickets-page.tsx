/**
 * The tickets of a booking, to show at the door and to print: each with its QR code, drawn here, so that a page once open
 * needs no network. The address has the booking's id for whoever bought it in this browser, or the mailed link.
 */

import { useCallback, useEffect, useMemo, useReducer, useState } from 'preact/hooks'
import encodeQR from 'qr'
import type { Tickets } from '../../client/bookings.ts'
import { OnsaleError } from '../../client/http.ts'
import { clock, longDay } from '../format/dates.ts'
import { Loading, Problem, useTitle } from '../page-states.tsx'
import { useRoute } from '../routes.ts'
import { useShop } from '../shop.ts'

type Ticket = Tickets['tickets'][number]

/** The money is taken by a job, within a second or two. */
const AGAIN_MS = 1_500

export function TicketsPage() {
  useTitle('Tickets')
  const { link = '' } = useRoute().params
  const [attempt, again] = useReducer((n: number) => n + 1, 0)
  const retry = useCallback(() => again(undefined), [])
  const found = useTickets(link, attempt, retry)
  if (found === undefined) return <Loading what="your tickets" />
  if (found instanceof Error) return <Problem title="The tickets did not load" error={found} retry={retry} />
  const { event, tickets } = found
  const { venue } = event
  return (
    <div class="page tickets">
      <h1>{event.name}</h1>
      <p class="soft">
        {longDay(event.startsAt, venue.timeZone)}, {clock(event.startsAt, venue.timeZone)} · {venue.name},{' '}
        {venue.city}
      </p>
      <p class="actions no-print">
        <button type="button" class="button" onClick={() => print()}>
          Print
        </button>
      </p>
      <ol class="ticket-codes">
        {tickets.map(ticket => (
          <TicketCode key={ticket.ticketId} ticket={ticket} />
        ))}
      </ol>
      <p class="soft no-print">
        Each code lets one person in, once. Who has a copy of it comes in first: keep it to yourself.
      </p>
    </div>
  )
}

function useTickets(link: string, attempt: number, retry: () => void): Tickets | Error | undefined {
  const shop = useShop()
  const [found, setFound] = useState<Tickets | Error>()
  useEffect(() => {
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const { bookings } = shop.onsale
    const asked = link.includes('.')
      ? shop.ask(() => bookings.ticketsByLink(link))
      : shop.asVisitor(() => bookings.tickets(link))
    asked
      .then(tickets => current && setFound(tickets))
      .catch((error: unknown) => {
        if (!current) return
        const soon =
          error instanceof OnsaleError && error.code === 'tickets_not_ready' && error.retryAfter !== undefined
        if (soon) timer = setTimeout(retry, AGAIN_MS)
        else setFound(error instanceof Error ? error : new Error(String(error)))
      })
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [shop, link, attempt, retry])
  return found
}

function TicketCode({ ticket }: { ticket: Ticket }) {
  const { code, ticketId, section, row, seat, kind, type, serial, admittedAt } = ticket
  const picture = useMemo(
    () => `data:image/svg+xml;utf8,${encodeURIComponent(encodeQR(code, 'svg'))}`,
    [code],
  )
  const place = [row && `Row ${row}`, seat && `Seat ${seat}`].filter(Boolean).join(', ')
  return (
    <li class="ticket-code" data-testid="ticket-code" data-code={code}>
      <img src={picture} alt={`QR code of ${section} ${place}`} width="240" height="240" />
      <div>
        <strong>{section}</strong>
        {place !== '' && <span>{place}</span>}
        <span class="soft">
          {type}
          {kind === 'accessible' && ' · accessible'}
          {kind === 'companion' && ' · companion'}
        </span>
        <span class="soft">
          {ticketId} · no. {serial}
        </span>
        {admittedAt !== undefined && <span class="badge">Used {clock(admittedAt, zoneHere())}</span>}
      </div>
    </li>
  )
}

function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}
