import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventId as toEventId } from '../../shared/ids.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'
import { EVENT_FILE_SCHEMA } from './event-file.ts'

const file = JSON.parse(readFileSync('docs/examples/little-theatre.json', 'utf8'))

let it: TestApp
beforeAll(async () => {
  it = await makeApp()
})
afterAll(() => it.close())

const bring = (body: unknown, token = it.adminToken) => it.call('POST', '/admin/events', { body, token })
const change = (id: string, body: unknown) =>
  it.call('PUT', `/admin/events/${id}`, { body, token: it.adminToken })
const audited = async (id: string) => {
  const { rows } = await it.deps.pool.query(
    `select act, detail from audit_log where event_id = $1 and act like 'event.%' order by id`,
    [id],
  )
  return rows
}
const counts = async () => {
  const { rows } = await it.deps.pool.query(
    `select (select count(*) from events) as events, (select count(*) from venues) as venues,
       (select count(*) from seat_maps) as maps, (select count(*) from audit_log) as acts`,
  )
  return rows[0]
}
const epochOf = async (id: string) =>
  (await it.deps.pool.query('select epoch from events where id = $1', [id])).rows[0].epoch
const hold = async (event: string, body: object) => {
  const { token } = await it.session()
  return await it.call('POST', `/bookings/${event}`, { body, token })
}

test('[E10] a brought event is there at once: its page, its map, its seats, and search finds it', async () => {
  const brought = await bring(file)
  expect(brought).toMatchObject({
    status: 201,
    body: { eventId: 'tempest2030', outcome: 'created', status: 'onsale', seats: 252, standing: 40 },
  })
  expect(brought.body['page']).toMatch(/\/e\/tempest2030$/)
  const event = await it.call('GET', '/events/tempest2030')
  expect(event.body).toMatchObject({
    name: 'The Tempest',
    startsAt: '2030-05-14T17:30:00.000Z',
    modelled: false,
    venue: { name: 'The Little Theatre', city: 'Graz' },
    performers: [{ name: 'Demo Players of Graz', kind: 'performer' }, { kind: 'playwright' }],
    prices: [
      { category: 'balcony', ticketType: 'adult' },
      {},
      { category: 'stalls', price: 3200, fee: 150 },
      {},
      {},
    ],
    availability: { free: 292, total: 292 },
  })
  expect((await it.call('GET', String(brought.body['map']))).status).toBe(200)
  const found = await it.call<{ events: { eventId: string }[] }>('GET', '/events/search?keyword=tempest+graz')
  expect(found.body.events.map(({ eventId }) => eventId)).toEqual(['tempest2030'])
})

test('[E11] a seat and standing room of a brought event can be held, by its own ticket types', async () => {
  const held = await hold('tempest2030', {
    ticketIds: ['tempest2030-0', 'tempest2030-1'],
    areas: [{ areaId: 'gallery', quantity: 2 }],
    ticketTypes: { 'tempest2030-1': 'reduced' },
  })
  expect(held).toMatchObject({
    status: 201,
    body: { amount: 3350 + 2100 + 2 * 950, currency: 'EUR' },
  })
  expect((await hold('tempest2030', { ticketIds: ['tempest2030-0'] })).body).toMatchObject({
    code: 'hold_conflict',
  })
})

test('[E12] the same file again changes nothing, also from two at once', async () => {
  const before = await counts()
  expect(await bring(file)).toMatchObject({ status: 200, body: { outcome: 'unchanged' } })
  expect(await counts()).toEqual(before)
  const { id: _, ...nameless } = { ...file, name: 'Twice' }
  const both = await Promise.all([bring(nameless), bring(nameless), bring(nameless)])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 200, 201])
  expect(new Set(both.map(({ body }) => body['eventId'])).size).toBe(1)
})

test('[E13] the id with another content is a 409 event_exists that says what differs and what to do', async () => {
  const before = await counts()
  const other = await bring({ ...file, name: 'Macbeth', hot: true })
  expect(other).toMatchObject({ status: 409, body: { code: 'event_exists', differs: ['name', 'hot'] } })
  expect(other.body['detail']).toContain('PUT /admin/events/tempest2030')
  expect(await counts()).toEqual(before)
})

