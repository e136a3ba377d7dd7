/** What machines ask of us: is it alive, is it ready, how does it do, with which keys are passes checked, how is it set. */
import { createRoute, z } from '@hono/zod-openapi'
import { paymentsOf } from '../shared/config.ts'
import { capturesManually } from '../shared/payment-methods.ts'
import { notReady, READY } from '../shared/ready-answer.ts'
import type { HttpDeps } from './deps.ts'
import { newRoutes, problems, type Routes } from './routing.ts'

/** A part that takes longer to say that it lives is not one to send fans to. */
const PROBE_MS = 1_000

const Settings = z
  .object({
    realtimeUrl: z
      .string()
      .openapi({ description: 'Where sockets connect: `/ws` and `/socket.io/` below it.' }),
    payments: z
      .enum(['stripe', 'simulator', 'none'])
      .openapi({ description: 'Who takes the money. none: nothing can be paid here.' }),
    stripePublishableKey: z.string().nullable().openapi({ description: 'Of Stripe, for its own form.' }),
    paymentMethods: z.array(z.string()).openapi({ description: "By Stripe's names, for its form." }),
    captureMethod: z
      .enum(['manual', 'automatic'])
      .openapi({ description: 'automatic: a way to pay among them cannot authorise alone.' }),
    demo: z.boolean().openapi({ description: 'No real money moves.' }),
    holdSeconds: z.int(),
    maxTickets: z.int(),
  })
  .openapi('Settings')

export interface ProcessState {
  /** It takes no new work: another node should. */
  stopping(): boolean
}

export function systemRoutes(deps: HttpDeps, process: ProcessState): Routes {
  const { config, passes, metrics } = deps
  const tags = ['System']
  const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
    description,
    content: { 'application/json': { schema } },
  })
  const settings = createRoute({
    method: 'get',
    path: '/config.json',
    tags,
    summary: 'What pages and apps must know of this installation',
    responses: { 200: json('Settings', Settings) },
  })
  const keys = createRoute({
    method: 'get',
    path: '/.well-known/jwks.json',
    tags,
    summary: 'The public keys that passes are checked with (Ed25519, RFC 8037)',
    responses: {
      200: json('A JSON Web Key Set', z.object({ keys: z.array(z.looseObject({ kid: z.string() })) })),
    },
  })
  const health = createRoute({
    method: 'get',
    path: '/healthz',
    tags,
    summary: 'The process is alive',
    responses: { 200: json('It is', z.object({ status: z.literal('ok') })) },
  })
  const readiness = createRoute({
    method: 'get',
    path: '/readyz',
    tags,
    summary: 'The process can serve: Postgres and Redis answer, and it is not going away',
    responses: { 200: json('It can', z.object({ status: z.literal('ready') })), ...problems('unavailable') },
  })
  const routes = newRoutes()
  routes.openapi(settings, c => {
    c.header('Cache-Control', 'no-cache')
    return c.json(
      {
        realtimeUrl: config.REALTIME_PUBLIC_URL,
        payments: paymentsOf(config),
        stripePublishableKey: config.STRIPE_PUBLISHABLE_KEY ?? null,
        paymentMethods: config.PAYMENT_METHODS,
        captureMethod: config.PAYMENT_METHODS.every(capturesManually)
          ? ('manual' as const)
          : ('automatic' as const),
        demo: config.DEMO,
        holdSeconds: config.HOLD_SECONDS,
        maxTickets: config.MAX_TICKETS_PER_BOOKING,
      },
      200,
    )
  })
  routes.openapi(keys, c => {
    c.header('Cache-Control', 'public, max-age=300')
    return c.json(passes.jwks() as { keys: { kid: string }[] }, 200)
  })
  routes.openapi(health, c => c.json({ status: 'ok' as const }, 200))
  routes.openapi(readiness, async c => {
    const away = process.stopping() ? ['this process (it is stopping)'] : await partsAway(deps)
    if (away.length > 0) throw notReady(away)
    c.header('Cache-Control', 'no-store')
    return c.json(READY, 200)
  })
  routes.get('/metrics', async c =>
    c.text(await metrics.text(), 200, { 'Content-Type': metrics.registry.contentType }),
  )
  return routes
}

async function partsAway({ pool, redis, clock }: HttpDeps): Promise<string[]> {
  const probes: [string, () => Promise<unknown>][] = [
    ['Postgres', () => pool.query('select 1')],
    ['Redis', () => redis.ping()],
  ]
  const over = new AbortController()
  const late = clock.sleep(PROBE_MS, over.signal).then(() => false)
  const up = await Promise.all(
    probes.map(([, probe]) => {
      const answered = probe().then(
        () => true,
        () => false,
      )
      return Promise.race([answered, late])
    }),
  )
  over.abort()
  return probes.flatMap(([name], i) => (up[i] ? [] : [name]))
}
