/**
 * Replays what Postgres has decided of tickets against what Redis shows, by `tickets.changed_seq`: a sale or a return whose job
 * was lost, or whose word a failover of Redis took back, is shown all the same. It only brings Redis to Postgres, and takes
 * nothing from a live hold. How far it has come stands in Redis itself: what loses the seats loses that too, and is read again.
 */
import type { BookingId, EventId } from '../../shared/ids.ts'
import { SECOND } from '../../shared/limits.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import type { Sales } from '../bookings/sales.ts'
import { show } from './show.ts'

export const REPLAY_EVERY_MS = 3 * SECOND
/** Changes in one page, and pages in one round. */
const PAGE = 1_000
const PAGES = 20
/** Read again where nobody knows how far it was. */
const FIRST = 10_000

interface Head {
  seq: number
  /** The transactions that may still commit a lower number are all below it. */
  before: string
}

interface Change {
  event: EventId
  seat: number
  seq: number
  sold: BookingId | null
}

/** One replay a process. `work` answers whether there is more at once. */
export function replayRound(sales: Sales): { work: () => Promise<boolean> } {
  let head: Head | undefined
  return {
    work: async () => {
      // Numbers are drawn in one order and committed in another: up to `head` nothing can come any more once whoever ran
      // then has ended. A head is kept until that is so, or a busy house would never see one.
      head ??= await readHead(sales)
      if (!(await isSettled(sales, head))) return false
      const more = await replay(sales, head.seq)
      if (!more) head = undefined
      return more
    },
  }
}

async function readHead({ pool, step }: Sales): Promise<Head> {
  // The number first: what draws a lower one later than this is a transaction of the snapshot.
  const drawn = await step('replay.head', () =>
    pool.query<{ seq: number }>('select last_value::float8 as seq from tickets_changed'),
  )
  const running = await step('replay.head', () =>
    pool.query<{ before: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as before'),
  )
  return { seq: drawn.rows[0]?.seq ?? 0, before: running.rows[0]?.before ?? '0' }
}

async function isSettled({ pool, step }: Sales, { before }: Head): Promise<boolean> {
  const { rows } = await step('replay.head', () =>
    pool.query<{ settled: boolean }>(
      'select pg_snapshot_xmin(pg_current_snapshot())::text::numeric >= $1::numeric as settled',
      [before],
    ),
  )
  return rows[0]?.settled ?? false
}

async function replay(sales: Sales, to: number): Promise<boolean> {
  const { pool, redis, keys, step } = sales
  const known = await step('replay.from', () => redis.get(keys.replayed))
  // Postgres restored to an earlier day counts from there.
  let from = known === null || Number(known) > to ? to - FIRST : Number(known)
  for (let page = 0; page < PAGES; page++) {
    const { rows } = await step('replay.read', () => pool.query<Change>(CHANGES, [from, to, PAGE]))
    for (const [event, changes] of Map.groupBy(rows, change => change.event))
      await replayEvent(sales, event, changes)
    from = rows.length < PAGE ? to : (rows.at(-1)?.seq ?? to)
    await step('replay.keep', () => redis.set(keys.replayed, from))
    if (from === to) return false
  }
  return true
}

const CHANGES = `
  select event_id as event, seat_index as seat, changed_seq::float8 as seq, booking_id as sold
  from tickets where changed_seq > $1 and changed_seq <= $2 order by changed_seq limit $3`

async function replayEvent(sales: Sales, event: EventId, changes: Change[]): Promise<void> {
  const { redis, keys, step, log } = sales
  const { state } = keys.seats(event)
  const shown = await step('replay.look', () => {
    const asked = redis.pipeline()
    for (const { seat } of changes) asked.bitfield(state, 'GET', 'u2', `#${seat}`)
    return asked.exec()
  })
  const wrong = changes.filter(({ sold }, at) => {
    const [error, bits] = shown?.[at] ?? []
    if (error) throw error
    const isSold = Number((bits as number[] | undefined)?.[0]) === STATUS.sold
    return isSold !== (sold !== null)
  })
  if (wrong.length === 0) return
  log.info({ event, seats: wrong.length }, 'seats are shown again as Postgres has them')
  for (const [sold, some] of Map.groupBy(wrong, change => change.sold))
    await show(
      sales,
      event,
      some.map(({ seat }) => seat),
      sold ?? undefined,
    )
}