test('[E14] a faulty file is a 400 that names every fault, and leaves nothing behind', async () => {
  const before = await counts()
  const { body, status } = await bring({
    ...file,
    id: 'faulty',
    currency: 'EURO',
    nam: 'x',
    venueId: 'nowhere',
  })
  expect(status).toBe(400)
  expect((body['errors'] as { field: string }[]).map(({ field }) => field)).toEqual([
    'nam',
    'currency',
    'venueId',
  ])
  const { venue: _, ...elsewhere } = { ...file, id: 'faulty', venueId: 'nowhere' }
  expect((await bring(elsewhere)).body).toMatchObject({ errors: [{ field: 'venueId' }] })
  const { sections: _s, standing: _t, ...unmapped } = { ...file, id: 'faulty', mapHash: 'f'.repeat(32) }
  expect((await bring(unmapped)).body).toMatchObject({ errors: [{ field: 'mapHash' }] })
  const broken = await it.app.request('/admin/events', {
    method: 'POST',
    body: '{"name": ',
    headers: { authorization: `Bearer ${it.adminToken}` },
  })
  expect([broken.status, ((await broken.json()) as { errors: object[] }).errors]).toMatchObject([
    400,
    [{ field: 'body' }],
  ])
  expect(await counts()).toEqual(before)
})

test('[E15] only an operator brings and changes events, and a file may have 8 MB', async () => {
  expect((await bring(file, 'no token')).status).toBe(401)
  expect((await it.call('PUT', '/admin/events/tempest2030', { body: {} })).body).toMatchObject({
    code: 'admin_required',
  })
  const padded = { ...file, name: 'x'.repeat(200_000) }
  expect((await bring(padded)).body).toMatchObject({ errors: [{ field: 'name' }] })
  expect((await bring({ ...file, name: 'x'.repeat(9_000_000) })).status).toBe(413)
})

test('[E16] names, dates, status, prices and performers change, each audited with before and after', async () => {
  const changed = await change('tempest2030', {
    name: 'The Tempest, again',
    status: 'postponed',
    startsAt: '2030-06-01T20:00',
    performers: ['Demo Players of Graz'],
    prices: [
      { category: 'Stalls', price: 3500 },
      { category: 'Balcony', price: 2300 },
      { category: 'gallery', price: 1000 },
    ],
  })
  expect(changed).toMatchObject({ status: 200, body: { outcome: 'changed', status: 'postponed' } })
  const [imported, line] = await audited('tempest2030')
  expect(imported).toMatchObject({ act: 'event.import', detail: { event: { name: 'The Tempest' } } })
  expect(new Set(Object.keys(line.detail.after))).toEqual(
    new Set(['name', 'status', 'startsAt', 'performers', 'prices']),
  )
  expect(line).toMatchObject({
    act: 'event.change',
    detail: {
      before: { name: 'The Tempest', startsAt: '2030-05-14T17:30:00.000Z' },
      after: { name: 'The Tempest, again', startsAt: '2030-06-01T18:00:00.000Z' },
    },
  })
  expect(await change('tempest2030', { status: 'postponed' })).toMatchObject({
    body: { outcome: 'unchanged' },
  })
  expect((await audited('tempest2030')).length).toBe(2)
  // Two at once: neither takes back what the other has set.
  await Promise.all([
    change('tempest2030', { hot: true }),
    change('tempest2030', { name: 'The Tempest' }),
    change('tempest2030', { competition: 'Festival' }),
  ])
  const { rows } = await it.deps.pool.query(
    `select name, hot, competition, status from events where id = 'tempest2030'`,
  )
  expect(rows).toEqual([{ name: 'The Tempest', hot: true, competition: 'Festival', status: 'postponed' }])
})

test('[E17] a change is checked as a file is, and an unknown event is a 404', async () => {
  const faulty = await change('tempest2030', { prices: [{ category: 'Stals', price: 1 }], curency: 'USD' })
  expect(faulty.body).toMatchObject({
    errors: [
      { field: 'curency', message: 'there is no such key here; did you mean "currency"?' },
      { field: 'prices' },
      { field: 'prices' },
      { field: 'prices' },
      { field: 'prices[0].category' },
    ],
  })
  expect((await change('nosuchevent', {})).status).toBe(404)
})

