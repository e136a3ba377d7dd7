/** What operators did, in words: each entry of the audit log as who, and what changed from what to what. Pure. */

import { moment } from '../format/dates.ts'
import type { AuditEntry } from './desk.ts'
import { clipped } from './figures.ts'

/** "operator" for the token that nobody has a name for. */
export function actorWords(actor: string): string {
  return actor === 'admin' || actor === '' ? 'operator' : actor
}

/** One phrase for each thing that changed; never empty. */
export function actWords({ act, detail }: AuditEntry, zone: string): string[] {
  const before = recordOf(detail?.['before'])
  const after = recordOf(detail?.['after'])
  if (act === 'queue.configure' && after !== undefined) {
    const changes = [...new Set([...Object.keys(SETTINGS), ...Object.keys(after)])].flatMap(name => {
      const words = SETTINGS[name] ?? { name, show: shown }
      const [was, is] = [before?.[name], after[name]]
      if (is === undefined || was === is) return []
      const show = (value: unknown) => words.show(value, zone)
      return [`${words.name} ${was === undefined ? '' : `${show(was)} → `}${show(is)}`]
    })
    return changes.length > 0 ? changes : ['saved the settings as they were']
  }
  if (act === 'queue.eject' && detail !== null) return [`visitor ${shown(detail['visitorId'])} thrown out`]
  if (act === 'seats.block' || act === 'seats.unblock') {
    const reason =
      typeof detail?.['reason'] === 'string' && detail['reason'] !== '' ? `: ${detail['reason']}` : ''
    const deed = act === 'seats.block' ? 'kept back' : 'put on sale again'
    return [
      `${shown(detail?.['tickets'])} ${detail?.['tickets'] === 1 ? 'ticket' : 'tickets'} ${deed}${reason}`,
    ]
  }
  const rest = Object.entries(detail ?? {}).map(([name, value]) => `${name} ${shown(value)}`)
  return [[act.replaceAll(/[._]/g, ' '), ...rest].join(', ')]
}

interface Words {
  name: string
  show: (value: unknown, zone: string) => string
}

/** In the order in which they are told. */
const SETTINGS: Record<string, Words> = {
  state: { name: 'queue', show: value => (value === 'pre_queue' ? 'pre-queue' : String(value)) },
  rate: { name: 'rate', show: value => `${shown(value)} a second` },
  cap: { name: 'cap', show: shown },
  burst: { name: 'burst', show: value => (value === null ? 'a second of rate' : shown(value)) },
  method: { name: 'order', show: value => (value === 'random' ? 'by lot' : 'as they come') },
  joins: { name: 'newcomers', show: value => (value === false ? 'not taken' : 'taken') },
  preQueueAt: { name: 'line forms', show: time },
  opensAt: { name: 'doors move', show: time },
  beaconRound: { name: 'beacon round', show: shown },
  factor: { name: 'visitors per free seat', show: shown },
  passSeconds: { name: 'a slot lasts', show: value => `${shown(value)} s` },
  staySeconds: { name: 'a stay lasts', show: value => `${shown(value)} s` },
  claimSeconds: { name: 'a turn waits', show: value => `${shown(value)} s` },
  graceSeconds: { name: 'a place is kept', show: value => `${shown(value)} s` },
  soldOut: { name: 'when sold out', show: value => (value === 'dissolve' ? 'the line ends' : 'it waits') },
  payRate: { name: 'payments a second', show: value => (value === null ? 'STRIPE_RPS' : shown(value)) },
  perNetwork: { name: 'places of one network', show: bound },
  message: { name: 'message', show: value => (value === '' ? 'none' : `“${clipped(String(value), 80)}”`) },
}

function time(value: unknown, zone: string): string {
  return typeof value === 'number' ? moment(value, zone) : 'not set'
}

function bound(value: unknown): string {
  return value === null ? 'no limit' : shown(value)
}

function shown(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en')
  if (value === null) return 'none'
  return clipped(typeof value === 'string' ? value : JSON.stringify(value), 120)
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

/** Newest first, each once: a page that was fetched again, and those that were fetched before. */
export function merged(known: readonly AuditEntry[], fetched: readonly AuditEntry[]): AuditEntry[] {
  const byId = new Map([...known, ...fetched].map(entry => [entry.id, entry]))
  return [...byId.values()].toSorted((a, b) => b.id - a.id)
}
