import type Stripe from 'stripe'
import { expect, test } from 'vitest'
import { holdMoney, openShop, pay, refusalOf } from './test-shop.ts'

test('a payment method pays once', async () => {
  const { stripe } = await openShop()
  const method = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } })
  const [first, second] = [await holdMoney(stripe), await holdMoney(stripe)]
  await pay(stripe, first.id, method.id)
  const error = await refusalOf(pay(stripe, second.id, method.id))
  expect(error.message).toMatch(/may not be used again/)
})

test('a page makes a payment method of a card number with the publishable key, from another site', async () => {
  const { simulator, stripe } = await openShop()
  const address = `${simulator.url}/v1/payment_methods`
  const preflight = await fetch(address, { method: 'OPTIONS' })
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
  const make = (number: string) =>
    fetch(address, {
      method: 'POST',
      headers: { authorization: 'Bearer pk_test_page' },
      body: new URLSearchParams({
        type: 'card',
        'card[number]': number,
        'card[exp_month]': '12',
        'card[exp_year]': '34',
      }),
    })
  const made = await make('4000 0000 0000 9995')
  expect(made.headers.get('access-control-allow-origin')).toBe('*')
  const { id } = (await made.json()) as { id: string }
  expect((await stripe.paymentMethods.retrieve(id)).card?.last4).toBe('9995')
  const intent = await holdMoney(stripe)
  expect(await refusalOf(pay(stripe, intent.id, id))).toMatchObject({ decline_code: 'insufficient_funds' })
  const unknown = await make('1234')
  expect([unknown.status, await unknown.json()]).toMatchObject([402, { error: { code: 'incorrect_number' } }])
})

test('a card past its date or with a bad code is refused', async () => {
  const { stripe } = await openShop()
  const make = (card: Stripe.PaymentMethodCreateParams.Card) =>
    refusalOf(stripe.paymentMethods.create({ type: 'card', card: { number: '4242424242424242', ...card } }))
  expect(await make({ exp_month: 13, exp_year: 34 })).toMatchObject({ code: 'invalid_expiry_month' })
  expect(await make({ exp_month: 1, exp_year: 2020 })).toMatchObject({ code: 'invalid_expiry_year' })
  expect(await make({ exp_month: 1, exp_year: 34, cvc: '12' })).toMatchObject({ code: 'invalid_cvc' })
})

test('a payment method that would ask the bank is declined while the fan is absent', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe, {
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  })
  const error = await refusalOf(
    stripe.paymentIntents.confirm(id, {
      payment_method: 'pm_card_authenticationRequired',
      off_session: true,
    }),
  )
  expect(error).toMatchObject({ statusCode: 402, code: 'authentication_required' })
})