test('[E18] seats, venue and currency never change once anything was held', async () => {
  for (const body of [
    {
      standing: [{ name: 'Floor', capacity: 9, category: 'Floor' }],
      prices: [{ category: 'Floor', price: 1 }],
    },
    { currency: 'USD' },
    { venue: { ...file.venue, name: 'Elsewhere' } },
  ]) {
    expect(await change('tempest2030', body)).toMatchObject({ status: 409, body: { code: 'map_in_use' } })
  }
})

test('[E19] the house of an event that nobody held a seat of changes while it is off sale, and the new seats are sold', async () => {
  const small = {
    ...file,
    id: 'changing',
    sections: undefined,
    standing: [{ name: 'Floor', capacity: 10, category: 'Floor' }],
    prices: [{ category: 'Floor', price: 500 }],
  }
  await bring(small)
  const id = toEventId('changing')
  expect((await it.call('GET', '/events/changing/seats')).status).toBe(200)
  const larger = { standing: [{ name: 'Floor', capacity: 30, category: 'Floor' }] }
  const refused = await change(id, larger)
  expect(refused).toMatchObject({ status: 409, body: { code: 'map_in_use', eventStatus: 'onsale' } })
  await change(id, { status: 'offsale' })
  const stale = await it.deps.events.find(id)
  expect(await change(id, larger)).toMatchObject({ status: 200, body: { standing: 30, status: 'offsale' } })
  // Whoever still has the old house brings none of its seats back.
  await expect(it.deps.inventory.counts(stale!.stock)).rejects.toMatchObject({ code: 'recovering' })
  await change(id, { status: 'onsale' })
  await it.deps.clock.sleep(1_100)
  const held = await hold(id, { ticketIds: [], areas: [{ areaId: 'floor', quantity: 8 }] })
  expect(held.status).toBe(201)
  const { body } = await it.call<{ availability: object }>('GET', `/events/${id}`)
  expect(body.availability).toMatchObject({ total: 30 })
})

test('[E35] while seats are held and sold the drawing changes, and views, names of prices and colours: every seat is what it was', async () => {
  const own = { ...file, id: 'redrawn' }
  await bring(own)
  const { token } = await it.session()
  const held = await it.call<{ bookingId: string }>('POST', '/bookings/redrawn', {
    token,
    body: { ticketIds: ['redrawn-3'] },
  })
  expect(held.status).toBe(201)
  const before = await it.deps.events.find(toEventId('redrawn'))
  const epoch = await epochOf('redrawn')
  const sections = structuredClone(file.sections)
  sections[0].views = [{ note: 'From the side' }]
  sections[3].side = 'left'
  const redrawn = await change('redrawn', { sections, standing: file.standing, stage: 'Globe' })
  expect(redrawn).toMatchObject({ status: 200, body: { outcome: 'changed', status: 'onsale', seats: 252 } })
  await it.deps.clock.sleep(1_600)
  const after = await it.deps.events.find(toEventId('redrawn'))
  expect(after?.mapHash).not.toBe(before?.mapHash)
  expect(await epochOf('redrawn')).toBe(epoch + 1)
  expect((await it.call('GET', `/bookings/${held.body.bookingId}`, { token })).body).toMatchObject({
    status: 'in_progress',
    tickets: [{ section: 'Stalls left', row: 'A', seat: '4' }],
  })
})

test('[E36] a seat that was held, sold or blocked never becomes another, nor vanishes while it is owned: the refusal names each', async () => {
  await bring({ ...file, id: 'kept' })
  expect((await hold('kept', { ticketIds: ['kept-3', 'kept-251'] })).status).toBe(201)
  const dearer = structuredClone(file.sections)
  dearer[3].category = 'Stalls'
  const fewer = structuredClone(file.sections)
  fewer[0].seats = '1-3'
  const prices = file.prices.filter(({ category }: { category: string }) => category !== 'Balcony')
  for (const status of ['onsale', 'offsale']) {
    await change('kept', { status })
    const other = await change('kept', { sections: dearer, standing: file.standing, prices })
    expect(other).toMatchObject({ status: 409, body: { code: 'map_in_use', more: 0 } })
    expect(other.body['tickets']).toEqual([
      {
        ticketId: 'kept-251',
        was: 'Balcony, row C, seat 20, Balcony',
        becomes: 'Balcony, row C, seat 20, Stalls',
      },
    ])
    expect(other.body['detail']).toMatch(/^Tickets that .*"Balcony, row C, seat 20, Balcony" would become/)
    const gone = await change('kept', { sections: fewer, standing: file.standing })
    expect(gone.body).toMatchObject({
      code: 'map_in_use',
      tickets: [{ ticketId: 'kept-3', was: 'Stalls left, row A, seat 4', state: 'held' }],
    })
  }
})

