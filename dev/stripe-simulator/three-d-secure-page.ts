/** The page where the fan's bank would ask, with two buttons: complete or fail. It leads back to the shop. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Account } from './account.ts'
import { finishChallenge } from './attempts.ts'
import { CHALLENGE_PATH } from './challenges.ts'
import { formatAmount } from './currencies.ts'
import type { Payment } from './store.ts'

export function threeDSecurePage(account: Account): Hono {
  const app = new Hono()

  app.use(async (context, next) => {
    await next()
    context.header('cache-control', 'no-store')
    context.header('referrer-policy', 'no-referrer')
    context.header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    )
  })
  app.get(`${CHALLENGE_PATH}/:id`, context => {
    const payment = paymentOf(account, context.req.param('id'))
    if (payment === undefined) return context.html(gonePage(undefined), 404)
    const isWaiting = payment.challenge === context.req.param('id')
    return context.html(isWaiting ? challengePage(payment) : gonePage(wayBack(payment)))
  })
  app.post(`${CHALLENGE_PATH}/:id`, async context => {
    const payment = paymentOf(account, context.req.param('id'))
    if (payment === undefined) return context.html(gonePage(undefined), 404)
    const { result } = await context.req.parseBody()
    if (result !== 'complete' && result !== 'fail')
      return context.text('result must be complete or fail', 400)
    if (payment.challenge === context.req.param('id'))
      finishChallenge(account, payment, result === 'complete')
    const back = wayBack(payment)
    return back === undefined ? context.html(donePage(payment)) : context.redirect(back, 303)
  })
  return app
}

function paymentOf(account: Account, challengeId: string): Payment | undefined {
  return account.store.payments.get(account.store.challenges.get(challengeId) ?? '')
}

/** The return URL with what Stripe adds to it; undefined where the call named none. */
function wayBack({ intent, returnUrl }: Payment): string | undefined {
  if (returnUrl === null) return undefined
  const url = new URL(returnUrl)
  const isPaid = intent.status === 'succeeded' || intent.status === 'requires_capture'
  url.searchParams.set('payment_intent', intent.id)
  url.searchParams.set('payment_intent_client_secret', String(intent.client_secret))
  url.searchParams.set(
    'redirect_status',
    isPaid ? 'succeeded' : intent.status === 'processing' ? 'pending' : 'failed',
  )
  return url.href
}

function challengePage({ intent }: Payment) {
  return layout(
    'Confirm your payment',
    html`<p>Your bank asks you to confirm a payment of <strong>${formatAmount(intent.amount, intent.currency)}</strong>.</p>
<p class="soft">This is a test: no bank is asked and no money moves.</p>
<form method="post">
<button name="result" value="complete" autofocus>Complete authentication</button>
<button name="result" value="fail">Fail authentication</button>
</form>`,
  )
}

function gonePage(back: string | undefined) {
  return layout(
    'Nothing to confirm',
    html`<p>This payment no longer waits for your bank.</p>${back === undefined ? '' : html`<p><a href="${back}">Back to the shop</a></p>`}`,
  )
}

function donePage({ intent }: Payment) {
  return layout(
    'Done',
    html`<p>The payment is now ${intent.status.replaceAll('_', ' ')}. You can close this page.</p>`,
  )
}

function layout(title: string, main: ReturnType<typeof html>) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - test bank</title>
<style>
:root {
  color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif;
  --paper: #f6f4ef; --card: #fff; --ink: #16181d; --soft: #5c616b; --line: #8b8778; --good: #17704a; --on: #fff;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #101217; --card: #191c23; --ink: #f2f0ea; --soft: #a6abb6; --line: #6b7280; --good: #6fd3a0; --on: #0c1a12; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); }
main { width: 100%; max-width: 27rem; padding: 2rem; background: var(--card); border-radius: 1rem; box-shadow: 0 8px 30px rgb(0 0 0 / 0.1); }
.bank { margin: 0 0 1rem; color: var(--soft); font-size: 0.875rem; font-weight: 600; }
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.2; letter-spacing: -0.02em; }
p { margin: 0 0 0.75rem; }
.soft { color: var(--soft); font-size: 0.9375rem; }
form { display: grid; gap: 0.75rem; margin-top: 1.5rem; }
button { font: inherit; font-weight: 600; min-height: 3rem; padding: 0.5rem 1rem; border: 1px solid var(--line); border-radius: 0.7rem; background: none; color: inherit; cursor: pointer; }
button[value="complete"] { background: var(--good); border-color: var(--good); color: var(--on); }
button:focus-visible, a:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
</style>
</head>
<body><main><p class="bank">Test bank · 3-D Secure</p><h1>${title}</h1>${main}</main></body>
</html>`
}
