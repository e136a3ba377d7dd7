/** A seat map as bytes, and its name. Apart from seat-map.ts, which runs in browsers too. */
import { createHash } from 'node:crypto'
import type { SeatMap } from './seat-map.ts'

/** A map as it is stored and served; its hash is of these bytes. */
export function textOf(map: SeatMap): string {
  return JSON.stringify(map)
}

/** The name of a map: the first 32 hex digits of the SHA-256 of its text. */
export function hashOf(map: SeatMap): string {
  return createHash('sha256').update(textOf(map)).digest('hex').slice(0, 32)
}
