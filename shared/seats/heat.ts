/** How full each part of a house is: what operators see instead of 82,000 dots. Pure. */
import type { SectionHeat } from '../wire/messages.ts'
import { type SeatSnapshot, STATUS } from './inventory.ts'
import { rowLength, type SeatPlan } from './seat-map.ts'

/** A standing area's units that Redis does not tell apart: it knows only how many are free. */
export interface AreaUnits {
  sold: number
  blocked: number
}

/**
 * Sections, then standing areas, in the map's order; blocked tickets are no part of `total`. A stadium of 82,000 seats takes
 * under 1 ms (heat.test.ts measures it).
 */
export function heatOf(
  plan: SeatPlan,
  { state, areas }: Pick<SeatSnapshot, 'state' | 'areas'>,
  units: AreaUnits[],
): SectionHeat[] {
  const sections = plan.map.sections.map(({ id, name, rows }) => {
    const counts = [0, 0, 0, 0]
    for (const row of rows) count(state, row.first, row.first + rowLength(row), counts)
    const [available = 0, held = 0, sold = 0] = counts
    return { section: id, name, total: available + held + sold, held, sold }
  })
  const standing = plan.map.areas.map(({ id, name, capacity }, i) => {
    const { sold, blocked } = units[i] ?? { sold: 0, blocked: 0 }
    const total = capacity - blocked
    // Read a moment apart: between them a unit may have been sold.
    const held = Math.max(0, total - sold - (areas[i] ?? 0))
    return { section: id, name, total, held, sold: Math.min(sold, total) }
  })
  return [...sections, ...standing]
}

/** Adds up the seats of each status from `first` to before `end`. */
function count(state: Uint8Array, first: number, end: number, counts: number[]): void {
  for (let index = first; index < end; index++) {
    const status = ((state[index >> 2] ?? STATUS.available) >> (6 - 2 * (index & 3))) & 3
    counts[status]!++
  }
}