test('[S210] off sale new seats come anywhere in front of which nobody ever had anything, also where seats were left out for a while', async () => {
  await bring({ ...file, id: 'growing' })
  const gallery = (capacity: number) => ({ standing: [{ ...file.standing[0], capacity }] })
  const wider = structuredClone(file.sections)
  wider[3].rows = 'A-D'
  const house = (capacity: number) => ({ sections: file.sections, ...gallery(capacity) })
  expect((await change('growing', house(30))).status).toBe(200)
  expect((await change('growing', house(40))).status).toBe(200)
  expect((await change('growing', { status: 'offsale' })).status).toBe(200)
  expect(await change('growing', { sections: wider, ...gallery(40) })).toMatchObject({
    status: 200,
    body: { seats: 272, standing: 40 },
  })
  await change('growing', { status: 'onsale' })
  await it.deps.clock.sleep(1_100)
  expect((await hold('growing', { ticketIds: [], areas: [{ areaId: 'gallery', quantity: 1 }] })).status).toBe(
    201,
  )
})

test('[S211] where something was ever had behind them they are refused: the numbers are named as the reason, and each by its place', async () => {
  await bring({ ...file, id: 'numbered' })
  await hold('numbered', { ticketIds: [], areas: [{ areaId: 'gallery', quantity: 1 }] })
  await change('numbered', { status: 'offsale' })
  const wider = structuredClone(file.sections)
  wider[3].rows = 'A-D'
  const refused = await change('numbered', { sections: wider, standing: file.standing })
  expect(refused).toMatchObject({ status: 409, body: { code: 'map_in_use' } })
  expect(refused.body['detail']).toMatch(
    /^Tickets are numbered .*: "Gallery, place 1" would become "Balcony, row D, seat 1"\. Add only behind/,
  )
  expect(
    (await change('numbered', { sections: file.sections, standing: [{ ...file.standing[0], capacity: 50 }] }))
      .body,
  ).toMatchObject({ standing: 50 })
})

test('[E37] off sale, what nobody ever had changes beside what is held: the hold is there in the new house', async () => {
  await bring({ ...file, id: 'grown' })
  const { token } = await it.session()
  const held = await it.call<{ bookingId: string }>('POST', '/bookings/grown', {
    token,
    body: { ticketIds: ['grown-3'] },
  })
  const sections = structuredClone(file.sections)
  sections[3].rows = 'A-E'
  const larger = { sections, standing: file.standing }
  expect(await change('grown', larger)).toMatchObject({ status: 409, body: { eventStatus: 'onsale' } })
  await change('grown', { status: 'offsale' })
  expect(await change('grown', larger)).toMatchObject({ status: 200, body: { seats: 292, standing: 40 } })
  await change('grown', { status: 'onsale' })
  await it.deps.clock.sleep(1_600)
  const seats = await it.call<{ epoch: number; tickets: { ticketId: string; status: string }[] }>(
    'GET',
    '/events/grown/seats',
    { headers: { accept: 'application/json' } },
  )
  expect(
    seats.body.tickets.filter(({ status }) => status === 'held').map(({ ticketId }) => ticketId),
  ).toEqual(['grown-3'])
  expect(seats.body.tickets).toHaveLength(292)
  expect((await hold('grown', { ticketIds: ['grown-3'] })).status).toBe(409)
  expect((await hold('grown', { ticketIds: ['grown-291'] })).status).toBe(201)
  expect((await it.call('GET', `/bookings/${held.body.bookingId}`, { token })).body).toMatchObject({
    status: 'in_progress',
    tickets: [{ row: 'A', seat: '4' }],
  })
})

