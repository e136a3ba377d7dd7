/** What an operator types, checked before it is sent. Pure. */
import type { OnsaleError } from '../../client/http.ts'
import { fromLocal, localText } from '../format/venue-clock.ts'
import type { QueueChange, QueueSettings } from './desk.ts'

export type Typed<T> = { ok: true; value: T } | { ok: false; fault: string }

const MOST_RATE = 100_000
const MOST_CAP = 10_000_000
export const MOST_MESSAGE = 500

/** Admissions per second; fractions, with a point or a comma. */
export function rateOf(text: string): Typed<number> {
  const value = Number(text.trim().replace(',', '.'))
  if (text.trim() === '' || !Number.isFinite(value)) return fault('The rate is a number, such as 0.5 or 20.')
  if (value < 0 || value > MOST_RATE) return fault('The rate is from 0 to 100,000 admissions per second.')
  return { ok: true, value }
}

/** Most active visitors at once. */
export function capOf(text: string): Typed<number> {
  const value = Number(text.trim())
  if (text.trim() === '' || !Number.isInteger(value)) return fault('The cap is a whole number.')
  if (value < 0 || value > MOST_CAP) return fault('The cap is from 0 to 10,000,000.')
  return { ok: true, value }
}

/** One leading digit more or less: 0.1, 0.2 … 0.9, 1, 2 … 9, 10, 20. `least` is the smallest step there is. */
export function stepped(value: number, direction: 1 | -1, least: number): number {
  if (value <= 0) return direction === 1 ? least : 0
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9)
  const wide = Math.max(least, direction === -1 && value <= power * (1 + 1e-9) ? power / 10 : power)
  const steps = value / wide
  const next = direction === 1 ? Math.floor(steps + 1e-9) + 1 : Math.ceil(steps - 1e-9) - 1
  return Number(Math.max(0, next * wide).toPrecision(12))
}

const seconds = (least: number, most: number) => (text: string) => {
  const value = Number(text.trim())
  const good = text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most
  return good ? { ok: true as const, value } : fault(`Whole seconds, from ${least} to ${words(most)}.`)
}

/** Empty is no bound. */
const whole = (most: number) => (text: string) => {
  if (text.trim() === '') return { ok: true as const, value: null }
  const value = Number(text.trim())
  const good = Number.isInteger(value) && value >= 1 && value <= most
  return good ? { ok: true as const, value } : fault(`A whole number from 1 to ${words(most)}, or nothing.`)
}

function payRateOf(text: string): Typed<number | null> {
  if (text.trim() === '') return { ok: true, value: null }
  const value = Number(text.trim().replace(',', '.'))
  return value > 0 && value <= MOST_RATE
    ? { ok: true, value }
    : fault('A number above 0, such as 0.5 or 20, or nothing.')
}

function timeOf(text: string, zone: string): Typed<string | null> {
  if (text.trim() === '') return { ok: true, value: null }
  const at = fromLocal(text, zone)
  return at === undefined
    ? fault('The clocks at the venue never show this time.')
    : { ok: true, value: new Date(at).toISOString() }
}

const oneOf =
  <Word extends string>(...all: Word[]) =>
  (text: string): Typed<Word> => {
    const value = all.find(word => word === text)
    return value === undefined ? fault(`One of ${all.join(', ')}.`) : { ok: true, value }
  }

const READ = {
  rate: rateOf,
  cap: capOf,
  message: (text: string) => ({ ok: true as const, value: text.trim() }),
  method: oneOf('fifo', 'random'),
  preQueueAt: timeOf,
  opensAt: timeOf,
  beaconRound: whole(Number.MAX_SAFE_INTEGER),
  joins: (text: string) => ({ ok: true as const, value: text === 'yes' }),
  claimSeconds: seconds(2, 3_600),
  graceSeconds: seconds(5, 86_400),
  staySeconds: seconds(5, 86_400),
  soldOut: oneOf('keep', 'dissolve'),
  perNetwork: whole(10_000_000),
  payRate: payRateOf,
} satisfies { [Name in keyof QueueChange]: (text: string, zone: string) => Typed<QueueChange[Name]> }

export type Field = keyof typeof READ

