import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bookingId } from '../../shared/ids.ts'
import { SMALL_HOUSE_HASH, smallHouse } from '../../shared/seats/small-house.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'

let it: TestApp
beforeAll(async () => {
  it = await makeApp()
})
afterAll(() => it.close())

interface Listed {
  epoch: number
  seq: number
  tickets: { ticketId: string; status: string; kind?: string }[]
}

describe('GET /events/:eventId', () => {
  test('[F21] an event comes with its venue, performers, prices, what is free, its queue and its links', async () => {
    await it.call('GET', `/events/${it.eventId}/seats`)
    const { status, body } = await it.call('GET', `/events/${it.eventId}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      eventId: it.eventId,
      name: 'An evening',
      type: 'concert',
      status: 'onsale',
      hot: false,
      currency: 'EUR',
      venue: { venueId: 'small', city: 'Wien', timeZone: 'Europe/Vienna' },
      areas: [{ areaId: 'floor', name: 'Floor', category: 'floor', capacity: 10 }],
      maxTickets: 8,
      availability: { free: 50, total: 50 },
      queue: { state: 'off', waiting: 0, active: 0 },
      links: {
        map: `/venues/small/maps/${SMALL_HOUSE_HASH}`,
        seats: `/events/${it.eventId}/seats`,
        queue: `/events/${it.eventId}/queue`,
        bookings: `/bookings/${it.eventId}`,
        page: `http://localhost:3000/e/${it.eventId}`,
      },
    })
    expect(body['prices']).toContainEqual({
      category: 'a',
      ticketType: 'adult',
      ticketTypeName: 'Adult',
      price: 5000,
      fee: 150,
    })
    expect(body['categories']).toContainEqual({ categoryId: 'a', name: 'Front', colour: '#3355aa' })
  })

  test('[F22] an unknown event is a 404, however its id is written; an unknown include is a 400', async () => {
    for (const id of ['nothere1', 'UPPER', 'x', 'a%00b', '..%2f..', "'--", 'y'.repeat(500)]) {
      for (const path of [`/events/${id}`, `/events/${id}/seats`]) {
        const { status, body } = await it.call('GET', path)
        expect([status, body['code']], path).toEqual([404, 'event_not_found'])
      }
    }
    expect((await it.call('GET', `/events/${it.eventId}?include=everything`)).status).toBe(400)
  })

  test('[F23] an event may be kept for a second while its queue is off, and never with its tickets', async () => {
    const cached = async (path: string) => (await it.call('GET', path)).headers.get('cache-control')
    expect(await cached(`/events/${it.eventId}`)).toBe('public, max-age=1')
    expect(await cached(`/events/${it.eventId}?include=tickets`)).toBe('private, no-store')
  })

  test('[F24] include=tickets lists every seat with the price of the first ticket type, and says which are accessible', async () => {
    const { deps, eventId } = it
    const { stock } = (await deps.events.find(eventId))!
    await deps.inventory.mark(stock, [3], 2)
    const { status, body } = await it.call<Listed>('GET', `/events/${eventId}?include=tickets`)
    expect(status).toBe(200)
    expect(body.tickets).toHaveLength(40)
    const common = { section: 'Left', row: 'A', type: 'adult', category: 'a', price: 5000 }
    expect(body.tickets[0]).toEqual({
      ticketId: `${eventId}-0`,
      seat: '1',
      status: 'available',
      accessible: true,
      ...common,
    })
    expect(body.tickets[1]).toEqual({
      ticketId: `${eventId}-1`,
      seat: '2',
      status: 'available',
      companion: true,
      ...common,
    })
    expect(body.tickets[3]).toEqual({ ticketId: `${eventId}-3`, seat: '4', status: 'sold', ...common })
    expect(body.tickets[39]).toMatchObject({
      ticketId: `${eventId}-39`,
      section: 'Right',
      row: 'B',
      seat: '10',
      price: 3000,
    })
    await deps.inventory.mark(stock, [3], 0)
  })

  test('[F25] an event that is not on sale is shown, its seats are not: 409 not_on_sale says from when', async () => {
    const shown = await it.call('GET', `/events/${it.laterId}`)
    expect(shown).toMatchObject({
      status: 200,
      body: { status: 'offsale', availability: { free: null, total: 50 } },
    })
    for (const path of [`/events/${it.laterId}/seats`, `/events/${it.laterId}?include=tickets`]) {
      const { status, body } = await it.call('GET', path)
      expect([status, body['code'], body['eventStatus']]).toEqual([409, 'not_on_sale', 'offsale'])
      expect(Date.parse(String(body['onSaleAt']))).not.toBeNaN()
    }
  })

  test('[F26] free counts what can be had, half a second old at most', async () => {
    const { stock } = (await it.deps.events.find(it.eventId))!
    const booking = bookingId('0f8fad5b-d9cb-469f-a165-70867728950e')
    const taker = { booking, activeMember: Buffer.alloc(14) }
    const taken = await it.deps.inventory.take(
      stock,
      taker,
      { seats: [5], areas: [{ area: 0, quantity: 2 }] },
      60_000,
    )
    expect(taken.ok).toBe(true)
    const free = async () =>
      (await it.call<{ availability: { free: number } }>('GET', `/events/${it.eventId}`)).body.availability
        .free
    await expect.poll(free, { timeout: 5_000 }).toBe(47)
    await it.deps.inventory.release(stock, booking)
    await expect.poll(free, { timeout: 5_000 }).toBe(50)
  })
})

describe('GET /venues/:venueId/maps/:hash', () => {
  const path = `/venues/small/maps/${SMALL_HOUSE_HASH}`

  test('[F27] geometry is immutable, comes compressed as the caller takes it, and is 304 where known', async () => {
    const raw = async (encoding?: string) => {
      const response = await it.app.request(path, {
        headers: encoding ? { 'accept-encoding': encoding } : {},
      })
      return { headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
    }
    const [plain, zipped, brotli] = [await raw(), await raw('gzip'), await raw('gzip, deflate, br')]
    expect(JSON.parse(plain.bytes.toString())).toEqual(smallHouse())
    expect(gunzipSync(zipped.bytes)).toEqual(plain.bytes)
    expect(brotliDecompressSync(brotli.bytes)).toEqual(plain.bytes)
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(plain.headers.get('vary')).toMatch(/Accept-Encoding/)
    const tag = plain.headers.get('etag') ?? ''
    expect(new Set([tag, zipped.headers.get('etag'), brotli.headers.get('etag')]).size).toBe(3)
    expect((await it.call('GET', path, { headers: { 'if-none-match': `"other", W/${tag}` } })).status).toBe(
      304,
    )
  })

  test('[F28] a map that the venue does not have is a 404', async () => {
    for (const wrong of [
      `/venues/other/maps/${SMALL_HOUSE_HASH}`,
      `/venues/small/maps/${'1'.repeat(32)}`,
      '/venues/small/maps/x',
    ]) {
      const { status, body } = await it.call('GET', wrong)
      expect([status, body['code']]).toEqual([404, 'map_not_found'])
    }
  })
})
