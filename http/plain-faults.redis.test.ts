/** What a caller is told of a call that is wrong: 400 and a sentence at its place, whatever came; never 5xx. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type Fan, type House, makeShop, type Shop } from './bookings/sale-fixture.ts'

let shop: Shop
let house: House
let fan: Fan
let paid: string
beforeAll(async () => {
  shop = await makeShop()
  house = await shop.house()
  fan = await house.fan()
  paid = await fan.held(0)
  await fan.pay(paid)
  await shop.work()
})
afterAll(() => shop.close())

const NUL = 'a\u0000b'
const HALF = 'a\ud800b'

const admin = (method: string, path: string, body: unknown) =>
  shop.call(method, path, { token: shop.adminToken, body })
const own = (method: string, path: string, body: unknown) =>
  shop.call(method, path, { token: fan.token, body })
const fields = (body: Record<string, unknown>) =>
  (body['errors'] as { field: string; message: string }[] | undefined)?.map(({ field }) => field)
const told = (body: Record<string, unknown>) =>
  Object.fromEntries(
    ((body['errors'] ?? []) as { field: string; message: string }[]).map(one => [one.field, one.message]),
  )

test.for([
  ['a NUL', NUL],
  ['half a letter', HALF],
] as const)('[R130] %s in a text of any route is a 400 that names its field', async ([, bad]) => {
  const event = `/admin/events/${house.eventId}`
  const blocked = await admin('PUT', `${event}/blocks`, { ticketIds: [house.ticket(9)], reason: bad })
  expect([blocked.status, fields(blocked.body)]).toEqual([400, ['reason']])
  const queue = await admin('PUT', `${event}/queue`, { message: bad })
  expect([queue.status, fields(queue.body)]).toEqual([400, ['message']])
  const discounts = [{ name: bad, minTickets: 2, amount: 100 }]
  const changed = await admin('PUT', event, { discounts })
  expect([changed.status, fields(changed.body)]).toEqual([400, ['discounts[0].name']])
  const refund = await admin('POST', `/admin/bookings/${paid}/refunds`, { reason: bad })
  expect([refund.status, fields(refund.body)]).toEqual([400, ['reason']])
  const scan = await admin('POST', `${event}/scans`, { code: 'x', gate: bad })
  expect([scan.status, fields(scan.body)]).toEqual([400, ['gate']])
  const held = await fan.held(bad === NUL ? 10 : 12)
  const bought = await own('PUT', `/bookings/${held}/confirm`, {
    paymentMethodId: 'pm_card_visa',
    buyer: { name: bad, email: 'ada@example.org' },
  })
  expect([bought.status, fields(bought.body)]).toEqual([400, ['buyer.name']])
})

const Schema: z.ZodType<Form> = z.lazy(() =>
  z.looseObject({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    format: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    required: z.array(z.string()).optional(),
    properties: z.record(z.string(), Schema).optional(),
    additionalProperties: z.union([z.boolean(), Schema]).optional(),
    items: Schema.optional(),
    anyOf: z.array(Schema).optional(),
    oneOf: z.array(Schema).optional(),
    allOf: z.array(Schema).optional(),
  }),
)
interface Form {
  [key: string]: unknown
  $ref?: string | undefined
  type?: string | string[] | undefined
  format?: string | undefined
  enum?: unknown[] | undefined
  required?: string[] | undefined
  properties?: Record<string, Form> | undefined
  additionalProperties?: boolean | Form | undefined
  items?: Form | undefined
  anyOf?: Form[] | undefined
  oneOf?: Form[] | undefined
  allOf?: Form[] | undefined
}
const Contract = z.object({
  components: z.object({ schemas: z.record(z.string(), Schema) }),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).optional(),
        requestBody: z
          .looseObject({ content: z.record(z.string(), z.object({ schema: Schema.optional() })) })
          .optional(),
      }),
    ),
  ),
})
type Known = Record<string, Form>

const formsOf = (form: Form, known: Known): Form[] => {
  if (form.$ref !== undefined) return formsOf(known[form.$ref.split('/').at(-1) ?? ''] ?? {}, known)
  const parts = [...(form.anyOf ?? []), ...(form.oneOf ?? []), ...(form.allOf ?? [])]
  return parts.length === 0 ? [form] : parts.flatMap(part => formsOf(part, known))
}
const is = (form: Form, type: string): boolean => [form.type].flat().includes(type)

/** Something of this form; ids are of the house, so that the rest of a body is as good as can be. */
function sample(form: Form, known: Known, key: string): unknown {
  const [first = {}] = formsOf(form, known)
  if (first.enum !== undefined) return first.enum[0]
  if (is(first, 'object'))
    return Object.fromEntries(
      (first.required ?? []).map(one => [one, sample(first.properties?.[one] ?? {}, known, one)]),
    )
  if (is(first, 'array')) return [sample(first.items ?? {}, known, key)]
  if (is(first, 'integer') || is(first, 'number')) return 1
  if (is(first, 'boolean')) return true
  if (first.format === 'email') return 'ada@example.org'
  if (first.format === 'uuid') return paid
  return /ticketId/i.test(key) ? house.ticket(20) : 'adult'
}

