import type Stripe from 'stripe'
import { expect, test } from 'vitest'
import { holdMoney, openShop, pay, RETURN_URL, refusalOf, type Shop } from './test-shop.ts'

const CHALLENGED = [
  'pm_card_threeDSecure2Required',
  'pm_card_threeDSecureRequired',
  'pm_card_authenticationRequired',
] as const

async function challenge(
  { stripe }: Shop,
  card: string,
): Promise<{ intent: Stripe.PaymentIntent; page: string }> {
  const { id } = await holdMoney(stripe)
  const intent = await pay(stripe, id, card)
  return { intent, page: String(intent.next_action?.redirect_to_url?.url) }
}

function answer(page: string, result: string): Promise<Response> {
  return fetch(page, { method: 'POST', body: new URLSearchParams({ result }), redirect: 'manual' })
}

test.for(CHALLENGED)('%s sends the fan to the page of their bank', async card => {
  const shop = await openShop()
  const { intent, page } = await challenge(shop, card)
  expect(intent).toMatchObject({
    status: 'requires_action',
    latest_charge: null,
    next_action: { type: 'redirect_to_url', redirect_to_url: { return_url: RETURN_URL } },
  })
  expect(page.startsWith(`${shop.simulator.url}/3d-secure/`)).toBe(true)
  await shop.event('payment_intent.requires_action', intent.id)
  const html = await (await fetch(page)).text()
  expect(html).toContain('€50.00')
  expect(html).toContain('lang="en"')
  expect(html).toMatch(/<button name="result" value="complete"[^>]*>Complete authentication<\/button>/)
  expect(html).toMatch(/<button name="result" value="fail">Fail authentication<\/button>/)
})

test('a completed challenge authorises and leads back to the shop', async () => {
  const shop = await openShop()
  const { intent, page } = await challenge(shop, 'pm_card_threeDSecure2Required')
  const response = await answer(page, 'complete')
  expect(response.status).toBe(303)
  const back = new URL(String(response.headers.get('location')))
  expect(back.origin + back.pathname).toBe('https://shop.example/bookings/b1')
  expect(Object.fromEntries(back.searchParams)).toEqual({
    from: 'bank',
    payment_intent: intent.id,
    payment_intent_client_secret: intent.client_secret,
    redirect_status: 'succeeded',
  })
  expect(await shop.stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] })).toMatchObject({
    status: 'requires_capture',
    next_action: null,
    latest_charge: { payment_method_details: { card: { three_d_secure: { result: 'authenticated' } } } },
  })
  const { request } = await shop.event('payment_intent.amount_capturable_updated', intent.id)
  expect(request).toEqual({ id: null, idempotency_key: null })
})

test('a failed challenge asks for another payment method', async () => {
  const shop = await openShop()
  const { intent, page } = await challenge(shop, 'pm_card_threeDSecure2Required')
  const response = await answer(page, 'fail')
  expect(response.headers.get('location')).toContain('redirect_status=failed')
  expect(await shop.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: { code: 'payment_intent_authentication_failure' },
  })
  await shop.event('payment_intent.payment_failed', intent.id)
  expect(await pay(shop.stripe, intent.id, 'pm_card_visa')).toMatchObject({ status: 'requires_capture' })
})

test('a card may be declined after a completed challenge', async () => {
  const shop = await openShop()
  const { intent, page } = await challenge(shop, 'pm_card_threeDSecureRequiredChargeDeclined')
  const response = await answer(page, 'complete')
  expect(response.headers.get('location')).toContain('redirect_status=failed')
  expect(await shop.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
    status: 'requires_payment_method',
    last_payment_error: { code: 'card_declined', decline_code: 'generic_decline' },
  })
})

test('a challenge is answered once, and a canceled payment not at all', async () => {
  const shop = await openShop()
  const first = await challenge(shop, 'pm_card_threeDSecure2Required')
  await answer(first.page, 'complete')
  expect((await answer(first.page, 'fail')).headers.get('location')).toContain('redirect_status=succeeded')

  const second = await challenge(shop, 'pm_card_threeDSecure2Required')
  await shop.stripe.paymentIntents.cancel(second.intent.id)
  const html = await (await fetch(second.page)).text()
  expect(html).toContain('no longer waits')
  expect(html).toContain('href="https://shop.example/bookings/b1?from=bank&amp;payment_intent=')
  expect((await answer(second.page, 'complete')).headers.get('location')).toContain('redirect_status=failed')
  expect(await shop.stripe.paymentIntents.retrieve(second.intent.id)).toMatchObject({ status: 'canceled' })
})

test('confirming again makes the older page worthless', async () => {
  const shop = await openShop()
  const { intent, page } = await challenge(shop, 'pm_card_threeDSecure2Required')
  const again = await pay(shop.stripe, intent.id, 'pm_card_threeDSecure2Required')
  await answer(page, 'complete')
  expect(await shop.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'requires_action' })
  await answer(String(again.next_action?.redirect_to_url?.url), 'complete')
  expect(await shop.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'requires_capture' })
})

test('without a return URL the fan is left to Stripe.js', async () => {
  const { stripe } = await openShop()
  const { id } = await holdMoney(stripe, {
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  })
  const intent = await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_threeDSecure2Required' })
  expect(intent).toMatchObject({ status: 'requires_action', next_action: { type: 'use_stripe_sdk' } })
})

test('an optional challenge happens where the call asks for one', async () => {
  const { stripe } = await openShop()
  const plain = await holdMoney(stripe)
  expect(await pay(stripe, plain.id, 'pm_card_threeDSecureOptional')).toMatchObject({
    status: 'requires_capture',
  })
  const asked = await holdMoney(stripe, {
    payment_method_options: { card: { request_three_d_secure: 'any' } },
  })
  expect(await pay(stripe, asked.id, 'pm_card_threeDSecureOptional')).toMatchObject({
    status: 'requires_action',
  })
})

test('an unknown page is not found and a strange answer is refused', async () => {
  const shop = await openShop()
  expect((await fetch(`${shop.simulator.url}/3d-secure/nobody`)).status).toBe(404)
  const { intent, page } = await challenge(shop, 'pm_card_threeDSecure2Required')
  expect((await answer(page, 'perhaps')).status).toBe(400)
  expect(await refusalOf(shop.stripe.paymentIntents.capture(intent.id))).toMatchObject({
    payment_intent: { status: 'requires_action' },
  })
})
