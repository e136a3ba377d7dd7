import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { STATUS } from '../../shared/seats/inventory.ts'
import { hold } from './hold.ts'
import { HoldBody } from './order.ts'
import { type Fan, FRONT, type House, makeShop, type Shop, salesOf } from './sale-fixture.ts'

let shop: Shop
beforeAll(async () => {
  shop = await makeShop()
})
afterEach(async () => expect(await shop.audit()).toEqual([]))
afterAll(() => shop.close())

const best = (fan: Fan, bestAvailable: object, headers = {}) => fan.hold([], { bestAvailable }, headers)
const indices = (tickets: { ticketId: string }[]) =>
  tickets.map(({ ticketId }) => Number(ticketId.split('-')[1]))
const span = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

describe('The best seats are held with one call, by how many and of which kind.', () => {
  test('[B36] side by side, as bookings are', async () => {
    const house = await shop.house()
    const { status, body } = await best(await house.fan(), { quantity: 3 })
    expect([status, body.status, body.tickets]).toMatchObject([201, 'in_progress', { length: 3 }])
    const [first = -1, second, third] = indices(body.tickets)
    expect([second, third]).toEqual([first + 1, first + 2])
    expect(await house.shown(first)).toBe('held')
  })
  test('[B36] `number` is `quantity`; categories, sections, price and type are kept to', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const front = await best(fan, { number: 2, categories: ['Front'], sections: ['right'] })
    expect(indices(front.body.tickets).every(index => index >= 20 && index < 30)).toBe(true)
    expect(front.body.amount).toBe(2 * FRONT)
    const cheap = await best(fan, { quantity: 2, maxPrice: 3_150 })
    expect(cheap.body.tickets.map(({ category }) => category)).toEqual(['b', 'b'])
    const reduced = await best(fan, { quantity: 1, categories: ['a'], ticketType: 'reduced' })
    expect([reduced.body.tickets[0]?.type, reduced.body.amount]).toEqual(['reduced', 2_650])
  })
  test('[B36] wheelchairs with who comes along, and standing places where the wish means those', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const chair = await best(fan, { quantity: 2, accessible: true })
    expect(chair.body.tickets.map(({ kind }) => kind)).toEqual(['accessible', 'companion'])
    const floor = await best(fan, { quantity: 2, categories: ['Standing'] })
    expect(floor.body.tickets.map(({ kind }) => kind)).toEqual(['standing', 'standing'])
  })
  test('[B36] once under a key', async () => {
    const house = await shop.house()
    const fan = await house.fan()
    const key = { 'idempotency-key': 'best' }
    const [first, again] = [await best(fan, { quantity: 2 }, key), await best(fan, { quantity: 2 }, key)]
    expect(again.body.bookingId).toBe(first.body.bookingId)
    expect((await best(fan, { quantity: 3 }, key)).body.code).toBe('idempotency_conflict')
  })
})

test.for([
  ['bestAvailable.quantity', {}],
  ['bestAvailable.quantity', { quantity: 0 }],
  ['bestAvailable.quantity', { quantity: 2, number: 2 }],
  ['bestAvailable.categories[0]', { quantity: 2, categories: ['gold'] }],
  ['bestAvailable.sections[1]', { quantity: 2, sections: ['left', 'upper'] }],
  ['bestAvailable.accessible', { quantity: 2, accessible: 3 }],
  ['bestAvailable.ticketType', { quantity: 2, ticketType: 'vip' }],
  ['bestAvailable.maxPrice', { quantity: 2, maxPrice: -1 }],
] as const)('[B37] A wish that makes no sense is 400 and names the field: %s.', async ([field, asked]) => {
  const { token } = await shop.session()
  const body = { bestAvailable: asked }
  const { status, body: told } = await shop.call('POST', '/bookings/evening01', { token, body })
  expect([status, told['errors']]).toMatchObject([400, [{ field }]])
})

