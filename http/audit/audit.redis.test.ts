import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SeatKeys } from '../../shared/keys.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import { type Fan, type House, makeShop, type Shop, timeIsOver, until } from '../bookings/sale-fixture.ts'
import { lapse } from '../payments/lapse.ts'
import { connect } from '../payments/stripe.ts'
import { type AuditParts, audit, PATIENCE } from './audit.ts'
import { type FaultKind, KINDS } from './fault.ts'
import { repairAll } from './repair.ts'
import { stripeList } from './stripe-list.ts'

let shop: Shop
let house: House
let fan: Fan
let parts: AuditParts
beforeAll(async () => {
  shop = await makeShop()
  parts = partsOf(shop)
})
beforeEach(async () => {
  house = await shop.house()
  fan = await house.fan()
})
afterAll(() => shop.close())

function partsOf({ deps }: Shop): AuditParts {
  const client = connect(deps.config)
  return {
    ...deps,
    stripe: client && stripeList(client, deps.clock, 1_000),
    instance: deps.config.INSTANCE,
  }
}

const HASTY = { ...PATIENCE, pauseMs: 0 }
const NONE = { jobSeconds: 0, stripeSeconds: 0 }

async function found(patience = {}): Promise<[FaultKind, string][]> {
  const { faults, notes } = await audit(parts, { ...HASTY, ...patience })
  return [...faults, ...notes].map(({ kind, place }) => [kind, place])
}

/** Repairs what is found, lets the jobs run, and answers what is left. */
async function repaired(patience = {}): Promise<[FaultKind, string][]> {
  const { faults, notes } = await audit(parts, { ...HASTY, ...patience })
  const done = await repairAll(parts, [...faults, ...notes])
  expect(done.filter(one => !one.done)).toEqual([])
  await shop.work()
  return found(patience)
}

const sql = (text: string, ...values: unknown[]) => shop.deps.pool.query(text, values)

async function sold(...seats: number[]): Promise<string> {
  const booking = await fan.held(...seats)
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  await shop.work()
  await until('captured', () => shop.atStripe(booking)?.status === 'succeeded')
  await until('the payment is written', async () => {
    await shop.work()
    const { rows } = await sql('select status from payments where booking_id = $1', booking)
    return rows[0]?.status === 'captured'
  })
  return booking
}

/** Every row of a sale with the transaction that wrote it. */
async function written(): Promise<unknown[]> {
  const tables = ['bookings', 'booking_items', 'tickets', 'payments', 'refunds', 'seat_blocks', 'audit_log']
  const all = tables.map(table => `select ${table}::text as row, xmin::text from ${table}`)
  return (await sql(`${all.join(' union all ')} order by 1`)).rows
}

test('[A1] A house with holds, sales, returns, blocks and standing places in it is clean, and looking changes nothing.', async () => {
  await sold(0, 1)
  await fan.held(2)
  await fan.hold([], { areas: [{ areaId: 'floor', quantity: 3 }] })
  await sql('insert into seat_blocks (event_id, seat_index) values ($1, 5)', house.eventId)
  await shop.deps.inventory.mark(house.stock, [5], STATUS.blocked)
  const before = await written()
  expect(await found(NONE)).toEqual([])
  expect(await written()).toEqual(before)
})

