import { expect, test } from 'vitest'
import { connect, openShop, refusalOf, SECRET_KEY } from './test-shop.ts'

async function create(
  fields: Record<string, string>,
): Promise<{ status: number; error: Record<string, unknown> }> {
  const { simulator } = await openShop()
  const response = await fetch(`${simulator.url}/v1/payment_intents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRET_KEY}` },
    body: new URLSearchParams({ amount: '1000', currency: 'usd', ...fields }),
  })
  const { error } = (await response.json()) as { error: Record<string, unknown> }
  return { status: response.status, error }
}

test.for([
  [{ colour: 'red' }, 'parameter_unknown', 'colour', 'Received unknown parameter: colour'],
  [
    { 'automatic_payment_methods[colour]': 'red' },
    'parameter_unknown',
    'automatic_payment_methods[colour]',
    /unknown/,
  ],
  [{ payment_method_types: 'card' }, 'parameter_unknown', 'payment_method_types', /unknown/],
  [
    { 'automatic_payment_methods[allow_redirects]': 'never' },
    'parameter_missing',
    'automatic_payment_methods[enabled]',
    /Missing required param/,
  ],
  [{ amount: '' }, 'parameter_invalid_empty', 'amount', /You passed an empty string for 'amount'/],
  [{ amount: '12.5' }, 'parameter_invalid_integer', 'amount', 'Invalid integer: 12.5'],
  [{ amount: '0' }, 'parameter_invalid_integer', 'amount', 'This value must be greater than or equal to 1.'],
  [{ amount: '49' }, 'amount_too_small', 'amount', 'Amount must be at least $0.50 usd'],
  [{ amount: '100000000' }, 'amount_too_large', 'amount', 'Amount must be no more than $999,999.99'],
  [{ currency: 'kwd', amount: '1001' }, 'parameter_invalid_integer', 'amount', /last digit/],
  [{ currency: 'moon' }, undefined, 'currency', 'Invalid currency: moon.'],
  [
    { capture_method: 'later' },
    undefined,
    'capture_method',
    /must be one of automatic, automatic_async, manual/,
  ],
  [{ confirm: 'perhaps' }, undefined, 'confirm', 'Invalid boolean: perhaps'],
  [{ metadata: 'text' }, undefined, 'metadata', 'Invalid object'],
  [{ [`metadata[${'k'.repeat(41)}]`]: 'v' }, undefined, 'metadata', /up to 40 characters/],
  [{ 'metadata[k]': 'v'.repeat(501) }, undefined, 'metadata', /up to 500 characters/],
  [{ 'amount[x]': '1' }, undefined, 'amount[x]', 'Invalid object'],
  [
    { 'allowed_payment_method_types[0]': 'sepa_debit' },
    undefined,
    'allowed_payment_method_types',
    /by card and by iDEAL only/,
  ],
  [{ return_url: 'https://shop.example/' }, undefined, 'return_url', /when confirming/],
] as const)('%o is refused', async ([fields, code, param, message]) => {
  const { status, error } = await create(fields)
  expect(status).toBe(400)
  expect(error).toMatchObject({ type: 'invalid_request_error', param })
  expect(error['code']).toBe(code)
  expect(error['message']).toMatch(message)
})

test('a missing parameter is named', async () => {
  const { simulator } = await openShop()
  const stripe = connect(simulator)
  const missing = await refusalOf(stripe.rawRequest('POST', '/v1/payment_intents', { currency: 'eur' }))
  expect(missing).toMatchObject({
    code: 'parameter_missing',
    param: 'amount',
    message: 'Missing required param: amount.',
  })
  expect(missing.raw).toMatchObject({ doc_url: 'https://stripe.com/docs/error-codes/parameter-missing' })
})

test('a return URL that is no web address is refused', async () => {
  const fields = { confirm: 'true', payment_method: 'pm_card_visa', return_url: 'javascript:alert(1)' }
  expect(await create(fields)).toMatchObject({
    status: 400,
    error: { code: 'url_invalid', param: 'return_url' },
  })
})

test('a metadata key called __proto__ changes no prototype', async () => {
  const { simulator } = await openShop()
  const response = await fetch(`${simulator.url}/v1/payment_intents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRET_KEY}` },
    body: 'amount=1000&currency=usd&metadata[__proto__][x]=1&metadata[plain]=y',
  })
  expect(await response.json()).toMatchObject({ metadata: { plain: 'y' } })
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
})

test('what cannot be expanded is refused', async () => {
  const { stripe } = await openShop()
  const create = (expand: string) =>
    stripe.paymentIntents.create({ amount: 1_000, currency: 'usd', expand: [expand] })
  expect((await refusalOf(create('colour'))).message).toBe('This property cannot be expanded (colour).')
  expect((await refusalOf(create('a.b.c.d.e'))).message).toMatch(/more than 4 levels/)
})
