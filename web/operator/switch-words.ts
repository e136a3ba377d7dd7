/** The states of a queue in words, and what will follow from a switch, said before it is done. Pure. */
import { moment } from '../format/dates.ts'
import { fromLocal } from '../format/venue-clock.ts'
import { type Draft, rateOf } from './settings.ts'

export type Switch = 'off' | 'scheduled' | 'pre_queue' | 'open' | 'paused' | 'closing'

/** "Queue open", as a badge. */
export function queueWords(state: string): string {
  return state === 'pre_queue' ? 'Pre-queue' : `Queue ${state}`
}

/** "one every 5 s", "20 a second, 1,200 a minute" */
export function rateText(rate: number): string {
  if (rate === 0) return 'nobody is let in'
  if (rate < 1) return `one every ${round(1 / rate)} s`
  return `${round(rate)} a second, ${round(rate * 60)} a minute`
}

/** By what is typed: it is saved with the switch where the switch needs it. */
export function consequence(wanted: Switch, waiting: number, typed: Draft, zone: string): string {
  const those = waiting > 0 ? `${round(waiting)} waiting` : 'whoever comes'
  switch (wanted) {
    case 'off':
      return `The line ends, and ${those} may go on to the seats at once.`
    case 'paused':
      return `Nobody is let in until you open it again; ${those} keep their places.`
    case 'closing':
      return `Nobody new may join. ${waiting > 0 ? `The ${round(waiting)} waiting are` : 'Whoever waits is'} still let in, to the last.`
    case 'scheduled':
      return `${SHUT} ${formsWords(typed, zone)} ${doorsWords(typed, zone)} ${orderWords(typed)}`
    case 'pre_queue':
      return `${SHUT} The line forms at once, and nobody is let in yet. ${doorsWords(typed, zone)} ${orderWords(typed)}`
    case 'open': {
      const [rate, cap] = [rateOf(typed.rate), Number(typed.cap)]
      const pace =
        !rate.ok || rate.value === 0 || cap === 0
          ? 'Nobody is let in at this rate and cap.'
          : `Let in: ${rateText(rate.value)}, at most ${round(cap)} active at once.`
      return `From now on seats are shown and sold only to those who were let in. ${pace}${emptiedIn(waiting, rate.ok ? rate.value : 0)}`
    }
    default:
      return wanted satisfies never
  }
}

const SHUT = 'From now on seats are shown and sold only to those who were let in.'

function formsWords({ preQueueAt }: Draft, zone: string): string {
  const at = fromLocal(preQueueAt, zone)
  return at === undefined
    ? 'Until the doors move nobody may join.'
    : `The line forms on ${moment(at, zone)}, and nobody may join before.`
}

function doorsWords({ opensAt }: Draft, zone: string): string {
  const at = fromLocal(opensAt, zone)
  return at === undefined
    ? 'Doors move when you open the queue.'
    : `Doors move by themselves on ${moment(at, zone)}.`
}

function orderWords({ method }: Draft): string {
  return method === 'random'
    ? 'Everyone who has come by ten seconds before the doors is drawn by lot; later ones stand behind.'
    : 'First come, first served.'
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
