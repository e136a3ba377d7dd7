/**
 * The lines that rows of seats follow: straight or round, each with parallels at a distance (its offset, away from
 * the stage). Lengths in centimetres, y downwards. Pure geometry: it knows of no seats.
 */
import type { Point } from '../../../shared/seats/seat-map.ts'

export interface Curve {
  /** Length of the parallel at an offset. */
  length(offset: number): number
  /** The point that far along the parallel at an offset. */
  at(offset: number, along: number): Point
  /** How many straight pieces draw the part between two fractions to within a few cm. */
  pieces(from: number, to: number): number
}

/** Three degrees: at a radius of 80 m the chord leaves the arc by less than 3 cm. */
const ARC_PIECE = Math.PI / 60

/** A straight line; offsets go to the right of its direction (on a screen: y downwards). */
export function line(from: Point, to: Point): Curve {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const dx = (to.x - from.x) / length
  const dy = (to.y - from.y) / length
  return {
    length: () => length,
    at: (offset, along) => ({ x: from.x + dx * along - dy * offset, y: from.y + dy * along + dx * offset }),
    pieces: () => 1,
  }
}

/** A piece of a circle, from one angle to another (radians, 0 to the right, growing downwards); offsets go outwards. */
export function arc(centre: Point, radius: number, from: number, to: number): Curve {
  const sweep = to - from
  const length = (offset: number) => Math.abs(sweep) * (radius + offset)
  return {
    length,
    at: (offset, along) => {
      const angle = from + sweep * (along / length(offset))
      const r = radius + offset
      return { x: centre.x + r * Math.cos(angle), y: centre.y + r * Math.sin(angle) }
    },
    pieces: (start, end) => Math.max(1, Math.ceil((Math.abs(sweep) * (end - start)) / ARC_PIECE)),
  }
}

export interface Ring {
  top: Curve
  topLeft: Curve
  left: Curve
  bottomLeft: Curve
  bottom: Curve
  bottomRight: Curve
  right: Curve
  topRight: Curve
}

/**
 * A rectangle with rounded corners, as eight curves. They run so that someone on the outside who faces the middle
 * counts from left to right. `straightX` and `straightY` are the lengths of the straight sides.
 */
export function ring(centre: Point, straightX: number, straightY: number, radius: number): Ring {
  const [l, r] = [centre.x - straightX / 2, centre.x + straightX / 2]
  const [t, b] = [centre.y - straightY / 2, centre.y + straightY / 2]
  const quarter = Math.PI / 2
  return {
    top: line({ x: r, y: t - radius }, { x: l, y: t - radius }),
    topLeft: arc({ x: l, y: t }, radius, -quarter, -2 * quarter),
    left: line({ x: l - radius, y: t }, { x: l - radius, y: b }),
    bottomLeft: arc({ x: l, y: b }, radius, 2 * quarter, quarter),
    bottom: line({ x: l, y: b + radius }, { x: r, y: b + radius }),
    bottomRight: arc({ x: r, y: b }, radius, quarter, 0),
    right: line({ x: r + radius, y: b }, { x: r + radius, y: t }),
    topRight: arc({ x: r, y: t }, radius, 0, -quarter),
  }
}

/** The part of a curve's parallel between two fractions, less a margin at either end, as points. */
export function trace(curve: Curve, offset: number, from: number, to: number, margin: number): Point[] {
  const length = curve.length(offset)
  const start = from * length + margin
  const end = to * length - margin
  const pieces = curve.pieces(from, to)
  return Array.from({ length: pieces + 1 }, (_, i) => curve.at(offset, start + ((end - start) * i) / pieces))
}