test('[B37] Seats and the best at once are 400, more than a booking may hold 422.', async () => {
  const house = await shop.house()
  const fan = await house.fan()
  const both = await fan.hold([1], { bestAvailable: { quantity: 1 } })
  expect([both.status, both.body['errors']]).toMatchObject([400, [{ field: 'bestAvailable' }]])
  expect((await best(fan, { quantity: 9 })).body.code).toBe('limit_exceeded')
})

describe('Where nothing fits, the answer says so, and what would.', () => {
  const sold = async (house: House, free: number[]) =>
    shop.deps.inventory.mark(
      house.stock,
      span(0, 40).filter(index => !free.includes(index)),
      STATUS.sold,
    )

  test('[B38] enough, but not together', async () => {
    const house = await shop.house()
    await sold(house, [3, 5, 12, 38])
    const fan = await house.fan()
    const { status, body } = await best(fan, { quantity: 3 })
    expect([status, body.code, body['left']]).toEqual([409, 'not_enough_together', 4])
    const alternative = body['alternative'] as { ticketIds: string[]; amount: number }
    expect(alternative).toMatchObject({
      without: ['together'],
      quantity: 3,
      together: 'apart',
      currency: 'EUR',
    })
    const held = await fan.hold([], { ticketIds: alternative.ticketIds })
    expect([held.status, held.body.amount]).toEqual([201, alternative.amount])
    const apart = await best(await house.fan(), { quantity: 1, together: false })
    expect(apart.status).toBe(201)
  })
  test('[B38] not enough of them, but elsewhere, or fewer', async () => {
    const house = await shop.house()
    await sold(house, [12, 13, 14, 15, 33])
    const fan = await house.fan()
    const front = await best(fan, { quantity: 2, categories: ['a'] })
    expect([front.status, front.body]).toMatchObject([
      409,
      { code: 'sold_out', left: 0, alternative: { without: ['filters'], quantity: 2, together: 'row' } },
    ])
    const six = await best(fan, { quantity: 6 })
    expect([six.body.code, six.body['alternative']]).toMatchObject([
      'sold_out',
      { without: ['quantity'], quantity: 4, ticketIds: [12, 13, 14, 15].map(house.ticket) },
    ])
  })
  test('[B38] nothing at all', async () => {
    const house = await shop.house()
    await sold(house, [])
    const { body } = await best(await house.fan(), { quantity: 2 })
    expect([body.code, body['left'], body['alternative']]).toEqual(['sold_out', 0, undefined])
  })
})

test('[B130] Who chooses while nobody else does gets the best there is, every time.', async () => {
  const house = await shop.house()
  const chosen: number[][] = []
  for (let round = 0; round < 6; round++) {
    const fan = await house.fan()
    const { body } = await best(fan, { quantity: 4 })
    chosen.push(indices(body.tickets))
    await shop.call('DELETE', `/bookings/${body.bookingId}`, { token: fan.token })
  }
  expect(chosen).toEqual(Array(6).fill([16, 17, 18, 19]))
})

test('[B39] Two hundred fans of four processes at once: as many have seats as there are, with few tries.', async () => {
  const house = await shop.house()
  const tries: number[] = []
  const processes = Array.from({ length: 4 }, () => salesOf(shop))
  const one = async (at: number) => {
    const { visitorId } = await shop.session()
    let taken = 0
    const own = processes[at % 4]!
    const counting: typeof own = {
      ...own,
      step: async (name, work) => {
        if (name === 'hold.take') taken++
        return work()
      },
    }
    const body = HoldBody.parse({ bestAvailable: { quantity: 1 } })
    const request = { visitorId, eventId: house.eventId, body, key: undefined, pass: undefined }
    const outcome = await hold(counting, request).then(
      () => 'held',
      (error: { code?: string }) => error.code,
    )
    tries.push(taken)
    return outcome
  }
  const outcomes = await Promise.all(span(0, 200).map(one))
  const told = Object.fromEntries(
    [...Map.groupBy(outcomes, outcome => outcome)].map(([outcome, all]) => [outcome, all.length]),
  )
  // All but the places for a wheelchair and a companion.
  expect(told).toEqual({ held: 38, sold_out: 162 })
  expect(Math.max(...tries)).toBeLessThanOrEqual(12)
})