describe('in Postgres', () => {
  /** [what it breaks, the break, its mending, what is named] */
  const broken: [FaultKind, string, string, RegExp][] = [
    [
      'ticket_without_item',
      `update booking_items set state = 'returned' where booking_id = $1`,
      `update booking_items set state = 'sold' where booking_id = $1`,
      /-7$/,
    ],
    [
      'item_without_ticket',
      `update tickets set status = 'available', booking_id = null where booking_id = $1::uuid`,
      `update tickets t set status = 'sold', booking_id = i.booking_id from booking_items i where i.booking_id = $1 and (i.event_id, i.seat_index) = (t.event_id, t.seat_index)`,
      /-7$/,
    ],
    [
      'booking_items',
      `update bookings set seats = '{7,8}' where id = $1`,
      `update bookings set seats = '{7}' where id = $1`,
      /.{36}/,
    ],
    [
      'total_wrong',
      `update booking_items set fee = fee + 1 where booking_id = $1`,
      `update booking_items set fee = fee - 1 where booking_id = $1`,
      /.{36}/,
    ],
    [
      'money_unbalanced',
      `update payments set captured = captured - 1 where booking_id = $1`,
      `update payments set captured = captured + 1 where booking_id = $1`,
      /.{36}/,
    ],
    [
      'tickets_without_money',
      `update payments set status = 'void' where booking_id = $1`,
      `update payments set status = 'captured' where booking_id = $1`,
      /.{36}/,
    ],
    [
      'money_without_tickets',
      `update bookings set status = 'cancelled' where id = $1`,
      `update bookings set status = 'confirmed' where id = $1`,
      /.{36}/,
    ],
    [
      'amount_wrong',
      `update payments set currency = 'USD' where booking_id = $1`,
      `update payments set currency = 'EUR' where booking_id = $1`,
      /.{36}/,
    ],
  ]
  test.for(broken)(
    '[A2] Postgres out of step with itself is named: %s.',
    async ([kind, broke, mend, place]) => {
      const booking = await sold(7)
      await sql(broke, booking)
      const faults = await found()
      await sql(mend, booking)
      expect(faults).toContainEqual([kind, expect.stringMatching(place)])
      expect(await found()).toEqual([])
    },
  )

  test('[A3] A ticket in two bookings is named, and so is the index that would have refused it.', async () => {
    const booking = await sold(3)
    await sql('drop index booking_items_sold_once')
    await sql(
      `insert into bookings (id, event_id, visitor_id, status, seats, total, currency, generation, expires_at)
       select gen_random_uuid(), event_id, gen_random_uuid(), 'confirmed', seats, 0, currency, generation, now() from bookings where id = $1`,
      booking,
    )
    await sql(
      `insert into booking_items (booking_id, event_id, seat_index, ticket_type, price, fee, state)
       select id, event_id, 3, 'adult', 0, 0, 'sold' from bookings where event_id = $1 and total = 0`,
      house.eventId,
    )
    const faults = await found()
    await sql(
      'delete from booking_items i using bookings b where b.id = i.booking_id and b.event_id = $1 and b.total = 0',
      house.eventId,
    )
    await sql('delete from bookings where event_id = $1 and total = 0', house.eventId)
    await sql(
      `create unique index booking_items_sold_once on booking_items (event_id, seat_index) where state = 'sold'`,
    )
    expect(faults).toContainEqual(['sold_twice', `${house.eventId}-3`])
    expect(faults).toContainEqual(['guard_missing', 'booking_items_sold_once'])
    expect(await found()).toEqual([])
  })
})

