/** A booking with all that is told of it, in one statement: it is what a crowd that waits to pay reads again and again. */
import type { BookingId } from '../../shared/ids.ts'
import type { Queryable } from '../../shared/postgres.ts'
import { FIRST, NUMBER_OF } from '../payments/pay-queue.ts'
import { LIVE_FIRST, type Payment } from '../payments/payment-store.ts'
import { type Booking, type BookingRow, COLUMNS, type Item, readBooking } from './booking-store.ts'

export interface Told {
  booking: Booking
  /** By seat. */
  items: Omit<Item, 'id'>[]
  /** Of one that is being paid, as is the next. */
  payment: Pick<Payment, 'declineCode' | 'nextAction'> | undefined
  /** In the line of those who pay: its place, from 1, and the number of who is first; undefined where it does not wait. */
  inLine: { place: number; first: number } | undefined
}

export async function findTold(db: Queryable, id: BookingId): Promise<Told | undefined> {
  const { rows } = await db.query<Row>({ name: 'told', text: TOLD, values: [id] })
  const [row] = rows
  if (row === undefined) return undefined
  return {
    booking: readBooking(row),
    items: row.items ?? [],
    payment: row.payment ?? undefined,
    inLine:
      row.number === null || row.first === null
        ? undefined
        : { place: row.number - row.first + 1, first: row.first },
  }
}

interface Row extends BookingRow {
  items: Told['items'] | null
  payment: NonNullable<Told['payment']> | null
  number: number | null
  first: number | null
}

const TOLD = `
  select ${COLUMNS},
    (select json_agg(json_build_object('index', seat_index, 'ticketType', ticket_type, 'price', price, 'fee', fee,
        'feeShare', fee_share, 'discount', discount, 'state', state) order by seat_index)
      from booking_items where booking_id = bookings.id) as items,
    case when status = 'paying' then (
      select json_build_object('declineCode', decline_code, 'nextAction', next_action)
      from payments where booking_id = bookings.id order by ${LIVE_FIRST} limit 1) end as payment,
    case when status = 'paying' then (${NUMBER_OF('bookings.id')}) end as number,
    case when status = 'paying' then (${FIRST}) end as first
  from bookings where id = $1`
