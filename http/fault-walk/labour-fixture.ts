/** All that a worker does, once and to the end: what ran out of time, what nobody told us of, the line of payments, the jobs, what is old. */
import { runOnce } from 'graphile-worker'
import type { BookingId } from '../../shared/ids.ts'
import type { Sales } from '../bookings/sales.ts'
import { clear } from '../payments/clear.ts'
import { erasePeople } from '../payments/erase.ts'
import { readEventList } from '../payments/event-list.ts'
import { QUEUE_PRESET, quiet } from '../payments/job-runner.ts'
import { taskList } from '../payments/jobs.ts'
import { lapse } from '../payments/lapse.ts'
import { pump } from '../payments/outbox.ts'
import { payQueueRound } from '../payments/pay-in-turn.ts'
import { rebuildSale } from '../payments/rebuild.ts'
import { reconcile } from '../payments/reconcile.ts'
import { refundItems } from '../payments/refunds.ts'
import { replayRound } from '../payments/replay.ts'

export async function labour(sales: Sales): Promise<void> {
  const { pool, step, log } = sales
  await lapse(sales)
  const line = payQueueRound(sales)
  let moved: number
  do {
    await line.work()
    await line.idle()
    moved = await step('pump.move', () => pump(pool))
    await runOnce({
      preset: QUEUE_PRESET,
      pgPool: pool,
      taskList: taskList(sales),
      noHandleSignals: true,
      logger: quiet(log),
    })
  } while (moved > 0)
  await reconcile(sales, 0)
  await replayed(sales)
  await readEventList(sales).catch(() => undefined)
  await clear(sales)
}

/** Other lanes write to the same Postgres all the time: a round or two find them still at it. */
async function replayed(sales: Sales): Promise<void> {
  const { pool, redis, keys, clock } = sales
  const { rows } = await pool.query<{ seq: number }>('select last_value::float8 as seq from tickets_changed')
  const round = replayRound(sales)
  for (let rounds = 0; rounds < 250; rounds++) {
    await round.work()
    if (Number(await redis.get(keys.replayed)) >= (rows[0]?.seq ?? 0)) return
    await clock.sleep(10)
  }
}

/** What an operator does by hand. */
export interface Deed {
  kind: 'return' | 'erase' | 'rebuild'
  booking: string
  intent: string
}

export async function operate(sales: Sales, { kind, booking, intent }: Deed): Promise<void> {
  switch (kind) {
    case 'return':
      await refundItems(sales, booking as BookingId, 'test')
      return
    case 'erase':
      await erasePeople(sales, { bookingId: booking }, 'test')
      return
    case 'rebuild':
      await rebuildSale(sales, intent, 'test')
      return
    default:
      kind satisfies never
  }
}
