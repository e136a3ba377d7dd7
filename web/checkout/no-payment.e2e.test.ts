/** Where nobody takes the money, or not yet: the fan keeps form, hold and time. A whole Onsale and a real browser. */
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { makeKeys } from '../../shared/keys.ts'
import type { Fan } from '../fan.ts'
import { Site } from '../site-fixture.ts'

const site = Site.forTests()

async function holding(before: (fan: Fan) => Promise<unknown> = async () => {}): Promise<Fan> {
  const fan = await site.arrive()
  await before(fan)
  const [event] = await site.events('status=onsale&keyword=night+berlin+club')
  await fan.open(`${site.url}/e/${event?.eventId}`)
  await fan.page.getByRole('button', { name: 'One more: Adult, Floor' }).click()
  await fan.page.getByTestId('hold').click()
  await fan.page.waitForURL(/\/checkout\//)
  return fan
}

test('[R117] where payments are not set up the checkout says so, offers no card, and the tickets can be given back', async () => {
  const fan = await holding(({ page }) =>
    page.route('**/config.json', async route => {
      const answer = await route.fetch()
      await route.fulfill({ json: { ...((await answer.json()) as object), payments: 'none', demo: false } })
    }),
  )
  const { page } = fan
  await page.getByTestId('not-set-up').waitFor()
  expect(await page.getByTestId('not-set-up').textContent()).toContain('Payments are not set up here.')
  expect([await page.getByRole('radio').count(), await page.getByTestId('pay').count()]).toEqual([0, 0])
  expect(await page.getByTestId('countdown').count()).toBeGreaterThan(0)
  await page.getByTestId('give-back').click()
  await page.getByTestId('ended').waitFor()
})

test('[R118] a payment that nobody takes (503) leaves the form, the hold and its countdown, and the next try pays', async () => {
  const fan = await holding()
  const { page } = fan
  // The booking has begun to pay, as it has where Stripe itself is away.
  const simulator = site.onsale.env['STRIPE_API_BASE'] ?? ''
  const away = await fetch(`${simulator}/_simulator/knobs`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${site.onsale.env['STRIPE_SECRET_KEY']}`,
    },
    body: JSON.stringify({ failNext: { path: '/v1/payment_intents', status: 500 } }),
  })
  expect(away.status).toBe(200)
  await fan.pay('4242')
  await page.getByTestId('pay-fault').waitFor()
  expect(await page.getByTestId('pay-fault').textContent()).toMatch(/cannot be reached.*kept.*Try again/)
  // What the server has of it is asked again and again meanwhile, and moves nothing away.
  await page.waitForTimeout(2_500)
  expect(await page.getByTestId('pay-fault').count()).toBe(1)
  expect(await page.getByTestId('countdown').count()).toBeGreaterThan(0)
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Ada Lovelace')
  await page.getByTestId('pay').click()
  await page.getByTestId('confirmed').waitFor()
})

test('[P68] who pays while more do than can be served sees their place in line, and then their tickets', async () => {
  const fan = await holding()
  const { page } = fan
  const redis = new Redis(site.onsale.env['REDIS_URL'] ?? '')
  const { provider } = makeKeys(site.onsale.env['KEY_PREFIX'] ?? 'onsale:')
  await redis.set(provider('pay'), (Date.now() + 60_000) * 1_000, 'PX', 60_000)
  await fan.pay('4242')
  await page.getByTestId('pay-line').waitFor()
  expect(await page.getByTestId('pay-line').textContent()).toMatch(
    /Number 1 in line to pay.*a few seconds.*kept/,
  )
  expect(await page.getByTestId('countdown').count()).toBe(0)
  await redis.del(provider('pay'))
  await page.getByTestId('confirmed').waitFor()
  redis.disconnect()
})
