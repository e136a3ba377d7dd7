/** What an operator types, checked before it is sent; and what a switch will do, said before it is done. Pure. */
import type { OnsaleError } from '../../client/http.ts'
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

/** "one every 5 s", "20 a second, 1,200 a minute" */
export function rateText(rate: number): string {
  if (rate === 0) return 'nobody is let in'
  if (rate < 1) return `one every ${round(1 / rate)} s`
  return `${round(rate)} a second, ${round(rate * 60)} a minute`
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

/** The fields as they are typed. */
export interface Draft {
  rate: string
  cap: string
  message: string
}

export type Field = keyof Draft

/** Beside which field each fault is shown; `form` for what is no field's. */
export type Faults = Partial<Record<Field | 'form', string>>

export function draftOf({ rate, cap, message }: Pick<QueueSettings, Field>): Draft {
  return { rate: String(rate), cap: String(cap), message }
}

/** Another operator has saved: fields that nobody typed in follow, the others stay as typed. */
export function followed(draft: Draft, before: Draft, now: Draft): Draft {
  const follow = (field: Field) => (draft[field] === before[field] ? now[field] : draft[field])
  return { rate: follow('rate'), cap: follow('cap'), message: follow('message') }
}

/** Fields that are typed otherwise than they are saved. */
export function unsaved(draft: Draft, saved: Draft): Field[] {
  return (['rate', 'cap', 'message'] as const).filter(field => draft[field].trim() !== saved[field].trim())
}

/** All that is typed, to be sent; or what is wrong with it. */
export function read(
  draft: Draft,
): { ok: true; change: Required<Omit<QueueChange, 'state'>> } | { ok: false; faults: Faults } {
  const [rate, cap] = [rateOf(draft.rate), capOf(draft.cap)]
  if (rate.ok && cap.ok)
    return { ok: true, change: { rate: rate.value, cap: cap.value, message: draft.message.trim() } }
  return {
    ok: false,
    faults: { ...(rate.ok ? {} : { rate: rate.fault }), ...(cap.ok ? {} : { cap: cap.fault }) },
  }
}

/** A refusal of the server's, beside the fields that it names. */
export function faultsOf(error: OnsaleError, words: string): Faults {
  const faults: Faults = {}
  for (const { field, message } of error.fields) {
    if (field === 'rate' || field === 'cap' || field === 'message') faults[field] = message
  }
  return Object.keys(faults).length > 0 ? faults : { form: words }
}

export type Switch = 'open' | 'paused' | 'off'

/** What follows from a switch, before it is confirmed. */
export function consequence(
  wanted: Switch,
  waiting: number,
  { rate, cap }: { rate: number; cap: number },
): string {
  const those = waiting > 0 ? `${round(waiting)} waiting` : 'whoever comes'
  if (wanted === 'paused') return `Nobody is let in until you open it again; ${those} keep their places.`
  if (wanted === 'off') return `The line ends, and ${those} may go on to the seats at once.`
  const pace =
    rate === 0 || cap === 0
      ? 'Nobody is let in at this rate and cap.'
      : `Let in: ${rateText(rate)}, at most ${round(cap)} active at once.`
  return `From now on seats are shown and sold only to those who were let in. ${pace}${emptiedIn(waiting, rate)}`
}

function emptiedIn(waiting: number, rate: number): string {
  if (waiting === 0 || rate === 0) return ''
  const seconds = waiting / rate
  const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${round(Math.ceil(seconds / 60))} min`
  return ` The ${round(waiting)} waiting take ${time} at least.`
}

function round(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 1 })
}

function fault(text: string): { ok: false; fault: string } {
  return { ok: false, fault: text }
}
