/** Refunds in Postgres: written ahead of the call that moves the money. */
import type { Client, Queryable } from '../../shared/postgres.ts'

export type RefundStatus = 'creating' | 'pending' | 'succeeded' | 'failed'

export interface Refund {
  /** The idempotency key of its first call. */
  id: string
  paymentId: string
  itemIds: number[]
  amount: number
  reason: string
  /** Stripe's id, once we know it. */
  stripeId: string | null
  status: RefundStatus
}

interface Row {
  id: string
  payment_id: string
  /** Whole numbers, which Postgres' arrays write as text. */
  item_ids: string[]
  amount: number
  reason: string
  stripe_id: string | null
  status: RefundStatus
}

const COLUMNS = 'id, payment_id, item_ids, amount, reason, stripe_id, status'

function readRow(row: Row): Refund {
  return {
    id: row.id,
    paymentId: row.payment_id,
    itemIds: row.item_ids.map(Number),
    amount: row.amount,
    reason: row.reason,
    stripeId: row.stripe_id,
    status: row.status,
  }
}

export async function insertRefund(client: Queryable, refund: Refund): Promise<void> {
  await client.query(
    `insert into refunds (id, payment_id, item_ids, amount, reason, stripe_id, status)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    [
      refund.id,
      refund.paymentId,
      refund.itemIds,
      refund.amount,
      refund.reason,
      refund.stripeId,
      refund.status,
    ],
  )
}

export async function findRefund(db: Queryable, id: string): Promise<Refund | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from refunds where id = $1`, [id])
  return rows.map(readRow)[0]
}

/** Ours by its own id, or one of Stripe's by Stripe's. */
export async function findByStripe(
  db: Queryable,
  stripeId: string,
  id: string | undefined,
): Promise<Refund | undefined> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from refunds where stripe_id = $1 or id = $2`, [
    stripeId,
    id ?? null,
  ])
  return rows.map(readRow)[0]
}

/** What of a payment has gone back or is on its way. Lock the payment first. */
export async function refundedOf(client: Client, paymentId: string): Promise<number> {
  const { rows } = await client.query<{ amount: number }>(
    `select coalesce(sum(amount), 0)::bigint as amount from refunds where payment_id = $1 and status <> 'failed'`,
    [paymentId],
  )
  return rows[0]?.amount ?? 0
}

/** A refund that succeeded may still fail; one that failed never succeeds; nothing becomes pending again. */
export async function noteRefund(
  db: Queryable,
  id: string,
  stripeId: string | null,
  status: RefundStatus,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update refunds set stripe_id = coalesce(stripe_id, $2), status = $3, changed_at = now()
     where id = $1 and (status, $3) in (('creating', 'pending'), ('creating', 'succeeded'), ('creating', 'failed'),
       ('pending', 'succeeded'), ('pending', 'failed'), ('succeeded', 'failed'))`,
    [id, stripeId, status],
  )
  return rowCount === 1
}