const FIELDS = Object.keys(READ) as Field[]
/** Sent whenever anything is: they stand in sight. */
const ALWAYS: readonly Field[] = ['rate', 'cap', 'message']
/** Of one line: the next one begins without them unless they are sent. */
const PLAN: readonly Field[] = ['method', 'preQueueAt', 'opensAt', 'beaconRound']

/** Settings as they are called where what is not saved is told. */
const NAMES: Record<Field, string> = {
  rate: 'rate',
  cap: 'cap',
  message: 'message',
  method: 'order',
  preQueueAt: 'when the line forms',
  opensAt: 'when doors move',
  beaconRound: 'beacon round',
  joins: 'newcomers',
  claimSeconds: 'claim',
  graceSeconds: 'grace',
  staySeconds: 'stay',
  soldOut: 'when sold out',
  perNetwork: 'limit of a network',
  payRate: 'payments a second',
}

/** The fields as they are typed. */
export type Draft = Record<Field, string>

/** Beside which field each fault is shown; `form` for what is no field's. */
export type Faults = Partial<Record<Field | 'form', string>>

/** As it is saved; times by the clocks of the zone. */
export function draftOf(settings: Pick<QueueSettings, Field>, zone: string): Draft {
  const { rate, cap, message, method, preQueueAt, opensAt, joins, soldOut } = settings
  const { beaconRound, claimSeconds, graceSeconds, staySeconds, perNetwork, payRate } = settings
  const time = (at: string | null) => (at === null ? '' : localText(Date.parse(at), zone))
  const number = (value: number | null) => (value === null ? '' : String(value))
  return {
    rate: String(rate),
    cap: String(cap),
    message,
    method,
    preQueueAt: time(preQueueAt),
    opensAt: time(opensAt),
    beaconRound: number(beaconRound),
    joins: joins ? 'yes' : 'no',
    claimSeconds: String(claimSeconds),
    graceSeconds: String(graceSeconds),
    staySeconds: String(staySeconds),
    soldOut,
    perNetwork: number(perNetwork),
    payRate: number(payRate),
  }
}

/** Another operator has saved: fields that nobody typed in follow, the others stay as typed. */
export function followed(draft: Draft, before: Draft, now: Draft): Draft {
  const field = (name: Field) => [name, draft[name] === before[name] ? now[name] : draft[name]]
  return Object.fromEntries(FIELDS.map(field)) as Draft
}

/** Fields that are typed otherwise than they are saved, by name. */
export function unsaved(draft: Draft, saved: Draft): string[] {
  return FIELDS.filter(field => isChanged(draft, saved, field)).map(field => NAMES[field])
}

/**
 * What is to be sent, or what is wrong with it. A plan that is made, and not only changed, needs the time of its doors, where
 * it is scheduled, and goes out as a whole.
 */
export function read(
  draft: Draft,
  saved: Draft,
  zone: string,
  plan?: 'scheduled' | 'pre_queue',
): { ok: true; change: QueueChange } | { ok: false; faults: Faults; first: Field } {
  const change: Record<string, unknown> = {}
  const faults: Faults = {}
  for (const field of FIELDS) {
    const asked = ALWAYS.includes(field) || (plan !== undefined && PLAN.includes(field))
    if (!asked && !isChanged(draft, saved, field)) continue
    const typed: Typed<unknown> = READ[field](draft[field], zone)
    if (typed.ok) change[field] = typed.value
    else faults[field] = typed.fault
  }
  if (plan === 'scheduled' && change['opensAt'] === null)
    faults.opensAt = 'A schedule needs the time of its doors.'
  // It forms with the switch, whatever was planned.
  if (plan === 'pre_queue') change['preQueueAt'] = null
  const first = FIELDS.find(field => faults[field] !== undefined)
  return first === undefined ? { ok: true, change } : { ok: false, faults, first }
}

/** A refusal of the server's, beside the fields that it names. */
export function faultsOf(error: OnsaleError, text: string): Faults {
  const faults: Faults = {}
  for (const { field, message } of error.fields) {
    const known = FIELDS.find(one => one === field)
    if (known !== undefined) faults[known] = message
  }
  return Object.keys(faults).length > 0 ? faults : { form: text }
}

function isChanged(draft: Draft, saved: Draft, field: Field): boolean {
  return draft[field].trim() !== saved[field].trim()
}

function words(value: number): string {
  return value.toLocaleString('en')
}

function fault(text: string): { ok: false; fault: string } {
  return { ok: false, fault: text }
}
