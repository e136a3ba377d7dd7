/** What a buyer is written: the tickets, and what came back. Each once, by a job that may run twice, late, or beside another. */

import encodeQR from 'qr'
import type { EventRecord } from '../../shared/event-store.ts'
import type { Queryable } from '../../shared/postgres.ts'
import { type Booking, findBooking, itemsOf } from '../bookings/booking-store.ts'
import { type PlaceView, placeOf } from '../bookings/place-view.ts'
import { eventOf, type Sales } from '../bookings/sales.ts'
import { spokenTime } from '../events/venue-time.ts'
import type { Jobs } from '../payments/outbox.ts'
import { findRefund } from '../payments/refund-store.ts'
import type { Mail } from './mailer.ts'
import { receiptOf } from './receipt.ts'
import { spokenMoney } from './spoken-money.ts'
import { issuedOf } from './ticket-store.ts'
import { viewOfIssued } from './tickets-view.ts'

/** Pixels a module of the code: a phone reads it off another phone's screen. */
const QR_SCALE = 5

export async function sendMail(sales: Sales, { bookingId, refundId }: Jobs['mail']): Promise<void> {
  const { pool, mailer, log } = sales
  if (mailer === undefined) return
  const id = refundId === undefined ? `tickets-${bookingId}` : `return-${refundId}`
  if (await wasSent(pool, id)) return
  const booking = await findBooking(pool, bookingId)
  if (booking === undefined) return
  const to = await addressOf(pool, booking)
  // Erased since.
  if (to === undefined) return
  const words =
    refundId === undefined ? await ticketsMail(sales, booking) : await returnMail(sales, booking, refundId)
  if (words === undefined) return
  const sent = await mailer.send({ ...words, id, to })
  // No address: a log is no place for people.
  if (sent === 'refused') log.warn({ booking: bookingId, mail: id }, 'a mail server refused a mail for good')
  await pool.query(
    'insert into sent_mails (id, booking_id, fault) values ($1, $2, $3) on conflict (id) do nothing',
    [id, bookingId, sent === 'refused' ? 'refused' : null],
  )
}

async function wasSent(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query('select from sent_mails where id = $1', [id])
  return rowCount === 1
}

async function addressOf(
  db: Queryable,
  { personId }: Booking,
): Promise<{ name: string; address: string } | undefined> {
  const { rows } = await db.query<{ name: string | null; email: string | null }>(
    'select name, email from people where id = $1',
    [personId],
  )
  const { name, email } = rows[0] ?? {}
  return email ? { name: name ?? '', address: email } : undefined
}

async function ticketsMail(sales: Sales, booking: Booking): Promise<Omit<Mail, 'id' | 'to'> | undefined> {
  const issued = await issuedOf(sales.pool, booking.id)
  // Returned before they were sent.
  if (issued.length === 0) return undefined
  const view = await viewOfIssued(sales, booking, issued)
  const event = await eventOf(sales, booking.eventId)
  const { name } = event
  const page = new URL(`/t/${view.link}`, sales.config.HTTP_PUBLIC_URL).href
  const places = view.tickets.map(ticket => spoken(event, ticket))
  const codes = view.tickets.map(({ code, ticketId }) => ({
    cid: `${ticketId}@onsale`,
    filename: `${ticketId}.gif`,
    contentType: 'image/gif',
    content: Buffer.from(encodeQR(code, 'gif', { scale: QR_SCALE })),
  }))
  const items = (await itemsOf(sales.pool, [booking.id])).get(booking.id) ?? []
  const receipt = receiptOf(items, booking.currency)
  return {
    subject: `Your tickets: ${name}`,
    text: mailText([
      headOf(event),
      places,
      receipt.map(line => line.join(': ')),
      [`To show and to print: ${page}`, 'Who has this link has your tickets: keep it to yourself.'],
    ]),
    html: mailPage([
      ...headHtml(event),
      ...places.map(
        (place, at) =>
          `<p><strong>${escaped(place)}</strong><br><img src="cid:${codes[at]?.cid}" alt="QR code of ${escaped(place)}"></p>`,
      ),
      `<p>${receipt.map(line => escaped(line.join(': '))).join('<br>')}</p>`,
      `<p><a href="${escaped(page)}">Show and print</a>. Who has this link has your tickets: keep it to yourself.</p>`,
    ]),
    attachments: codes,
  }
}

async function returnMail(
  sales: Sales,
  booking: Booking,
  refundId: string,
): Promise<Omit<Mail, 'id' | 'to'> | undefined> {
  const refund = await findRefund(sales.pool, refundId)
  if (refund === undefined) return undefined
  const event = await eventOf(sales, booking.eventId)
  const items = (await itemsOf(sales.pool, [booking.id])).get(booking.id) ?? []
  const places = items
    .filter(({ id }) => refund.itemIds.includes(id))
    .map(({ index, ticketType }) => spoken(event, { ...placeOf(event, index), type: ticketType }))
  const money = spokenMoney(refund.amount, booking.currency)
  const told = `${money} is on its way back to the card you paid with. It takes banks five to ten days.`
  return {
    subject: `Returned: ${event.name}`,
    text: mailText([headOf(event), places, [told]]),
    html: mailPage([
      ...headHtml(event),
      ...(places.length > 0 ? [`<p>${places.map(escaped).join('<br>')}</p>`] : []),
      `<p>${escaped(told)}</p>`,
    ]),
  }
}

/** What, when and where. */
function headOf({ name, startsAt, venue }: EventRecord): [string, string, string] {
  return [name, spokenTime(startsAt, venue.timeZone), `${venue.name}, ${venue.city}`]
}

function headHtml(event: EventRecord): string[] {
  const [name, when, where] = headOf(event).map(escaped)
  return [`<h1 style="font-size:20px">${name}</h1>`, `<p>${when}<br>${where}</p>`]
}

function spoken(event: EventRecord, { section, row, seat, type }: PlaceView & { type: string }): string {
  const named = event.prices.find(({ ticketType }) => ticketType === type)?.ticketTypeName ?? type
  const parts = [section, row && `row ${row}`, seat && `seat ${seat}`, named]
  return parts.filter(part => part !== '').join(', ')
}

/** Parts of lines, an empty line between two; one of no lines is left out. */
function mailText(parts: string[][]): string {
  const told = parts.filter(lines => lines.length > 0)
  return `${told.map(lines => lines.join('\n')).join('\n\n')}\n`
}

function mailPage(parts: string[]): string {
  return `<!doctype html><html lang="en"><body style="font-family:sans-serif;color:#111">${parts.join('\n')}</body></html>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)
}