describe('in Redis', () => {
  test('[A4] A seat that Redis shows otherwise than Postgres has it is named, and shown right by a repair: sold, blocked, or free.', async () => {
    const { inventory } = shop.deps
    await sold(0)
    await sql('insert into seat_blocks (event_id, seat_index) values ($1, 1)', house.eventId)
    await inventory.mark(house.stock, [0, 1], STATUS.available)
    await inventory.mark(house.stock, [2, 41], STATUS.sold)
    expect((await found()).toSorted()).toEqual(
      [0, 1, 2, 41].map(seat => ['seat_wrong', `${house.eventId}-${seat}`]).toSorted(),
    )
    expect(await repaired()).toEqual([])
    const shown = [await house.shown(0), await house.shown(1), await house.shown(2)]
    expect(shown).toEqual(['sold', 'blocked', 'available'])
  })

  test('[A5] A hold without a live booking is named and released; one that is being taken is not.', async () => {
    const { inventory, redis, keys, chance } = shop.deps
    const taker = (booking: string) => ({ booking: booking as never, activeMember: Buffer.from('') })
    const [orphan, fresh] = [chance.uuid(), chance.uuid()]
    await inventory.take(
      house.stock,
      taker(orphan),
      { seats: [4, 5], areas: [{ area: 0, quantity: 2 }] },
      600_000,
    )
    await inventory.take(house.stock, taker(fresh), { seats: [6], areas: [] }, 10_000)
    expect(await found()).toEqual([['hold_orphaned', orphan]])
    expect(await repaired()).toEqual([])
    expect([await house.shown(4), await house.shown(6)]).toEqual(['available', 'held'])
    expect(await redis.llen(keys.seats(house.eventId).freeUnits(0))).toBe(10)
  })

  test('[A6] A booking being paid that lost its hold is named; one that never got its hold is only noted.', async () => {
    const [paying, never] = [await fan.held(8), await fan.held(9)]
    await fan.pay(paying, 'pm_card_chargeDeclined')
    for (const id of [paying, never]) await shop.deps.inventory.release(house.stock, id)
    const { faults, notes } = await audit(parts, HASTY)
    expect(faults.map(({ kind, place }) => [kind, place])).toEqual([['hold_missing', paying]])
    expect(notes.map(({ kind, place }) => [kind, place])).toEqual([['never_held', never]])
    for (const id of [paying, never]) await fan.cancel(id)
    await shop.work()
    expect(await found()).toEqual([])
  })

  test('[A7] Torn holds, forgotten bits, keys of nobody and ended holds nobody swept are named, and put right.', async () => {
    const { redis, keys } = shop.deps
    const of = keys.seats(house.eventId)
    const [noEnd, noParts, unswept] = [await fan.held(0), await fan.held(1), await fan.held(2)]
    for (const id of [noEnd, noParts, unswept])
      await sql(`update bookings set status = 'cancelled' where id = $1`, id)
    await redis.zrem(of.expiries, noEnd)
    await redis.del(of.hold(noParts), of.seat(1))
    await redis.zadd(of.expiries, 1, unswept)
    await redis.bitfield(of.state, 'SET', 'u2', '#10', 1)
    await redis.hincrby(of.meta, 'free', -1)
    await redis.set(of.seat(11), noEnd, 'PX', 60_000)
    const faults = await found()
    for (const fault of [
      ['hold_torn', noEnd],
      ['hold_torn', noParts],
      ['hold_unswept', unswept],
      ['seat_held_by_nobody', `${house.eventId}-1`],
      ['seat_held_by_nobody', `${house.eventId}-10`],
      ['key_not_shown', `${house.eventId}-11`],
    ])
      expect(faults).toContainEqual(fault)
    await repaired()
    await redis.del(of.seat(11))
    expect(await repaired()).toEqual([])
    const shown = await Promise.all([0, 1, 2, 10, 11].map(seat => house.shown(seat)))
    expect(shown).toEqual(Array(5).fill('available'))
  })

  test('[A8] Wrong counts, free lists and lives are named, and brought back from Postgres.', async () => {
    const { redis, keys } = shop.deps
    await fan.held(0)
    const of = keys.seats(house.eventId)
    await redis.hset(of.meta, 'free', 3)
    expect(await found()).toEqual([['free_wrong', house.eventId]])
    expect(await repaired()).toEqual([])
    await redis.rpop(of.freeUnits(0))
    expect(await found()).toEqual([['units_wrong', `${house.eventId} area 0`]])
    expect(await repaired()).toEqual([])
    await redis.hset(of.meta, 'generation', 77)
    expect(await found()).toEqual([['generation_wrong', house.eventId]])
    expect(await repaired()).toEqual([])
    await redis.del(of.meta)
    expect(await found()).toEqual([['not_in_redis', house.eventId]])
    expect(await repaired()).toEqual([])
    expect(await house.shown(0)).toBe('held')
  })
})

describe('at Stripe', () => {
  test('[A9] What Stripe has of ours and Postgres does not, or has otherwise, is named; what is another installation’s is not.', async () => {
    const booking = await sold(0)
    const client = connect(shop.deps.config)
    if (client === undefined) throw new Error('no Stripe')
    const make = (onsale: string) =>
      client.paymentIntents.create({
        amount: 100,
        currency: 'eur',
        metadata: { onsale, paymentId: shop.deps.chance.uuid() },
      })
    const [ours] = [await make('shop'), await make('other')]
    expect(await found()).toEqual([['stripe_unknown', ours.id]])
    await client.paymentIntents.update(ours.id, { metadata: { onsale: 'other' } })
    const { rows } = await sql(
      `update payments set captured = 1 where booking_id = $1 returning id, pi_id`,
      booking,
    )
    const [{ id, pi_id: intent }] = rows
    expect(await found()).toContainEqual(['stripe_differs', id])
    await sql('update payments set captured = amount, pi_id = $2 where id = $1', id, 'pi_nobody')
    const faults = await found()
    expect(faults).toContainEqual(['stripe_differs', id])
    expect(faults).toContainEqual(['stripe_missing', id])
    await sql('update payments set pi_id = $2 where id = $1', id, intent)
    expect(await found()).toEqual([])
  })

  test('[A10] A refund that Stripe made twice, or that only one side knows, is named.', async () => {
    // What Stripe was told of stays there: a shop of its own.
    const other = await makeShop()
    try {
      const buyer = await (await other.house()).fan()
      const booking = await buyer.held(0, 1)
      await buyer.pay(booking)
      await other.work()
      const faults = async () =>
        (await audit(partsOf(other), HASTY)).faults.map(({ kind, place }) => [kind, place])
      await until('all is well', async () => {
        await other.work()
        return (await faults()).length === 0
      })
      const { rows } = await other.deps.pool.query<{ id: string; pi_id: string }>(
        'select id, pi_id from payments',
      )
      const [payment = { id: '', pi_id: '' }] = rows
      const client = connect(other.deps.config)
      if (client === undefined) throw new Error('no Stripe')
      other.simulator.change({ webhooks: { dropRate: 1 } })
      const metadata = { onsale: 'shop', refundId: other.deps.chance.uuid() }
      const give = () => client.refunds.create({ payment_intent: payment.pi_id, amount: 10, metadata })
      const made = [await give(), await give()]
      const found = await faults()
      expect(found).toContainEqual(['stripe_twice', metadata.refundId])
      for (const { id } of made) expect(found).toContainEqual(['stripe_unknown', id])
      const ghost = await other.deps.pool.query<{ id: string }>(
        `insert into refunds (id, payment_id, amount, reason, stripe_id, status)
         values (gen_random_uuid(), $1, 1, 'test', 're_nobody', 'succeeded') returning id`,
        [payment.id],
      )
      expect(await faults()).toContainEqual(['stripe_missing', ghost.rows[0]?.id])
    } finally {
      await other.close()
    }
  })
})

