/** Issued tickets, and who was let in with them, in Postgres. */
import type { BookingId, EventId } from '../../shared/ids.ts'
import type { Client, Queryable } from '../../shared/postgres.ts'

export interface IssuedTicket {
  index: number
  ticketType: string
  serial: number
  /** When somebody was let in with it, ms. */
  admittedAt: number | null
}

/** Tickets whose money is had: none before that, and none that were returned. */
export async function issuedOf(db: Queryable, booking: BookingId): Promise<IssuedTicket[]> {
  const { rows } = await db.query<{
    seat_index: number
    ticket_type: string
    serial: number
    scanned_at: Date | null
  }>(ISSUED, [booking])
  return rows.map(row => ({
    index: row.seat_index,
    ticketType: row.ticket_type,
    serial: row.serial,
    admittedAt: row.scanned_at?.getTime() ?? null,
  }))
}

/** Nothing to pay, or captured: an authorisation may still come to nothing. */
const IS_PAID = `(b.total = 0 or exists (
  select from payments p where p.booking_id = b.id and p.status = 'captured' and p.returned_for is null))`

const ISSUED = `
  select i.seat_index, i.ticket_type, t.serial, s.scanned_at
  from bookings b
  join booking_items i on i.booking_id = b.id and i.state = 'sold'
  join tickets t on t.event_id = i.event_id and t.seat_index = i.seat_index and t.booking_id = b.id
  left join ticket_scans s on s.event_id = t.event_id and s.seat_index = t.seat_index and s.serial = t.serial
  where b.id = $1 and b.status = 'confirmed' and ${IS_PAID}
  order by i.seat_index`

export interface TicketAtDoor {
  serial: number
  sold: boolean
  paid: boolean
  disputed: boolean
  ticketType: string
}

/** Keeps it from being returned until the transaction ends. Undefined: never sold. */
export async function lockTicket(
  client: Client,
  event: EventId,
  index: number,
): Promise<TicketAtDoor | undefined> {
  const { rows } = await client.query<TicketAtDoor>(AT_DOOR, [event, index])
  return rows[0]
}

const AT_DOOR = `
  select t.serial, t.status = 'sold' as sold, coalesce(b.status = 'confirmed' and ${IS_PAID}, false) as paid,
    coalesce(b.disputed_at is not null, false) as disputed, coalesce(i.ticket_type, '') as "ticketType"
  from tickets t
  left join bookings b on b.id = t.booking_id
  left join booking_items i on i.booking_id = b.id and i.seat_index = t.seat_index
  where t.event_id = $1 and t.seat_index = $2
  for share of t`

export interface Scan {
  gate: string
  operator: string
  at: number
}

/** The first scan of this serial, and whether that is this one. */
export async function writeScan(
  client: Client,
  event: EventId,
  index: number,
  serial: number,
  by: Pick<Scan, 'gate' | 'operator'>,
): Promise<Scan & { first: boolean }> {
  const { rowCount } = await client.query(
    `insert into ticket_scans (event_id, seat_index, serial, gate, operator) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [event, index, serial, by.gate, by.operator],
  )
  const { rows } = await client.query<{ gate: string; operator: string; scanned_at: Date }>(
    'select gate, operator, scanned_at from ticket_scans where event_id = $1 and seat_index = $2 and serial = $3',
    [event, index, serial],
  )
  const { gate, operator, scanned_at } = rows[0]!
  return { gate, operator, at: scanned_at.getTime(), first: rowCount === 1 }
}

/** How many have come in, of how many sold. */
export async function admittedOf(db: Queryable, event: EventId): Promise<{ admitted: number; sold: number }> {
  const { rows } = await db.query<{ admitted: number; sold: number }>(
    `select count(s.scanned_at)::int as admitted, count(*)::int as sold
     from tickets t left join ticket_scans s using (event_id, seat_index, serial)
     where t.event_id = $1 and t.status = 'sold'`,
    [event],
  )
  return rows[0] ?? { admitted: 0, sold: 0 }
}

/** Of these tickets of a booking, or all, those somebody came in with. Until the transaction ends nobody does. */
export async function lockUsed(client: Client, booking: BookingId, items?: number[]): Promise<number[]> {
  const values = [booking, items ?? null]
  await client.query(`select ${MINE} order by t.event_id, t.seat_index for update of t`, values)
  // Behind the lock: who waited for a scan must see it.
  const { rows } = await client.query<{ seat_index: number }>(
    `select t.seat_index ${MINE} and exists (select from ticket_scans s
       where s.event_id = t.event_id and s.seat_index = t.seat_index and s.serial = t.serial)`,
    values,
  )
  return rows.map(row => row.seat_index)
}

const MINE = `
  from booking_items i join tickets t on t.event_id = i.event_id and t.seat_index = i.seat_index
  where i.booking_id = $1 and t.booking_id = $1 and i.state = 'sold' and ($2::bigint[] is null or i.id = any($2))`
