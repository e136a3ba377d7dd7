import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../../dev/test-parts.ts'
import { eventId, visitorId } from '../../shared/ids.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres, isAway, type Pool } from '../../shared/postgres.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { type Booking, type Call, findByKeys } from './booking-store.ts'
import { Together } from './together.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await testDatabase()
  pool = connectPostgres(database.url, 'test', makeLog('test', 'silent'))
  await insertSmallHouse(pool, eventId('calls1'))
  await pool.query(
    `insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at, idem_key, idem_hash,
       taken_at)
     select gen_random_uuid(), 'calls1', $1, 'in_progress', array[nth], 1, 'EUR', 1, now(), 'key ' || nth, 'hash', now()
     from generate_series(0, 9) as nth`,
    [ADA],
  )
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

const ADA = visitorId(randomUUID())
const BOB = visitorId(randomUUID())

const callsOf = (db: Pool) => new Together<Call, Booking | undefined>(500, asked => findByKeys(db, asked))

/** Counts reads, and holds them back until `go`. */
function counted() {
  const reads: Promise<unknown>[] = []
  let go = () => {}
  const gate = new Promise<void>(resolve => {
    go = resolve
  })
  const query = (...args: unknown[]) => {
    const answer = gate.then(() => (pool.query as (...all: unknown[]) => Promise<unknown>)(...args))
    reads.push(answer)
    return answer
  }
  return { db: { query } as never, reads, go: () => go() }
}

test('[B98] callers at once share reads, and each is told their own booking', async () => {
  const { db, reads, go } = counted()
  const calls = callsOf(db)
  const asked = [...Array(12).keys()].flatMap(nth => [
    calls.ask({ visitorId: ADA, key: `key ${nth}` }),
    calls.ask({ visitorId: BOB, key: `key ${nth}` }),
  ])
  go()
  const seats = (await Promise.all(asked)).map(booking => booking?.seats[0])
  expect(seats).toEqual([...Array(12).keys()].flatMap(nth => [nth < 10 ? nth : undefined, undefined]))
  expect(reads).toHaveLength(1)
})

test('[B98] who asks while reads are under way is told by one that begins after', async () => {
  const { db, reads, go } = counted()
  const calls = callsOf(db)
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const first = calls.ask({ visitorId: ADA, key: 'key 1' })
  await turn()
  const second = calls.ask({ visitorId: ADA, key: 'key 2' })
  await turn()
  const late = [calls.ask({ visitorId: ADA, key: 'key 3' }), calls.ask({ visitorId: ADA, key: 'key 4' })]
  await turn()
  expect(reads).toHaveLength(1)
  // The first takes long: nobody waits for it any more.
  await expect.poll(() => reads.length).toBe(2)
  const last = calls.ask({ visitorId: ADA, key: 'key 5' })
  go()
  const told = await Promise.all([first, second, ...late, last])
  expect(told.map(booking => booking?.seats[0])).toEqual([1, 2, 3, 4, 5])
  expect(reads).toHaveLength(3)
})

test('[B98] a read that fails is told to all who shared it, and the next goes on', async () => {
  let failing = true
  const query = (...args: unknown[]) =>
    failing
      ? Promise.reject(new Error('away'))
      : (pool.query as (...all: unknown[]) => Promise<unknown>)(...args)
  const calls = callsOf({ query } as never)
  const told = await Promise.allSettled([
    calls.ask({ visitorId: ADA, key: 'key 1' }),
    calls.ask({ visitorId: BOB, key: 'key 1' }),
  ])
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  failing = false
  expect((await calls.ask({ visitorId: ADA, key: 'key 1' }))?.seats).toEqual([1])
})

test('[B98] who waits for a call that hangs is told after two seconds that Postgres is away', async () => {
  const together = new Together<number, number>(1, () => new Promise(() => undefined))
  const asked = Array.from({ length: 6 }, (_, nth) => together.ask(nth))
  const began = performance.now()
  // Four are under way, each behind the patience of the one before.
  const late = await Promise.allSettled(asked.slice(4))
  expect(late.map(one => one.status === 'rejected' && isAway(one.reason))).toEqual([true, true])
  expect(performance.now() - began).toBeGreaterThan(1_500)
  expect(together.isIdle()).toBe(false)
})
