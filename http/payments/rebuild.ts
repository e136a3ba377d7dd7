/**
 * Makes a sale again that Postgres has lost, as after a restore from an older dump: what was sold to whom stands in the
 * PaymentIntent's metadata. It comes back as an expired booking with money, and is settled like other late money: the seats
 * are sold if nobody has them, else the money goes back. Asked for by an operator alone.
 */

import { z } from 'zod'
import { writeAudit } from '../../shared/audit-log.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { type EventId, UUID } from '../../shared/ids.ts'
import { transaction } from '../../shared/postgres.ts'
import { type Priced, totalOf } from '../bookings/pricing.ts'
import type { Sales } from '../bookings/sales.ts'
import { itemsIn } from './sale-metadata.ts'
import { type Settled, settle } from './settle.ts'
import type { Intent } from './stripe.ts'

export type Rebuilt =
  | { ok: true; bookingId: string; outcome: Settled }
  /** Stripe cannot be asked now. */
  | { ok: false; reason: 'away' }
  /** In words, for the operator. */
  | { ok: false; reason: 'not_possible'; why: string }

const uuid = z.string().regex(UUID)
const Sale = z.object({ bookingId: uuid, paymentId: uuid, visitorId: uuid, eventId: z.string().min(1) })

export async function rebuildSale(sales: Sales, intentId: string, actor: string): Promise<Rebuilt> {
  const { stripe, step, config, events } = sales
  const seen = await step('rebuild.look', () => stripe.retrieve(intentId))
  if (!seen.ok && seen.reason === 'refused') return impossible('Stripe knows no such PaymentIntent')
  if (!seen.ok) return { ok: false, reason: 'away' }
  const intent = seen.value
  const { onsale, ...metadata } = intent.metadata
  if (onsale !== config.INSTANCE) return impossible('it is no payment of this installation')
  if (intent.status !== 'requires_capture' && intent.status !== 'succeeded')
    return impossible(`it holds no money: it is ${intent.status}`)
  const sale = Sale.safeParse(metadata)
  const items = itemsIn(metadata)
  if (!sale.success || items === undefined) return impossible('its metadata does not say the whole sale')
  if (totalOf(items) !== intent.amount) return impossible('its metadata is of another amount')
  const event = await step('event.read', () => events.find(sale.data.eventId as EventId))
  if (event === undefined) return impossible(`there is no event ${sale.data.eventId}`)
  if (items.some(({ index }) => event.plan.at(index) === undefined))
    return impossible('the event has other seats by now')
  await write(sales, { ...sale.data, intent, items, event, actor })
  return { ok: true, bookingId: sale.data.bookingId, outcome: await settle(sales, intent) }
}

function impossible(why: string): Rebuilt {
  return { ok: false, reason: 'not_possible', why }
}

interface Lost extends z.infer<typeof Sale> {
  intent: Intent
  items: Priced[]
  event: EventRecord
  actor: string
}

/** What of it is there stays as it is: a sale that is known is only settled. */
async function write({ pool, step }: Sales, lost: Lost): Promise<void> {
  const { bookingId, paymentId, visitorId, intent, items, event, actor } = lost
  await step('rebuild.write', () =>
    transaction(pool, async client => {
      const { rowCount: made } = await client.query(
        `insert into bookings (id, event_id, visitor_id, status, reason, seats, total, currency, generation, expires_at)
         select $1, id, $3, 'expired', 'hold_ended', $4::int[], $5, $6, generation, now() from events where id = $2
         on conflict (id) do nothing`,
        [
          bookingId,
          event.eventId,
          visitorId,
          items.map(({ index }) => index),
          intent.amount,
          intent.currency.toUpperCase(),
        ],
      )
      if (made === 1) {
        await client.query(
          `insert into booking_items (booking_id, event_id, seat_index, ticket_type, price, fee, discount)
           select $1, $2, item.* from unnest($3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) as item`,
          [
            bookingId,
            event.eventId,
            items.map(({ index }) => index),
            items.map(({ ticketType }) => ticketType),
            items.map(({ price }) => price),
            items.map(({ fee }) => fee),
            items.map(({ discount }) => discount),
          ],
        )
      }
      await client.query(
        `insert into payments (id, booking_id, pi_id, params, capture_method, status, amount, currency)
         select $1, $2, $3, '{}', 'manual', 'open', $4, $5
         where not exists (select from payments where pi_id = $3) on conflict (id) do nothing`,
        [paymentId, bookingId, intent.id, intent.amount, intent.currency.toUpperCase()],
      )
      await writeAudit(client, actor, 'payment.rebuild', event.eventId, {
        bookingId,
        paymentIntent: intent.id,
        made: made === 1,
      })
    }),
  )
}
