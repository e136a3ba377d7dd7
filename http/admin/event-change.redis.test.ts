import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeApp, type TestApp } from '../app-fixture.ts'

const file = JSON.parse(readFileSync('docs/examples/little-theatre.json', 'utf8'))

let it: TestApp
beforeAll(async () => {
  it = await makeApp()
  await it.call('POST', '/admin/events', { body: { ...file, id: 'fees' }, token: it.adminToken })
})
afterAll(() => it.close())

interface Told extends Record<string, unknown> {
  errors?: { field: string; message: string }[]
}
const change = (body: unknown) => it.call<Told>('PUT', '/admin/events/fees', { body, token: it.adminToken })
const shownFee = async () => (await it.call<{ bookingFee: object }>('GET', '/events/fees')).body.bookingFee
const quoted = async (index = 0) =>
  it.call<Told & { bookingFee: number }>('POST', '/bookings/fees/quote', {
    body: { ticketIds: [`fees-${index}`] },
  })

test('[R135] a change that was answered is shown by that process at once, whatever it had read a moment before', async () => {
  for (const amount of [100, 200, 300]) {
    // Read just before, and while the change is written.
    await shownFee()
    const [changed] = await Promise.all([change({ bookingFee: { amount } }), quoted(), shownFee()])
    expect([changed.status, changed.body['outcome']]).toEqual([200, 'changed'])
    expect([await shownFee(), (await quoted()).body.bookingFee]).toEqual([{ amount, percent: 0 }, amount])
  }
})

test('[R135] an event that somebody has looked for in vain is there as soon as it was brought', async () => {
  expect((await it.call('GET', '/events/newborn')).status).toBe(404)
  const brought = await it.call('POST', '/admin/events', {
    body: { ...file, id: 'newborn' },
    token: it.adminToken,
  })
  expect([brought.status, (await it.call('GET', '/events/newborn')).status]).toEqual([201, 200])
})

test('[R136] a change of prices that leaves a category of the house without one names prices', async () => {
  const { status, body } = await change({ prices: [{ category: 'Stalls', price: 100 }] })
  expect(status).toBe(400)
  expect(new Set(body.errors?.map(({ field }) => field))).toEqual(new Set(['prices']))
  expect(body.errors?.[0]?.message).toMatch(/has no price/)
})

test('[R137] an id in a change that is another than the path’s is a 400 that names it; the same is fine', async () => {
  const { status, body } = await change({ id: 'other', hot: true })
  expect([status, body.errors?.[0]?.field]).toEqual([400, 'id'])
  expect((await change({ id: 'fees', hot: true })).body['outcome']).toBe('changed')
})

test('[R138] a booking fee of null is none, in a file and in a change', async () => {
  await change({ bookingFee: { amount: 500 } })
  expect((await change({ bookingFee: null })).body['outcome']).toBe('changed')
  expect([await shownFee(), (await quoted()).body.bookingFee]).toEqual([{ amount: 0, percent: 0 }, 0])
  const body = { ...file, id: 'feeless', bookingFee: null }
  expect((await it.call('POST', '/admin/events', { body, token: it.adminToken })).status).toBe(201)
})

test('[R139] a discount without amount and percent is told that it needs one of them, beside its other faults', async () => {
  const { body } = await change({ discounts: [{ minTickets: 2 }] })
  expect(body.errors).toEqual([
    { field: 'discounts[0].name', message: 'is missing' },
    { field: 'discounts[0]', message: 'must have an amount or a percent, and not both' },
  ])
})

test('[R140] a seat that the house has left out is refused as one that never was: by quote, hold, addition and block', async () => {
  const { token } = await it.session()
  const held = await it.call('POST', '/bookings/fees', { token, body: { ticketIds: ['fees-5'] } })
  const sections = structuredClone(file.sections)
  const before = (await it.call<{ tickets: { ticketId: string }[] }>('GET', '/events/fees?include=tickets'))
    .body
  sections[3].rows = 'A-B'
  const smaller = await change({ sections, standing: file.standing })
  expect([smaller.status, smaller.body['outcome']]).toEqual([200, 'changed'])
  const after = (await it.call<{ tickets: { ticketId: string }[] }>('GET', '/events/fees?include=tickets'))
    .body
  const left = new Set(after.tickets.map(({ ticketId }) => ticketId))
  const gone = before.tickets.map(({ ticketId }) => ticketId).find(id => !left.has(id)) ?? ''
  for (const id of [gone, 'fees-99999']) {
    const ticketIds = ['fees-1', id]
    const refusal = { status: 404, body: { code: 'ticket_not_found', errors: [{ field: 'ticketIds[1]' }] } }
    expect(await it.call('POST', '/bookings/fees/quote', { body: { ticketIds } })).toMatchObject(refusal)
    expect(await it.call('POST', '/bookings/fees', { token, body: { ticketIds } })).toMatchObject(refusal)
    const blocks = '/admin/events/fees/blocks'
    for (const method of ['PUT', 'DELETE'])
      expect(await it.call(method, blocks, { token: it.adminToken, body: { ticketIds } })).toMatchObject(
        refusal,
      )
    const added = await it.call('PATCH', `/bookings/${held.body['bookingId']}`, {
      token,
      body: { add: { ticketIds } },
    })
    expect(added).toMatchObject({ status: 404, body: { errors: [{ field: 'add.ticketIds[1]' }] } })
  }
})