describe('what is stuck', () => {
  test('[A11] Bookings, payments, captures, returns, refunds, events, outbox rows and jobs that nobody ended in time are named.', async () => {
    const overdue = await fan.held(0)
    await timeIsOver(shop, overdue, 'hold')
    const closing = await fan.held(1)
    await fan.pay(closing, 'pm_card_chargeDeclined')
    await timeIsOver(shop, closing, 'pay')
    await lapse(shop.sales)
    await sql(
      `update bookings set status = 'in_progress', expires_at = now() - interval '1 minute' where id = $1`,
      overdue,
    )
    await timeIsOver(shop, closing, 'guard')
    await sql(
      `insert into inbox (stripe_event_id, type, object_id, payload) values ('evt_stuck', 'refund.created', 'pi_x', '{}')`,
    )
    const sale = await fan.held(2)
    await fan.pay(sale)
    const { rows } = await sql('select id from payments where booking_id = $1', sale)
    await sql(
      `insert into refunds (id, payment_id, amount, reason, status) values ('00000000-0000-4000-8000-000000000001', $1, 1, 'test', 'creating')`,
      rows[0].id,
    )
    await sql(`update payments set status = 'authorized' where id = $1`, rows[0].id)
    const faults = await found(NONE)
    for (const fault of [
      ['booking_overdue', overdue],
      ['booking_overdue', closing],
      ['capture_overdue', rows[0].id],
      ['refund_overdue', '00000000-0000-4000-8000-000000000001'],
      ['inbox_overdue', 'evt_stuck'],
      ['outbox_overdue', expect.any(String)],
    ])
      expect(faults).toContainEqual(fault)
    await sql(`delete from inbox where stripe_event_id = 'evt_stuck'`)
    await sql(`delete from refunds where payment_id = $1`, rows[0].id)
    await lapse(shop.sales)
    await until('it comes to rest', async () => (await repaired(NONE)).length === 0)
  })

  test('[A12] A repair asks for the job that was lost, tries again one that failed for good, and writes it into the audit log.', async () => {
    const sale = await fan.held(3)
    await fan.pay(sale)
    // The outbox is lost, by hand.
    await sql('delete from outbox')
    const { rows } = await sql('select id from payments where booking_id = $1', sale)
    expect(await found({ stripeSeconds: 0 })).toContainEqual(['capture_overdue', rows[0].id])
    expect(await repaired({ stripeSeconds: 0 })).toEqual([])
    await until('captured', () => shop.atStripe(sale)?.status === 'succeeded')
    await sql(
      `select graphile_worker.add_job('show', json_build_object('eventId', $1::text, 'seats', '[3]'::json))`,
      house.eventId,
    )
    await sql('update graphile_worker._private_jobs set attempts = max_attempts')
    expect(await found()).toEqual([['job_dead', expect.any(String)]])
    expect(await repaired()).toEqual([])
    const log = await sql(
      `select act, detail->>'kind' as kind from audit_log where actor = 'audit' order by id`,
    )
    expect(log.rows).toContainEqual({ act: 'audit.repair', kind: 'capture_overdue' })
    expect(log.rows).toContainEqual({ act: 'audit.repair', kind: 'job_dead' })
  })
})

