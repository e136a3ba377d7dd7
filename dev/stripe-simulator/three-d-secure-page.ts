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
<p>This is a test: no bank is asked and no money moves.</p>
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
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
main { max-width: 32rem; margin: 10vh auto; padding: 0 1rem; }
form { display: grid; gap: 1rem; margin-top: 2rem; }
button { font: inherit; padding: 0.75rem 1rem; border: 2px solid currentColor; border-radius: 0.5rem; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
</style>
</head>
<body><main><h1>${title}</h1>${main}</main></body>
</html>`
}
