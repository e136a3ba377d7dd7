/**
 * Reads Stripe's own list of events for those that never came: a webhook that was down for days, or never set up. A pass goes
 * from the newest event back to where the pass before began, at first 72 hours; it is left and taken up between pages, by
 * whichever worker is next. What is found is stored as if it had come.
 */
import { type Client, transaction } from '../../shared/postgres.ts'
import type { Sales } from '../bookings/sales.ts'
import { Later } from './capture.ts'
import type { EventPage } from './stripe.ts'
import { cut, EVENT_TYPES, type StoredEvent, storeEvents } from './webhook.ts'

export const LIST_EVERY_MS = 60_000
/** Stripe delivers for three days; what it gave up on is found in any case. */
const FIRST_SECONDS = 72 * 3_600
/** Events are listed a moment after they are made: each pass looks so far behind the one before. */
const OVERLAP_SECONDS = 300
/** Pages of a hundred in one round, at most; the next round goes on. */
const PAGES = 10

interface Pass {
  floor: number
  top: number | null
  after: string | null
}

/** Answers how many events had never come. True in `more` where the pass is not at its end. */
export async function readEventList(sales: Sales): Promise<{ found: number; more: boolean }> {
  let found = 0
  for (let page = 0; page < PAGES; page++) {
    const read = await readPage(sales)
    found += read.found
    if (!read.more) return { found, more: false }
  }
  return { found, more: true }
}

async function readPage(sales: Sales): Promise<{ found: number; more: boolean }> {
  const { pool, step, stripe, clock, log } = sales
  const { rows } = await step('events.read', () =>
    pool.query<Pass>('select floor_at as floor, top_at as top, after_id as after from event_pass'),
  )
  const pass: Pass = rows[0] ?? {
    floor: Math.floor(clock.now() / 1_000) - FIRST_SECONDS,
    top: null,
    after: null,
  }
  const listed = await step('events.list', () =>
    stripe.events({ types: [...EVENT_TYPES], since: pass.floor, after: pass.after ?? undefined }),
  )
  if (!listed.ok && listed.reason === 'refused' && pass.after !== null) {
    // Where it was left is gone: the pass begins anew.
    await step('events.store', () =>
      transaction(pool, client => writePass(client, { ...pass, top: null, after: null })),
    )
    return { found: 0, more: true }
  }
  if (!listed.ok) throw new Later(`Stripe's events could not be listed: ${listed.reason}`)
  const { events, more } = listed.value
  const stored = events.map(cut).filter((event): event is StoredEvent => event !== undefined)
  const found = await step('events.store', () =>
    transaction(pool, async client => {
      await writePass(client, nextPass(pass, listed.value))
      return storeEvents(client, stored)
    }),
  )
  if (found > 0) log.warn({ found }, "events of Stripe's had not come, and were found in its list")
  return { found, more }
}

function nextPass({ floor, top, after }: Pass, { events, more }: EventPage): Pass {
  const newest = top ?? events[0]?.created ?? null
  if (more) return { floor, top: newest, after: events.at(-1)?.id ?? after }
  return {
    floor: newest === null ? floor : Math.max(floor, newest - OVERLAP_SECONDS),
    top: null,
    after: null,
  }
}

async function writePass(client: Client, { floor, top, after }: Pass): Promise<void> {
  await client.query(
    `insert into event_pass (floor_at, top_at, after_id) values ($1, $2, $3)
     on conflict (one) do update set floor_at = $1, top_at = $2, after_id = $3`,
    [floor, top, after],
  )
}
