/**
 * Delivers events to the app's webhook as Stripe does: signed anew for every attempt, several at a time, in no promised order,
 * again with growing pauses until the app answers 2xx.
 *
 * Bounded: CONCURRENCY deliveries at once and MOST_WAITING in all; what comes on top is not delivered, counts as overflowed,
 * and stays in the events list.
 */
import { createHmac } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import type { KnobBoard } from './knobs.ts'
import type { StoredEvent } from './store.ts'

const CONCURRENCY = 16
const MOST_WAITING = 60_000
const TIMEOUT_MS = 10_000
/** 1, 2, 4 ... seconds, then once a minute: some 10 minutes in all, where Stripe takes three days. */
const MOST_ATTEMPTS = 16
const LONGEST_PAUSE_MS = 60_000

export interface WebhookEndpoint {
  url: string
  /** One signature for each: two while one is rotated out. */
  secrets: string[]
  /** Only these types; unset: all of them. */
  events?: string[]
}

interface Delivery {
  event: StoredEvent
  attempts: number
}

export interface WebhookCounts {
  waiting: number
  held: number
  delivered: number
  failedAttempts: number
  givenUp: number
  dropped: number
  overflowed: number
}

interface WebhookOptions {
  /** The true time: signatures are judged by it. */
  clock: Clock
  knobs: KnobBoard
  /** The pause before the second attempt. */
  firstRetryMs: number
  delivered: (event: StoredEvent) => void
}

export class Webhooks {
  endpoint: WebhookEndpoint | null = null
  readonly #options: WebhookOptions
  readonly #closing = new AbortController()
  readonly #ready: Delivery[] = []
  readonly #held: Delivery[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #counts = { waiting: 0, delivered: 0, failedAttempts: 0, givenUp: 0, dropped: 0, overflowed: 0 }

  constructor(options: WebhookOptions) {
    this.#options = options
  }

  get counts(): WebhookCounts {
    return { ...this.#counts, held: this.#held.length }
  }

  wants(type: string): boolean {
    return this.endpoint !== null && (this.endpoint.events?.includes(type) ?? true)
  }

  /** A new event; the knobs may drop, double, hold or delay it. */
  enqueue(event: StoredEvent): void {
    const { knobs } = this.#options
    const { webhooks } = knobs.now
    if (webhooks.dropNext > 0 || happens(knobs, webhooks.dropRate)) {
      webhooks.dropNext = Math.max(0, webhooks.dropNext - 1)
      this.#counts.dropped += 1
      return
    }
    const copies = happens(knobs, webhooks.duplicate) ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) this.#accept({ event, attempts: 0 })
  }

  /** Delivers what was held, one after the other in the order the knob names; resolves after the last first attempt. */
  async release(): Promise<void> {
    const { knobs } = this.#options
    const deliveries = ordered(this.#held.splice(0), knobs)
    for (const delivery of deliveries) {
      if (this.#closing.signal.aborted) return
      await this.#start(delivery)
    }
  }

  /** Breaks off what is on its way; resolves when nothing is. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#underWay)
  }

  #accept(delivery: Delivery): void {
    if (this.#counts.waiting >= MOST_WAITING) {
      this.#counts.overflowed += 1
      return
    }
    this.#counts.waiting += 1
    const { now, fraction } = this.#options.knobs
    if (now.webhooks.hold) this.#held.push(delivery)
    else void this.#after(now.webhooks.delayMs + now.webhooks.shuffleMs * fraction(), delivery)
  }

  async #after(ms: number, delivery: Delivery): Promise<void> {
    if (ms > 0) await this.#options.clock.sleep(ms, this.#closing.signal)
    if (this.#closing.signal.aborted) return
    this.#ready.push(delivery)
    this.#pump()
  }

  #pump(): void {
    while (this.#underWay.size < CONCURRENCY && !this.#closing.signal.aborted) {
      const delivery = this.#ready.shift()
      if (delivery === undefined) return
      void this.#start(delivery).then(() => this.#pump())
    }
  }

  async #start(delivery: Delivery): Promise<void> {
    const attempt = this.#deliver(delivery)
    this.#underWay.add(attempt)
    await attempt
    this.#underWay.delete(attempt)
  }

  /** One attempt; the next one follows by itself. */
  async #deliver(delivery: Delivery): Promise<void> {
    delivery.attempts += 1
    const isDelivered = await this.#post(delivery.event)
    if (isDelivered) {
      this.#counts.waiting -= 1
      this.#counts.delivered += 1
      this.#options.delivered(delivery.event)
      return
    }
    this.#counts.failedAttempts += 1
    if (delivery.attempts >= MOST_ATTEMPTS || this.endpoint === null) {
      this.#counts.waiting -= 1
      this.#counts.givenUp += 1
      return
    }
    const pause = this.#options.firstRetryMs * 2 ** (delivery.attempts - 1)
    void this.#after(Math.min(pause, LONGEST_PAUSE_MS), delivery)
  }

  async #post(event: StoredEvent): Promise<boolean> {
    const { endpoint } = this
    if (endpoint === null) return false
    const { clock, knobs } = this.#options
    const time = Math.floor((clock.now() + knobs.now.webhooks.timestampSkewMs) / 1000)
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        body: event.json,
        redirect: 'manual',
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          'stripe-signature': signatureHeader(event.json, time, endpoint.secrets),
        },
      })
      await response.body?.cancel()
      return response.ok
    } catch {
      // Not reachable, too slow, or we are closing: it is tried again.
      return false
    }
  }
}

/** `t=1700000000,v1=...`, with one v1 for each secret (https://docs.stripe.com/webhooks#verify-manually). */
export function signatureHeader(payload: string, time: number, secrets: string[]): string {
  const signatures = secrets.map(
    secret => `v1=${createHmac('sha256', secret).update(`${time}.${payload}`).digest('hex')}`,
  )
  return [`t=${time}`, ...signatures].join(',')
}

function happens(knobs: KnobBoard, chance: number): boolean {
  return chance > 0 && knobs.fraction() < chance
}

function ordered(deliveries: Delivery[], knobs: KnobBoard): Delivery[] {
  const { order } = knobs.now.webhooks
  if (order === 'created') return deliveries
  if (order === 'reversed') return deliveries.reverse()
  return deliveries
    .map(delivery => ({ delivery, rank: knobs.fraction() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ delivery }) => delivery)
}