test('[E20] a known map and a known venue are named by hash and id', async () => {
  const { venueId } = (await it.deps.events.find(it.eventId))!.venue
  const { venue: _v, sections: _s, standing: _t, ...rest } = file
  const again = await bring({
    ...rest,
    id: 'known',
    venueId,
    mapHash: '0'.repeat(32),
    prices: ['a', 'b', 'Standing'].map(category => ({ category, price: 100 })),
  })
  expect(again).toMatchObject({ status: 201, body: { seats: 40, standing: 10 } })
  expect(
    (await hold('known', { ticketIds: ['known-3'], areas: [{ areaId: 'floor', quantity: 1 }] })).status,
  ).toBe(201)
})

test('[E21] an event whose sale begins later is off sale until an operator opens it; hot is kept', async () => {
  const later = { ...file, id: 'later27', onSaleAt: '2030-01-01T10:00', hot: true }
  expect(await bring(later)).toMatchObject({ status: 201, body: { status: 'offsale' } })
  expect(await it.deps.events.find(toEventId('later27'))).toMatchObject({ hot: true, status: 'offsale' })
  await change('later27', { status: 'onsale' })
  expect(await bring(later)).toMatchObject({ status: 200, body: { outcome: 'unchanged', status: 'onsale' } })
})

test('[E22] the JSON Schema of the file is served, stands in docs, and the API document names the form', async () => {
  const { body } = await it.call('GET', '/event-file.schema.json')
  expect(body).toEqual(JSON.parse(JSON.stringify(EVENT_FILE_SCHEMA)))
  expect(JSON.parse(readFileSync('docs/event-file.schema.json', 'utf8'))).toEqual(body)
  const { body: api } = await it.call<{ components: { schemas: Record<string, object> } }>(
    'GET',
    '/openapi.json',
  )
  expect(api.components.schemas['EventFile']).toBeDefined()
})

test('[B118] an event file says fees as amounts and percentages and discounts; what is left out of a change stays', async () => {
  const priced = {
    ...file,
    id: 'priced30',
    prices: file.prices.map((price: object) => ({ ...price, price: 3_333, fee: 100, feePercent: 6.55 })),
    bookingFee: { amount: 250, percent: 1.5 },
    discounts: [
      { name: 'Schools', minTickets: 4, percent: 12.5 },
      { name: 'Ten', minTickets: 10, amount: 5_000 },
    ],
  }
  expect((await bring(priced)).status).toBe(201)
  expect(await bring(priced)).toMatchObject({ status: 200, body: { outcome: 'unchanged' } })
  const event = async () => (await it.call<Record<string, unknown>>('GET', '/events/priced30')).body
  // 6.55 % of 33.33 are 2.183, rounded for each ticket.
  expect(await event()).toMatchObject({
    prices: Array.from({ length: 5 }, () => ({ price: 3_333, fee: 318 })),
    bookingFee: { amount: 250, percent: 1.5 },
    discounts: [
      { name: 'Schools', minTickets: 4, amount: 0, percent: 12.5 },
      { name: 'Ten', minTickets: 10, amount: 5_000, percent: 0 },
    ],
  })
  expect(await change('priced30', { hot: true })).toMatchObject({ status: 200, body: { outcome: 'changed' } })
  expect(await change('priced30', { discounts: [] })).toMatchObject({ body: { outcome: 'changed' } })
  expect((await audited('priced30')).at(-1)?.detail).toMatchObject({
    before: { pricing: { discounts: [{ name: 'Schools' }, { name: 'Ten' }] } },
    after: { pricing: { discounts: [] } },
  })
  expect(await bring({ ...priced, discounts: [], hot: true })).toMatchObject({
    body: { outcome: 'unchanged' },
  })
  const dinars = await bring({ ...priced, id: 'priced32', currency: 'KWD' })
  expect((dinars.body['errors'] as { field: string }[]).map(({ field }) => field)).toEqual([
    'prices[0].price',
    'prices[1].price',
    'prices[2].price',
    'prices[3].price',
    'prices[4].price',
  ])
  const faulty = await bring({
    ...priced,
    id: 'priced31',
    prices: [{ ...priced.prices[0], feePercent: 6.555 }, ...priced.prices.slice(1)],
    bookingFee: { percent: 101 },
    discounts: [{ name: 'Both', minTickets: 0, percent: 5, amount: 5 }],
  })
  expect((faulty.body['errors'] as { field: string }[]).map(({ field }) => field).sort()).toEqual([
    'bookingFee.percent',
    'discounts[0]',
    'discounts[0].minTickets',
    'prices[0].feePercent',
  ])
})
