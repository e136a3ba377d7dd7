/**
 * What must follow a fact is written in the fact's own transaction, as plain rows; the pump moves them to the job
 * queue in batches. Adding jobs in the fact's transaction would serialise all commits on pg_notify.
 */
import type { BookingId, EventId } from '../../shared/ids.ts'
import { type Pool, type Queryable, transaction } from '../../shared/postgres.ts'

/** Jobs by kind, with what each needs to know. All may run twice, late, or beside each other. */
export interface Jobs {
  /** Show a sale on every map, and give the buyer's slot back. */
  sold: { bookingId: BookingId }
  /** Show seats as Postgres has them, and the event's newest epoch. */
  show: { eventId: EventId; seats: number[] }
  /** Free what the booking still holds. */
  release: { bookingId: BookingId }
  capture: { paymentId: string }
  /** The fan's money goes back: it bought nothing. */
  give_back: { paymentId: string }
  refund: { refundId: string }
  /** Write to the buyer: the tickets, or what was returned. */
  mail: { bookingId: BookingId; refundId?: string }
  /** Make the payment of a closing booking end, one way or the other. */
  close: { bookingId: BookingId }
  /** Ask Stripe about a payment, and act on what it says. */
  reconcile: { paymentId: string }
  /** Deal with a stored event of Stripe's. */
  inbox: { stripeEventId: string }
}

export type JobKind = keyof Jobs
export type OutboxRow = { [Kind in JobKind]: { kind: Kind } & Jobs[Kind] }[JobKind]

export async function addToOutbox(db: Queryable, rows: OutboxRow[]): Promise<void> {
  if (rows.length === 0) return
  const payloads = rows.map(({ kind: _, ...payload }) => JSON.stringify(payload))
  await db.query(
    'insert into outbox (kind, payload) select * from unnest($1::text[], $2::text[]::jsonb[]) as row',
    [rows.map(({ kind }) => kind), payloads],
  )
}

/** Between two rounds of the pump. */
export const PUMP_EVERY_MS = 50
/** Rows of one round: some 10 ms of Postgres. */
export const PUMP_BATCH = 500

/**
 * Moves the oldest rows to the job queue in one transaction, so none is lost or moved twice; but for words of Stripe's whose payment
 * was written meanwhile by whoever heard the same as the answer to a call, which need no job. Answers how many it took.
 */
export async function pump(pool: Pool): Promise<number> {
  return transaction(pool, async client => {
    const { rows } = await client.query<{ moved: number }>(PUMP, [PUMP_BATCH])
    return rows[0]?.moved ?? 0
  })
}

/** What a fan waits for goes before what only has to be done: money that is taken or goes back. */
const BEHIND = `case when kind in ('capture', 'give_back', 'refund', 'close', 'mail') then 10 end`

const PUMP = `
  with moved as (
    delete from outbox where id in (select id from outbox order by id limit $1 for update skip locked)
    returning id, kind, payload
  ), written as (
    update inbox as word set done_at = now()
    from moved, payments as p
    where moved.kind = 'inbox' and word.stripe_event_id = moved.payload->>'stripeEventId' and word.done_at is null
      and p.pi_id = word.object_id and p.returned_for is null
      and p.amount = (word.payload->'intent'->>'amount')::bigint
      and lower(p.currency) = word.payload->'intent'->>'currency'
      and case word.type
        when 'payment_intent.amount_capturable_updated' then p.status in ('authorized', 'captured')
        when 'payment_intent.succeeded'
          then p.status = 'captured' and p.captured = (word.payload->'intent'->>'amountReceived')::bigint
      end
    returning moved.id
  ), specs as (
    select array_agg(
      row(kind, payload::json, null, null, null, null, ${BEHIND}, null)::graphile_worker.job_spec order by id)
      as list
    from moved where id not in (select id from written) having count(*) > 0
  ), added as (
    select from specs, graphile_worker.add_jobs(specs.list)
  )
  select (select count(*)::int from moved) as moved, (select count(*) from added) as added`
