/**
 * The knobs: how the simulator misbehaves. All off by default. Set by POST /_simulator/knobs or in code; a change
 * names only what it changes, `{}` changes nothing.
 */
import { z } from 'zod'

const HOUR_MS = 3_600_000
const LONGEST_MS = 30 * 24 * HOUR_MS
const MOST_FAULTS = 100

const ms = z.number().int().min(0).max(LONGEST_MS)
const rate = z.number().min(0).max(1)

const Fault = z.strictObject({
  /** Which call: a path in which * stands for one part, such as /v1/refunds or /v1/charges/*. Unset: any call. */
  path: z.string().max(200).optional(),
  method: z.enum(['GET', 'POST']).optional(),
  /** How many calls it meets. */
  times: z.number().int().min(1).max(100_000).default(1),
  /** True: the call takes effect, and only its answer is lost. */
  afterEffect: z.boolean().default(false),
})

const FailingReply = Fault.extend({
  status: z.number().int().min(400).max(599).default(500),
  /** Sent as Stripe-Should-Retry. */
  shouldRetry: z.boolean().optional(),
  /** Kept under the idempotency key, so that a retry replays it. By default a 500 is, any other status is not. */
  kept: z.boolean().optional(),
})

const Webhooks = z.strictObject({
  /** Chance that an event is delivered twice. */
  duplicate: rate,
  /** Each delivery waits up to this long by chance, so events overtake each other. */
  shuffleMs: ms,
  /** Chance that an event is never delivered. */
  dropRate: rate,
  /** So many of the next events are never delivered. */
  dropNext: z.number().int().min(0).max(1_000_000),
  delayMs: ms,
  /** Events wait until this is false again, then go out one after the other in `order`. */
  hold: z.boolean(),
  order: z.enum(['created', 'reversed', 'shuffled']),
  /** Added to the time in Stripe-Signature: -400_000 makes every signature too old. */
  timestampSkewMs: z.number().int().min(-LONGEST_MS).max(LONGEST_MS),
})

const Settings = z.strictObject({
  /** Seeds the chance that the knobs draw from. */
  seed: z.number().int().min(0),
  /** Every call waits this long before it takes effect, holding its idempotency key and its PaymentIntent. */
  latencyMs: ms,
  /** Stripe's own: 25 calls a second for an endpoint and 100 for an account (https://docs.stripe.com/rate-limits). */
  rateLimits: z.strictObject({
    on: z.boolean(),
    endpointPerSecond: z.number().positive(),
    accountPerSecond: z.number().positive(),
  }),
  webhooks: Webhooks,
  /** How long an authorisation waits for its capture. */
  authorizationMs: ms,
  /** Set: a confirmed payment stays `processing` for so long first. */
  processing: z.strictObject({ ms, outcome: z.enum(['succeeds', 'fails']) }).nullable(),
  /** When a failing refund fails, and a waiting one succeeds. */
  refundMs: ms,
  /** When the dispute of a disputing card arrives. */
  disputeMs: ms,
})

const Change = z.strictObject({
  ...Settings.partial().shape,
  rateLimits: Settings.shape.rateLimits.partial().optional(),
  webhooks: Webhooks.partial().optional(),
  /** The next matching calls are answered with an error. */
  failNext: FailingReply.optional(),
  /** The next matching calls are never answered. */
  timeoutNext: Fault.optional(),
  /** The connection of the next matching calls is cut. */
  resetNext: Fault.optional(),
  /** Everything back to off, before the rest of the change applies. */
  reset: z.boolean().optional(),
})

type Settings = z.infer<typeof Settings>
export type KnobChange = z.input<typeof Change>
export type FailingReply = z.infer<typeof FailingReply>
export type Fault =
  | ({ kind: 'reply' } & FailingReply)
  | ({ kind: 'timeout' | 'reset' } & z.infer<typeof Fault>)

export interface Knobs extends Settings {
  /** Still to come. */
  faults: Fault[]
}

export interface KnobBoard {
  readonly now: Knobs
  /** Throws a ZodError for a change it does not know. */
  change(change: unknown): Knobs
  /** The fault this call meets, used up by it. */
  takeFault(method: string, path: string): Fault | undefined
  /** In [0, 1), from the seed. */
  fraction(): number
}

export function createKnobs(): KnobBoard {
  const now: Knobs = off()
  let state = now.seed
  return {
    now,
    change(input) {
      const { reset, failNext, timeoutNext, resetNext, rateLimits, webhooks, ...plain } = Change.parse(input)
      if (reset === true) Object.assign(now, off())
      Object.assign(now, withoutUndefined(plain))
      Object.assign(now.rateLimits, withoutUndefined(rateLimits ?? {}))
      Object.assign(now.webhooks, withoutUndefined(webhooks ?? {}))
      if (failNext !== undefined) now.faults.push({ kind: 'reply', ...failNext })
      if (timeoutNext !== undefined) now.faults.push({ kind: 'timeout', ...timeoutNext })
      if (resetNext !== undefined) now.faults.push({ kind: 'reset', ...resetNext })
      now.faults.splice(0, now.faults.length - MOST_FAULTS)
      if (plain.seed !== undefined || reset === true) state = now.seed
      return now
    },
    takeFault(method, path) {
      const fault = now.faults.find(
        one => (one.method ?? method) === method && (one.path === undefined || pathMatches(one.path, path)),
      )
      if (fault === undefined) return undefined
      fault.times -= 1
      if (fault.times === 0) now.faults.splice(now.faults.indexOf(fault), 1)
      return fault
    },
    fraction() {
      // mulberry32: small, seedable, good enough for a dice roll.
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}

function off(): Knobs {
  return {
    seed: 1,
    latencyMs: 0,
    rateLimits: { on: false, endpointPerSecond: 25, accountPerSecond: 100 },
    webhooks: {
      duplicate: 0,
      shuffleMs: 0,
      dropRate: 0,
      dropNext: 0,
      delayMs: 0,
      hold: false,
      order: 'created',
      timestampSkewMs: 0,
    },
    authorizationMs: 7 * 24 * HOUR_MS,
    processing: null,
    refundMs: 1_000,
    disputeMs: 0,
    faults: [],
  }
}

function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const parts = path.split('/')
  return (
    wanted.length === parts.length && wanted.every((part, index) => part === '*' || part === parts[index])
  )
}

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