test('[A13] More active than the cap ever allowed of late, and a place that admitted twice, are named.', async () => {
  const { queue, redis, keys, chance } = shop.deps
  const { eventId } = house
  await queue.configure(eventId, { state: 'open', cap: 2, rate: 1 }, 'test')
  const members = [0, 1, 2].map(() => chance.bytes(14))
  for (const member of members) await redis.zadd(keys.queue(eventId).act, Date.now() + 60_000, member)
  expect(await found()).toEqual([['over_cap', eventId]])
  await queue.configure(eventId, { cap: 3 }, 'test')
  expect(await found()).toEqual([])
  // Lowered again: whoever is in stays in.
  await queue.configure(eventId, { cap: 2 }, 'test')
  expect(await found()).toEqual([])
  await sql(
    `insert into queue_admissions (event_id, visitor_id, member, generation, score, admitted_at, until)
     select $1, gen_random_uuid(), $2, 1, 7, now(), now() + interval '1 minute' from generate_series(1, 2)`,
    eventId,
    members[0],
  )
  expect(await found()).toEqual([['admitted_twice', expect.stringContaining(eventId)]])
  await sql('delete from queue_admissions where event_id = $1', eventId)
})

test('[A23] A place in the line to pay of a booking that pays no more is named.', async () => {
  const booking = await fan.held(0)
  await sql(
    `insert into pay_queue (booking_id, payment_method, return_url) values ($1, 'pm_card_visa', 'http://127.0.0.1/')`,
    booking,
  )
  expect(await found({ stripeSeconds: 0 })).toEqual([['pay_queue_stuck', booking]])
  await sql('delete from pay_queue where booking_id = $1', booking)
  expect(await found({ stripeSeconds: 0 })).toEqual([])
})

test('[A24] Scans of what was never sold, and mails about what never was, are named.', async () => {
  const booking = await sold(0)
  await fan.held(1)
  const scan = `insert into ticket_scans (event_id, seat_index, serial, operator)
    select $1, $2, coalesce((select serial from tickets where event_id = $1 and seat_index = $2), 1) + $3::int, 'test'`
  await sql(scan, house.eventId, 0, 0)
  expect(await found()).toEqual([])
  await sql(scan, house.eventId, 0, 1)
  await sql(scan, house.eventId, 9, 0)
  await sql(`insert into sent_mails (id, booking_id) values ('return-nothing', $1)`, booking)
  expect((await found()).toSorted()).toEqual(
    [
      ['mail_unowed', 'return-nothing'],
      ['scan_unsold', `${house.eventId}-0`],
      ['scan_unsold', `${house.eventId}-9`],
    ].toSorted(),
  )
  await sql('delete from ticket_scans where event_id = $1', house.eventId)
  await sql(`delete from sent_mails where id = 'return-nothing'`)
  expect(await found()).toEqual([])
})

test('[A25] A list of what a visitor holds that is not their live bookings is named.', async () => {
  const { redis, keys, chance } = shop.deps
  const booking = await fan.held(0, 1)
  const list = keys.seats(house.eventId).visitor(fan.visitorId as Parameters<SeatKeys['visitor']>[0])
  expect(await found()).toEqual([])
  const entry = (await redis.hget(list, booking)) ?? ''
  await redis.hset(list, booking, entry.replace(/,\d+$/, ''), chance.uuid(), `${Date.now() + 600_000}:7`)
  expect(await found()).toEqual([
    ['visitor_wrong', fan.visitorId],
    ['visitor_wrong', fan.visitorId],
  ])
  await redis.del(list)
  expect(await found()).toEqual([['visitor_wrong', fan.visitorId]])
  await redis.hset(list, booking, entry)
  expect(await found()).toEqual([])
})

test('[A14] What only one of the two looks finds is a sale under way, and no fault.', async () => {
  await sold(0)
  await shop.deps.inventory.mark(house.stock, [0], STATUS.available)
  const clock = {
    ...parts.clock,
    sleep: () => shop.deps.inventory.mark(house.stock, [0], STATUS.sold),
  }
  expect((await audit({ ...parts, clock }, HASTY)).faults).toEqual([])
})

test('every kind of fault has its words', () => {
  expect(Object.values(KINDS).every(words => words.length > 20)).toBe(true)
})