/** The body in every way in which one of its texts is this one. */
function spoilt(form: Form, known: Known, bad: string, key = '', depth = 0): unknown[] {
  if (depth > 8) return []
  return formsOf(form, known).flatMap(one => {
    if (is(one, 'string')) return [bad]
    if (is(one, 'array')) return spoilt(one.items ?? {}, known, bad, key, depth + 1).map(item => [item])
    if (!is(one, 'object') && one.properties === undefined) return []
    const base = sample(one, known, key)
    const all = Object.entries(one.properties ?? {}).flatMap(([name, inner]) =>
      spoilt(inner, known, bad, name, depth + 1).map(value => ({ ...Object(base), [name]: value })),
    )
    const any = typeof one.additionalProperties === 'object' ? [{ [bad]: 'adult' }, { x: bad }] : []
    return [...all, ...any]
  })
}

test('[R131] no text of any body in the contract brings a 5xx, whatever letters it has', async () => {
  const { components, paths } = Contract.parse((await shop.call('GET', '/openapi.json')).body)
  const seen = new Set<string>()
  const failed: unknown[] = []
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const form = requestBody?.content['application/json']?.schema
      if (form === undefined) continue
      const url = path.replace('{eventId}', house.eventId).replace('{bookingId}', paid)
      for (const bad of [NUL, HALF])
        for (const body of spoilt(form, components.schemas, bad)) {
          seen.add(path)
          const token = path.startsWith('/admin') ? shop.adminToken : fan.token
          const { status } = await shop.call(method.toUpperCase(), url, { token, body })
          // Without a place at Stripe, or of users, 503 is what the route means to say.
          if (status >= 500 && status !== 503) failed.push([method, path, body])
        }
    }
  expect(failed).toEqual([])
  expect(seen.size).toBeGreaterThan(10)
}, 60_000)

test('[R131] nor does one of a path or a query', async () => {
  const { paths } = Contract.parse((await shop.call('GET', '/openapi.json')).body)
  const failed: unknown[] = []
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { parameters = [] }] of Object.entries(methods))
      for (const bad of ['%00', 'a%00b', '%ED%A0%80', '%']) {
        const ways = [
          path.replaceAll(/\{\w+\}/g, bad),
          ...parameters
            .filter(one => one.in === 'query')
            .map(
              ({ name }) =>
                `${path.replace('{eventId}', house.eventId).replace('{bookingId}', paid)}?${name}=${bad}`,
            ),
        ]
        for (const url of ways) {
          const token = path.startsWith('/admin') ? shop.adminToken : fan.token
          const { status } = await shop.call(method.toUpperCase(), url, {
            token,
            ...(method === 'get' ? {} : { body: {} }),
          })
          if (status >= 500 && status !== 503) failed.push([method, url])
        }
      }
  expect(failed).toEqual([])
}, 60_000)

