import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ownRedis } from '../../dev/test-parts.ts'
import { TAKE_TTL_MS } from '../../shared/limits.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import { hold } from './hold.ts'
import { HoldBody } from './order.ts'
import { type House, killedAt, makeShop, type Shop, salesOf } from './sale-fixture.ts'
import type { StepName } from './steps.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => expect(await shop.audit()).toEqual([]))
afterAll(() => shop.close())

describe('a hold that fails half way', () => {
  const request = (own: House, fan: { visitorId: string }, seat: number, key?: string) => ({
    visitorId: fan.visitorId as Parameters<typeof hold>[1]['visitorId'],
    eventId: own.eventId,
    body: HoldBody.parse({ ticketIds: [own.ticket(seat)] }),
    key,
    pass: undefined,
  })

  test('[B24] Postgres knows a sold or blocked seat that Redis does not: it is refused, and shown.', async () => {
    const own = await shop.house()
    const fan = await own.fan()
    const { pool, inventory } = shop.deps
    const booking = await fan.held(0)
    await fan.pay(booking)
    await pool.query(`insert into seat_blocks (event_id, seat_index) values ($1, 1)`, [own.eventId])
    await inventory.mark(own.stock, [0], STATUS.available)
    const { status, body } = await (await own.fan()).hold([0, 1, 2])
    expect([status, body.tickets]).toEqual([409, [own.ticket(0), own.ticket(1)]])
    expect([await own.shown(0), await own.shown(1), await own.shown(2)]).toEqual([
      'sold',
      'blocked',
      'available',
    ])
  })

  test('[B25] Where the booking cannot be written the answer is 503, and the seats are free at once.', async () => {
    const own = await shop.house()
    const broken = salesOf(shop, {
      step: async (name, work) => {
        if (name === 'hold.insert') throw Object.assign(new Error('disk full'), { code: '53100' })
        return work()
      },
    })
    const fan = await own.fan()
    await expect(hold(broken, request(own, fan, 0))).rejects.toMatchObject({
      status: 503,
      code: 'unavailable',
    })
    expect(await own.shown(0)).toBe('available')
  })

  test('[B26] A hold that Redis loses before its 201 is taken again, or refused where somebody was quicker.', async () => {
    const own = await shop.house()
    const { inventory } = shop.deps
    const [ada, bob] = [await own.fan(), await own.fan()]
    const losing = (meanwhile?: () => Promise<unknown>) =>
      salesOf(shop, {
        step: async (name, work) => {
          if (name === 'hold.activate') {
            const { rows } = await shop.deps.pool.query(
              `select id from bookings where event_id = $1 and visitor_id = $2 order by created_at desc limit 1`,
              [own.eventId, ada.visitorId],
            )
            await inventory.release(own.stock, rows[0].id)
            await meanwhile?.()
          }
          return work()
        },
      })
    expect(await hold(losing(), request(own, ada, 0))).toMatchObject({ status: 'in_progress' })
    expect(await own.shown(0)).toBe('held')
    const lost = hold(
      losing(() => bob.held(1)),
      request(own, ada, 1),
    )
    await expect(lost).rejects.toMatchObject({
      code: 'hold_conflict',
      extra: { members: { tickets: [own.ticket(1)] } },
    })
    const { rows } = await shop.deps.pool.query(
      `select status, reason from bookings where event_id = $1 and visitor_id = $2 and seats = '{1}'`,
      [own.eventId, ada.visitorId],
    )
    expect(rows).toEqual([{ status: 'cancelled', reason: 'abandoned' }])
  })

  const STEPS: StepName[] = ['hold.gate', 'hold.take', 'hold.insert', 'hold.activate']
  const deaths = STEPS.flatMap(step => [[step, 'before'] as const, [step, 'after'] as const])

  test.for(deaths)(
    '[B27] A process that dies at %s (%s) keeps nobody else from the seats for more than seconds.',
    async ([step, when]) => {
      const own = await shop.house()
      const { redis, keys } = shop.deps
      const [ada, bob] = [await own.fan(), await own.fan()]
      const dying = salesOf(shop, { step: killedAt(step, when) })
      await expect(hold(dying, request(own, ada, 0, 'k'))).rejects.toThrow()
      const left = await redis.pttl(keys.seats(own.eventId).seat(0))
      const wasActive = step === 'hold.activate' && when === 'after'
      expect(left).toBeLessThanOrEqual(wasActive ? 600_000 : TAKE_TTL_MS)
      // Those seconds pass; then the same call comes again, or somebody else's.
      if (!wasActive) await secondsPass(own)
      await redis.del('-', ...(await redis.keys(`${keys.prefix}s:*:k:*`)))
      const retried = await ada.hold([0], {}, { 'idempotency-key': 'k' })
      expect([retried.status, retried.body.status]).toEqual([201, 'in_progress'])
      expect((await bob.hold([0])).status).toBe(409)
      const { rows } = await shop.deps.pool.query(
        `select 1 from bookings where event_id = $1 and status = 'in_progress' and expires_at > now()`,
        [own.eventId],
      )
      expect(rows).toHaveLength(1)
      expect((await ada.pay(retried.body.bookingId)).body.status).toBe('confirmed')
    },
  )

  async function secondsPass(own: House): Promise<void> {
    const { redis, keys, inventory } = shop.deps
    const { expiries, seat } = keys.seats(own.eventId)
    for (const booking of await redis.zrange(expiries, '0', '-1')) await redis.zadd(expiries, 1, booking)
    await redis.del(seat(0))
    await inventory.sweep(own.stock)
  }

  test('[B28] Without Redis a hold is refused with 503 and Retry-After.', async () => {
    const redis = await ownRedis()
    const alone = await makeShop({ redisUrl: redis.url })
    try {
      const fan = await (await alone.house()).fan()
      const booking = await fan.held(0)
      await redis.kill()
      const { status, body, headers } = await fan.hold([1])
      expect([status, body.code]).toEqual([503, 'unavailable'])
      expect(headers.get('retry-after')).not.toBeNull()
      // Reading still works (I7).
      expect(await fan.get(booking)).toMatchObject({ status: 'in_progress' })
    } finally {
      await alone.close()
      await redis.stop()
    }
  })
})
