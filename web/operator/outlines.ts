/** A venue's sections and standing areas as polygons with a name where there is room for it. Pure. */
import type { SeatMap } from '../../shared/seats/seat-map.ts'

export interface Outline {
  id: string
  name: string
  /** Of an SVG polygon. */
  points: string
  /** Undefined where the name has no room. */
  label: { text: string; x: number; y: number; size: number } | undefined
}

export interface Picture {
  /** An SVG viewBox around all there is. */
  box: [x: number, y: number, width: number, height: number]
  stage: Pick<Outline, 'points' | 'label'>
  parts: Outline[]
}

/** Of the picture's width: names between these sizes are read without filling the house. */
const SMALLEST = 1 / 90
const LARGEST = 1 / 46
/** A letter's width by its height. */
const LETTER = 0.62

export function outlines(map: SeatMap): Picture {
  const all = [map.stage.outline, ...[...map.sections, ...map.areas].map(({ outline }) => outline)].flat()
  const edge = edges(all)
  const margin = (edge.right - edge.left) * 0.01
  const width = edge.right - edge.left + 2 * margin
  return {
    box: [edge.left - margin, edge.top - margin, width, edge.bottom - edge.top + 2 * margin],
    stage: { points: pointsOf(map.stage.outline), label: labelOf(map.stage.label, map.stage.outline, width) },
    // Areas after sections: a pitch's standing area may lie over an outline around it.
    parts: [...map.sections, ...map.areas].map(({ id, name, outline }) => ({
      id,
      name,
      points: pointsOf(outline),
      label: labelOf(shortName(name), outline, width),
    })),
  }
}

/** "216" for "Block 216": on the map the number says enough. */
function shortName(name: string): string {
  return /\s(\d+)$/.exec(name)?.[1] ?? name
}

function labelOf(text: string, outline: readonly number[], width: number): Outline['label'] {
  const edge = edges(outline)
  const room = (edge.right - edge.left) * 0.8
  const size = Math.min(width * LARGEST, (edge.bottom - edge.top) * 0.6, room / (text.length * LETTER))
  if (size < width * SMALLEST) return undefined
  const { x, y } = centroid(outline)
  return { text, x, y, size }
}

/** Of the polygon's face: the mean of its corners lies outside of a bent block. */
function centroid(outline: readonly number[]): { x: number; y: number } {
  let [area, x, y] = [0, 0, 0]
  for (let i = 0; i < outline.length; i += 2) {
    const [ax, ay] = [outline[i] ?? 0, outline[i + 1] ?? 0]
    const [bx, by] = [outline[(i + 2) % outline.length] ?? 0, outline[(i + 3) % outline.length] ?? 0]
    const cross = ax * by - bx * ay
    area += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
  }
  if (area === 0) return { x: outline[0] ?? 0, y: outline[1] ?? 0 }
  return { x: x / (3 * area), y: y / (3 * area) }
}

function edges(outline: readonly number[]) {
  const edge = {
    left: Number.POSITIVE_INFINITY,
    top: Number.POSITIVE_INFINITY,
    right: Number.NEGATIVE_INFINITY,
    bottom: Number.NEGATIVE_INFINITY,
  }
  for (let i = 0; i + 1 < outline.length; i += 2) {
    const [x, y] = [outline[i] ?? 0, outline[i + 1] ?? 0]
    edge.left = Math.min(edge.left, x)
    edge.right = Math.max(edge.right, x)
    edge.top = Math.min(edge.top, y)
    edge.bottom = Math.max(edge.bottom, y)
  }
  return edge
}

function pointsOf(outline: readonly number[]): string {
  const points: string[] = []
  for (let i = 0; i + 1 < outline.length; i += 2) points.push(`${outline[i]},${outline[i + 1]}`)
  return points.join(' ')
}