test('[R132] an empty body that is said to be JSON is {}: no fault where nothing is needed, else what is missing', async () => {
  const empty = async (path: string, method = 'POST') => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${fan.token}` }
    const over = await fetch(new URL(path, shop.webhookUrl), { method, headers })
    const direct = await shop.app.request(path, { method, headers })
    expect(over.status).toBe(direct.status)
    return { status: over.status, body: (await over.json()) as Record<string, unknown> }
  }
  expect((await empty('/sessions')).status).toBe(201)
  expect((await empty(`/events/${house.eventId}/queue`)).status).toBe(200)
  const hold = await empty(`/bookings/${house.eventId}`)
  expect([hold.status, fields(hold.body)]).toEqual([400, ['ticketIds']])
  const confirm = await empty(`/bookings/${paid}/confirm`, 'PUT')
  expect(told(confirm.body)).toEqual({ buyer: 'is missing: give name and email' })
  const broken = await shop.app.request('/sessions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  })
  expect(await broken.json()).toMatchObject({ errors: [{ field: 'body', message: 'must be valid JSON' }] })
})

test('[R133] a parameter that a route has not is a 400 that names it', async () => {
  const asked = async (path: string, token = fan.token) => {
    const { status, body } = await shop.call('GET', path, { token })
    return [status, told(body)]
  }
  const none = 'there is no such parameter'
  expect(await asked('/events/search?keywrod=x&town=y')).toEqual([
    400,
    { 'query.keywrod': none, 'query.town': none },
  ])
  expect(await asked('/bookings?limit=abc')).toEqual([400, { 'query.limit': none }])
  expect(await asked('/bookings?page=abc')).toEqual([400, { 'query.page': 'must be a number, not "abc"' }])
  expect(await asked('/events/suggest?query=x')).toEqual([400, { 'query.query': none }])
  expect(await asked('/admin/audit?event=x', shop.adminToken)).toEqual([400, { 'query.event': none }])
  expect(await asked(`/events/${house.eventId}?with=tickets`)).toEqual([400, { 'query.with': none }])
  expect((await shop.call('GET', `/wait/${house.eventId}?from=mail`)).status).toBeLessThan(400)
})

test('[R134] faults are told in plain sentences, each once, at places written as `areas[0].quantity`', async () => {
  const hold = (body: unknown) => own('POST', `/bookings/${house.eventId}`, body)
  expect(told((await hold({ seats: [1], rows: 'A', ticketIds: [house.ticket(20)] })).body)).toEqual({
    seats: 'there is no such key here',
    rows: 'there is no such key here',
  })
  expect(
    told(
      (await hold({ areas: [{ areaId: '', quantity: 0 }, 7], ticketTypes: { [house.ticket(1)]: 5 } })).body,
    ),
  ).toEqual({
    'areas[0].areaId': 'must not be empty',
    'areas[0].quantity': 'must be 1 or more',
    'areas[1]': 'must be an object, not 7',
    [`ticketTypes[${JSON.stringify(house.ticket(1))}]`]: 'must be a text, not 5',
  })
  expect(told((await hold([])).body)).toEqual({ body: 'must be an object, not a list' })
  expect(
    told((await hold({ ticketIds: 'x', bestAvailable: { quantity: 1, accessible: 'no' } })).body),
  ).toEqual({
    ticketIds: 'must be a list, not "x"',
    'bestAvailable.accessible': 'has none of the forms it may have',
  })
  expect(told((await admin('POST', '/admin/erasures', {})).body)).toEqual({
    body: 'must have a visitorId or a bookingId, and not both',
  })
  expect(told((await admin('POST', '/admin/erasures', { bookingId: 'x' })).body)).toEqual({
    bookingId: 'must be a UUID',
  })
  const queue = await admin('PUT', `/admin/events/${house.eventId}/queue`, { state: 'opn', opensAt: 'noon' })
  expect(told(queue.body)).toMatchObject({
    state: expect.stringMatching(/^must be one of "off", .*; did you mean "open"\?$/),
    opensAt: 'must be a time such as "2027-05-14T19:30:00Z"',
  })
  const odd = await admin('PUT', `/admin/events/${house.eventId}/queue`, { state: { toString: 1 } })
  expect(told(odd.body)).toMatchObject({ state: expect.stringMatching(/^must be one of [^;]*$/) })
  const buyer = { name: ' ', email: 'nobody' }
  expect(told((await own('PUT', `/bookings/${paid}/confirm`, { buyer })).body)).toEqual({
    'buyer.name': 'must not be empty',
    'buyer.email': 'must be an e-mail address',
  })
})
