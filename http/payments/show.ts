/**
 * Brings Redis into step with what Postgres has decided of some tickets. The rows are held while Redis is told, so a
 * late repeat of an old sale can never overwrite a newer return.
 */
import type { BookingId, EventId } from '../../shared/ids.ts'
import { transaction } from '../../shared/postgres.ts'
import { STATUS, type Status } from '../../shared/seats/inventory.ts'
import { eventOf, type Sales } from '../bookings/sales.ts'

/** `booking`: its hold ends with it. */
export async function show(
  sales: Sales,
  eventId: EventId,
  seats: number[],
  booking?: BookingId,
): Promise<void> {
  const { pool, inventory, step } = sales
  const { stock } = await eventOf(sales, eventId)
  await step('settle.show', () =>
    transaction(pool, async client => {
      const { rows } = await client.query<{ seat_index: number; status: Status }>({
        name: 'present',
        text: PRESENT,
        values: [eventId, seats],
      })
      const byStatus = Map.groupBy(rows, row => row.status)
      for (const [status, found] of byStatus) {
        const indices = found.map(row => row.seat_index)
        await inventory.mark(stock, indices, status, status === STATUS.sold ? booking : undefined)
      }
    }),
  )
}

/** Begins in Redis the epoch that Postgres has, where whoever gave the event a new house (http/admin/event-redraw.ts) died before it. */
export async function catchUp(sales: Sales, eventId: EventId): Promise<void> {
  const { pool, inventory, step } = sales
  const { stock } = await eventOf(sales, eventId)
  await step('settle.show', async () => {
    const { rows } = await pool.query<{ epoch: number; map_hash: string }>(
      'select epoch, map_hash from events where id = $1 and generation > 0',
      [eventId],
    )
    for (const { epoch, map_hash: hash } of rows) await inventory.rehouse(stock, epoch, hash)
  })
}

/** Seats nobody ever bought have no row, and nobody can have sold them meanwhile without showing it later. */
const PRESENT = `
  with present as (
    select seat_index, status from tickets where event_id = $1 and seat_index = any($2::int[])
    order by seat_index for share
  )
  select seat_index,
    case when status = 'sold' then ${STATUS.sold}
      when exists (select from seat_blocks b where b.event_id = $1 and b.seat_index = present.seat_index)
        then ${STATUS.blocked}
      else ${STATUS.available} end as status
  from present`
