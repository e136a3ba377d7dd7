/** Stripe's rate limits, one bucket an endpoint and one for the account, each a second deep. Off unless the knob is on. */
import type { Clock } from '../../shared/clock.ts'
import type { Knobs } from './knobs.ts'
import { Refusal } from './refusal.ts'

interface Bucket {
  tokens: number
  filledAt: number
}

export class RateLimits {
  readonly #clock: Clock
  readonly #knobs: Knobs
  /** As many as there are endpoints. */
  readonly #endpoints = new Map<string, Bucket>()
  readonly #account: Bucket = { tokens: Number.POSITIVE_INFINITY, filledAt: 0 }

  constructor(clock: Clock, knobs: Knobs) {
    this.#clock = clock
    this.#knobs = knobs
  }

  /** Counts one call. Throws a Refusal, and then counts nothing. */
  check(endpoint: string): void {
    const { on, endpointPerSecond, accountPerSecond } = this.#knobs.rateLimits
    if (!on) return
    const own = this.#endpoints.get(endpoint) ?? { tokens: endpointPerSecond, filledAt: this.#clock.now() }
    this.#endpoints.set(endpoint, own)
    this.#fill(own, endpointPerSecond)
    this.#fill(this.#account, accountPerSecond)
    if (own.tokens < 1) throw exceeded('endpoint-rate')
    if (this.#account.tokens < 1) throw exceeded('global-rate')
    own.tokens -= 1
    this.#account.tokens -= 1
  }

  #fill(bucket: Bucket, perSecond: number): void {
    const now = this.#clock.now()
    const gained = (Math.max(0, now - bucket.filledAt) / 1000) * perSecond
    bucket.tokens = Math.min(perSecond, bucket.tokens + gained)
    bucket.filledAt = now
  }
}

function exceeded(reason: string): Refusal {
  const message =
    'Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.'
  return new Refusal(
    429,
    { type: 'invalid_request_error', code: 'rate_limit', message },
    { executed: false, headers: { 'stripe-rate-limited-reason': reason } },
  )
}
