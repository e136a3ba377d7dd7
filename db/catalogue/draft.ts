/** An event of the demo before it has a date in the future: what football.ts and stage.ts make and catalogue.ts dates. */
import { createHash } from 'node:crypto'
import type { LocalTime } from '../../shared/local-time.ts'
import type { Place } from './places.ts'
import type { Tariff } from './prices.ts'

export type MapName = 'theatre' | 'arena' | 'stadium' | 'club'

export interface Venue {
  id: string
  name: string
  place: Place
  map: MapName
}

export interface Performer {
  id: string
  name: string
  kind: 'team' | 'orchestra' | 'ensemble' | 'company' | 'composer' | 'playwright'
}

export interface Draft {
  id: string
  name: string
  type: 'football' | 'concert' | 'theatre'
  venue: Venue
  /** When it took place in the past season, or, if modelled, would have. */
  past: LocalTime
  performers: Performer[]
  competition: string | null
  tariff: Tariff
  modelled: boolean
  onSale: boolean
  hot: boolean
}

/** Twelve hex digits of the identity's SHA-256: the same in every load, whatever its date. */
export function idOf(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 12)
}

/** A number from 0 to below 1 that belongs to an identity. */
export function shareOf(identity: string): number {
  return createHash('sha256').update(identity).digest().readUInt32BE(16) / 2 ** 32
}
