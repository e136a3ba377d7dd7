/** The simulator's addresses: Stripe's API under /v1, the 3-D Secure page, the tests' own under /_simulator, and /readyz. */
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import type { Account } from './account.ts'
import { type Calls, keyOf } from './call.ts'
import { chargeEndpoints } from './charges.ts'
import { disputeEndpoints } from './disputes.ts'
import type { Endpoint } from './endpoint.ts'
import { eventEndpoints } from './events.ts'
import type { Knobs } from './knobs.ts'
import { paymentIntentEndpoints } from './payment-intents.ts'
import { paymentMethodEndpoints } from './payment-methods.ts'
import { refundEndpoints } from './refunds.ts'
import type { SimulatorState } from './simulator-state.ts'
import { threeDSecurePage } from './three-d-secure-page.ts'

const LARGEST_BODY = 256 * 1024
/** A call that is never answered lets go of its connection after this; the SDK waits 80 s by default. */
const LONGEST_SILENCE_MS = 100_000

const ENDPOINTS: Endpoint[] = [
  ...paymentIntentEndpoints,
  ...paymentMethodEndpoints,
  ...chargeEndpoints,
  ...refundEndpoints,
  ...disputeEndpoints,
  ...eventEndpoints,
]

/** Any page may call a publishable endpoint, as pages call Stripe. */
const CROSS_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, stripe-version',
  'access-control-allow-methods': 'POST',
  'access-control-max-age': '600',
}

type Env = { Bindings: HttpBindings }

interface Parts {
  account: Account
  calls: Calls
  secretKey: string | undefined
  change: (change: unknown) => Knobs
  advance: (ms: number) => void
  state: (limit?: number) => SimulatorState
}

export function createRoutes(parts: Parts): Hono<Env> {
  const app = new Hono<Env>()
  app.use(bodyLimit({ maxSize: LARGEST_BODY }))
  app.get('/readyz', context => context.json({ status: 'ready' }))
  for (const endpoint of ENDPOINTS) {
    app.on(endpoint.method, endpoint.path, context => answer(context, endpoint, parts))
    if (endpoint.publishable) app.options(endpoint.path, context => context.body(null, 204, CROSS_ORIGIN))
  }
  app.route('/', threeDSecurePage(parts.account))
  app.route('/_simulator', control(parts))
  app.notFound(context => {
    const message = `Unrecognized request URL (${context.req.method}: ${context.req.path}). Please see https://stripe.com/docs.`
    return context.json({ error: { type: 'invalid_request_error', message } }, 404)
  })
  return app
}

async function answer(context: Context<Env>, endpoint: Endpoint, { calls }: Parts): Promise<Response> {
  const { req } = context
  const reply = await calls.answer(endpoint, {
    path: req.path,
    id: req.param('id') ?? '',
    form: endpoint.method === 'GET' ? new URL(req.url).search.slice(1) : await req.text(),
    authorization: req.header('authorization'),
    version: req.header('stripe-version'),
    idempotencyKey: req.header('idempotency-key'),
  })
  if ('lost' in reply) return lose(context, reply.lost)
  const headers = endpoint.publishable ? { ...reply.headers, ...CROSS_ORIGIN } : reply.headers
  return new Response(reply.body, {
    status: reply.status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Breaks the connection, at once or when somebody has lost patience. */
function lose(context: Context<Env>, how: 'timeout' | 'reset'): Response {
  const { socket } = context.env.incoming
  if (how === 'reset') socket.resetAndDestroy()
  else {
    const timer = setTimeout(() => socket.destroy(), LONGEST_SILENCE_MS)
    socket.once('close', () => clearTimeout(timer))
  }
  return RESPONSE_ALREADY_SENT
}

const Advance = z.strictObject({ ms: z.number().int().min(0) })

/** Behind the secret key, like everything that can move money. */
function control({ secretKey, change, advance, state, account }: Parts): Hono<Env> {
  const app = new Hono<Env>()
  app.use(async (context, next) => {
    const key = keyOf(context.req.header('authorization'))
    if (secretKey === undefined ? key.startsWith('sk_test_') : key === secretKey) return next()
    return context.json(
      { error: 'The simulator is controlled with its secret key: Authorization: Bearer sk_test_...' },
      401,
    )
  })
  app.onError((error, context) => {
    if (error instanceof z.ZodError) return context.json({ error: z.prettifyError(error) }, 400)
    return context.json({ error: error.message }, error instanceof SyntaxError ? 400 : 500)
  })
  app.get('/knobs', context => context.json(account.knobs.now))
  app.post('/knobs', async context => context.json(change(await context.req.json())))
  app.post('/advance', async context => {
    advance(Advance.parse(await context.req.json()).ms)
    return context.json({ now: account.clock.now() })
  })
  app.get('/state', context => {
    const limit = Number(context.req.query('limit') ?? Number.NaN)
    return context.json(Number.isInteger(limit) && limit >= 0 ? state(limit) : state())
  })
  return app
}
