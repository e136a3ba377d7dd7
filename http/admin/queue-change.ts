/**
 * What an operator may change of a queue, in our words or in those of Cloudflare's waiting room
 * (developers.cloudflare.com/waiting-room): whoever comes from there keeps their scripts.
 */
import { z } from '@hono/zod-openapi'
import type { QueueChange } from '../../queue/queue.ts'
import { invalid } from '../../shared/errors.ts'
import { lines } from '../texts.ts'

const time = z.iso.datetime({ offset: true })

/** Each setting once, for the change and for what is told. */
export const SETTINGS = {
  method: z.enum(['fifo', 'random']).openapi({
    description:
      'The order of those who come before the doors: as they come, or drawn by lot. Later ones stand behind.',
  }),
  joins: z.boolean().openapi({ description: 'Whether newcomers are taken.' }),
  preQueueAt: time
    .nullable()
    .openapi({ description: 'When the line of a scheduled queue forms; null: with its doors.' }),
  opensAt: time.nullable().openapi({ description: 'When the doors move; null: when you say so.' }),
  rate: z
    .number()
    .min(0)
    .max(100_000)
    .openapi({ description: 'Admissions per second; fractions are allowed.' }),
  cap: z.int().min(0).max(10_000_000).openapi({ description: 'Most active visitors at once.' }),
  factor: z.number().min(0.01).max(1_000).openapi({ description: 'Visitors let in per free seat.' }),
  passSeconds: z
    .int()
    .min(5)
    .max(86_400)
    .openapi({ description: 'How long a slot lasts; who is active is renewed.' }),
  staySeconds: z
    .int()
    .min(5)
    .max(86_400)
    .openapi({ description: 'The longest stay by renewal. It never ends a hold or a payment.' }),
  claimSeconds: z
    .int()
    .min(2)
    .max(3_600)
    .openapi({ description: 'How long a turn waits for its visitor before the next is called.' }),
  graceSeconds: z
    .int()
    .min(5)
    .max(86_400)
    .openapi({ description: 'How long a place is kept without a socket or a poll.' }),
  soldOut: z.enum(['keep', 'dissolve']).openapi({
    description: 'When nothing is left and nothing held: the line waits for returns, or is told and ended.',
  }),
  payRate: z.number().positive().max(100_000).nullable().openapi({
    description:
      'Payments a second that the payment provider takes: no more are let in than can pay within a minute. null: STRIPE_RPS.',
  }),
  perNetwork: z.int().min(1).max(10_000_000).nullable().openapi({
    description:
      'Hard limit: places of one network in a line. null: none, as an honest crowd may share one address.',
  }),
  beaconRound: z.int().min(1).nullable().openapi({
    description: "The round of drand's quicknet that a draw takes in, of after the doors' time; null: none.",
  }),
  message: lines(500).openapi({
    description: 'A word to those who wait; empty, or null in a change: none.',
  }),
} as const

const burst = z
  .number()
  .min(1)
  .max(100_000)
  .nullable()
  .openapi({ description: "Admissions at once after quiet; null: a second's worth of rate." })

const message = SETTINGS.message.nullable().transform(word => word ?? '')

const STATES = ['off', 'scheduled', 'pre_queue', 'open', 'paused', 'closing'] as const

const CLOUDFLARE = {
  new_users_per_minute: z.int().min(0).max(6_000_000).openapi({ description: '60 x rate' }),
  total_active_users: SETTINGS.cap.openapi({ description: 'cap' }),
  session_duration: z.int().min(1).max(1_440).openapi({ description: 'passSeconds, in minutes' }),
  disable_session_renewal: z.boolean().openapi({ description: 'true: staySeconds = passSeconds' }),
  queueing_method: z.enum(['fifo', 'random', 'passthrough', 'reject']).openapi({
    description: 'method; passthrough: state off; reject: state paused without joins',
  }),
  suspended: z.boolean().openapi({ description: 'true: state off; false: state open' }),
  prequeue_start_time: time.openapi({ description: 'preQueueAt' }),
  event_start_time: time.openapi({ description: 'opensAt; the state becomes scheduled' }),
  shuffle_at_event_start: z.boolean().openapi({ description: 'true: method random' }),
} as const

export const Change = z
  .strictObject({ state: z.enum(STATES), ...SETTINGS, message, burst, ...CLOUDFLARE })
  .partial()
  .openapi('QueueChange', {
    description: "What is left out stays as it is. Cloudflare's names are taken too; one thing by one name.",
  })

type Change = z.infer<typeof Change>
type Name = keyof typeof CLOUDFLARE

/** What each of Cloudflare's names says in our words. */
const TRANSLATED: { [K in Name]: (value: NonNullable<Change[K]>, all: Change) => Partial<Change> } = {
  new_users_per_minute: perMinute => ({ rate: perMinute / 60 }),
  total_active_users: cap => ({ cap }),
  session_duration: minutes => ({ passSeconds: 60 * minutes }),
  disable_session_renewal: (disabled, { session_duration: minutes, passSeconds }) => {
    const slot = minutes === undefined ? passSeconds : 60 * minutes
    if (!disabled) return { staySeconds: 86_400 }
    if (slot === undefined) throw invalid('disable_session_renewal', 'needs session_duration beside it')
    return { staySeconds: slot }
  },
  queueing_method: method => {
    if (method === 'passthrough') return { state: 'off' }
    if (method === 'reject') return { state: 'paused', joins: false }
    return { method }
  },
  suspended: suspended => ({ state: suspended ? 'off' : 'open' }),
  prequeue_start_time: preQueueAt => ({ preQueueAt }),
  event_start_time: opensAt => ({ state: 'scheduled', opensAt }),
  shuffle_at_event_start: shuffled => ({ method: shuffled ? 'random' : 'fifo' }),
}

/** @throws Problem invalid_request where one thing is said twice */
export function changeOf(body: Change): QueueChange {
  const said: Record<string, unknown> = {}
  const say = (name: string, values: Partial<Change>) => {
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) continue
      if (key in said && said[key] !== value)
        throw invalid(name, `says another ${key} than the rest of the body`)
      said[key] = value
    }
  }
  for (const [name, value] of Object.entries(body)) {
    if (value !== undefined && !(name in CLOUDFLARE)) say(name, { [name]: value })
  }
  for (const name of Object.keys(CLOUDFLARE) as Name[]) translate(name, body, say)
  for (const name of ['preQueueAt', 'opensAt']) {
    if (typeof said[name] === 'string') said[name] = Date.parse(said[name])
  }
  return said as QueueChange
}

function translate<K extends Name>(
  name: K,
  body: Change,
  say: (name: string, values: Partial<Change>) => void,
): void {
  const value = body[name]
  if (value !== undefined) say(name, TRANSLATED[name](value as NonNullable<Change[K]>, body))
}
