/** How full each part of a house is: in shares, steps of a colour, and words. Pure. */
import type { SectionHeat } from '../../shared/wire/messages.ts'

/** From 0 to 1: sold and held together. */
export function taken({ total, held, sold }: SectionHeat): number {
  return total > 0 ? Math.min(1, (held + sold) / total) : 0
}

/** Steps of the map's colour: each begins at this share. The last is full and nothing else. */
export const HEAT_STEPS = [
  { from: 0, name: 'none' },
  { from: Number.MIN_VALUE, name: 'under 10%' },
  { from: 0.1, name: '10–30%' },
  { from: 0.3, name: '30–60%' },
  { from: 0.6, name: '60–99%' },
  { from: 1, name: 'full' },
] as const

export function heatStep(share: number): number {
  return HEAT_STEPS.findLastIndex(({ from }) => share >= from)
}

/** "37%"; never 0% or 100% where it is not. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1%'
  if (share < 1 && share > 0.99) return '>99%'
  return `${Math.round(share * 100)}%`
}

export function heatWords(heat: SectionHeat): string {
  const { name, total, held, sold } = heat
  const count = (n: number) => n.toLocaleString('en')
  return `${name}: ${percent(taken(heat))} taken, ${count(sold)} sold and ${count(held)} held of ${count(total)}`
}

export type HeatOrder = 'taken' | 'map'

/** The fullest first, the larger before the smaller; or as they stand on the map. */
export function ordered(heat: readonly SectionHeat[], order: HeatOrder): readonly SectionHeat[] {
  if (order === 'map') return heat
  return heat.toSorted((a, b) => taken(b) - taken(a) || b.total - a.total)
}
