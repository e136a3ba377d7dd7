/**
 * The payment simulator: enough of Stripe's HTTP API for the official SDK, with state, signed webhooks and a 3-D Secure page.
 * `startSimulator` runs one in this process, for tests and for main.ts.
 *
 * Not for the public internet: whoever knows the secret key can turn its knobs.
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { type Chance, type Clock, systemChance, systemClock } from '../../shared/clock.ts'
import type { Account } from './account.ts'
import { expireAuthorization, finishProcessing } from './attempts.ts'
import { Calls } from './call.ts'
import { runDeadlines } from './deadlines.ts'
import { openDispute } from './disputes.ts'
import { recordEvent } from './events.ts'
import { createKnobs, type KnobChange, type Knobs } from './knobs.ts'
import { settleRefund } from './refunds.ts'
import { createRoutes } from './routes.ts'
import { describeState, type SimulatorState } from './simulator-state.ts'
import { type Caps, DEFAULT_CAPS, openStore } from './store.ts'
import { type WebhookEndpoint, Webhooks } from './webhooks.ts'

/** How often what happens by itself is looked for. */
const TICK_MS = 50

export interface SimulatorOptions {
  /** 0, the default, takes any free one. */
  port?: number
  /** Address to listen on; by default this machine only. */
  host?: string
  /** Where a browser reaches the 3-D Secure page; by default where we listen. */
  publicUrl?: string
  /** The only key that is taken; by default any sk_test_... is. */
  secretKey?: string
  webhook?: WebhookEndpoint
  /** Pause before an event is delivered again, doubled each time. 1 s by default. */
  firstRetryMs?: number
  /** A SQLite file that keeps the state over a restart. */
  file?: string
  knobs?: KnobChange
  caps?: Partial<Caps>
  clock?: Clock
  chance?: Chance
}

export interface Simulator {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Turns knobs; see knobs.ts. Throws a ZodError for an unknown one. */
  change(change: KnobChange): Knobs
  /** Where events go from now on; null: nowhere. */
  setWebhook(webhook: WebhookEndpoint | null): void
  /** Ends `webhooks.hold`: what was held goes out one by one; resolves once each was tried. */
  releaseWebhooks(order?: Knobs['webhooks']['order']): Promise<void>
  /** Moves the account's clock forward: authorisations expire, keys are forgotten. Signatures keep the true time. */
  advance(ms: number): void
  state(limit?: number): SimulatorState
  /** Resolves when nothing runs any more and everything is on disk. */
  close(): Promise<void>
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const trueClock = options.clock ?? systemClock
  let advancedMs = 0
  const knobs = createKnobs()
  const store = openStore(options.file, { ...DEFAULT_CAPS, ...options.caps })
  const webhooks = new Webhooks({
    clock: trueClock,
    knobs,
    firstRetryMs: options.firstRetryMs ?? 1_000,
    delivered(event) {
      event.pending = false
      if (store.events.get(event.id) !== undefined) store.events.put(event.id, event)
    },
  })
  const account: Account = {
    store,
    knobs,
    chance: options.chance ?? systemChance,
    clock: { now: () => trueClock.now() + advancedMs, sleep: trueClock.sleep },
    publicUrl: '',
    announce(type, object, origin) {
      const isWanted = webhooks.wants(type)
      const event = recordEvent(account, type, object, origin, isWanted)
      if (isWanted) webhooks.enqueue(event)
    },
  }
  const calls = new Calls(account, options.secretKey)

  const tick = () => {
    calls.sweep()
    runDeadlines(account, {
      authorization: expireAuthorization,
      processing: finishProcessing,
      refund: settleRefund,
      dispute: openDispute,
    })
  }
  const change = (input: unknown): Knobs => {
    const wasHeld = knobs.now.webhooks.hold
    const now = knobs.change(input)
    if (wasHeld && !now.webhooks.hold) void webhooks.release()
    return now
  }
  const advance = (ms: number): void => {
    advancedMs += ms
    tick()
  }
  const state = (limit?: number) => describeState(account, calls, webhooks, limit)

  change(options.knobs ?? {})
  webhooks.endpoint = options.webhook ?? null
  const app = createRoutes({ account, calls, secretKey: options.secretKey, change, advance, state })
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  const url = await listen(server, options.host ?? '127.0.0.1', options.port ?? 0)
  account.publicUrl = (options.publicUrl ?? url).replace(/\/$/, '')
  const timer = setInterval(tick, TICK_MS)
  for (const event of store.events.values()) {
    if (event.pending && webhooks.wants(event.type)) webhooks.enqueue(event)
  }

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    clearInterval(timer)
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await Promise.all([calls.close(), webhooks.close(), closed])
    store.close()
  }
  return {
    url,
    port: Number(new URL(url).port),
    change,
    setWebhook(webhook) {
      webhooks.endpoint = webhook
    },
    releaseWebhooks(order) {
      knobs.change({ webhooks: { hold: false, ...(order === undefined ? {} : { order }) } })
      return webhooks.release()
    },
    advance,
    state,
    close: () => (closing ??= close()),
  }
}

/** Resolves with the address; rejects where the port is taken. */
function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const { port: taken } = server.address() as AddressInfo
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${taken}`)
    })
  })
}
