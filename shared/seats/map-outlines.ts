/** Outlines of sections and standing areas as polygons x0, y0, x1, y1, ... in cm: what lies in them, and which lie on one another. Pure. */

/** Neighbours may touch, and be drawn a little across each other's line. */
const TOUCH_CM = 20
/** From one place looked at to the next along a line. */
const STEP_CM = 100
/** Edges looked at in all; a map of ten thousand seats takes some thousand. */
const MOST_STEPS = 20_000_000

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

/** Even-odd rule. */
export function inside(outline: readonly number[], x: number, y: number): boolean {
  let within = false
  const corners = Math.floor(outline.length / 2)
  for (let i = 0, j = corners - 1; i < corners; j = i++) {
    const [xi = 0, yi = 0, xj = 0, yj = 0] = [
      outline[2 * i],
      outline[2 * i + 1],
      outline[2 * j],
      outline[2 * j + 1],
    ]
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within
  }
  return within
}

export function boxOf(outline: readonly number[]): Box {
  const xs = outline.filter((_, i) => i % 2 === 0)
  const ys = outline.filter((_, i) => i % 2 === 1)
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) }
}

/**
 * Pairs of positions whose outlines lie on one another by more than 20 cm. Undefined where they have so many corners that
 * finding out would take minutes.
 */
export function overlapping(outlines: readonly (readonly number[])[]): [number, number][] | undefined {
  const boxes = outlines.map(boxOf)
  const places = outlines.map(lookedAt)
  const pairs: [number, number][] = []
  let steps = 0
  for (const [b, outline] of outlines.entries()) {
    for (let a = 0; a < b; a++) {
      if (!(near(boxes[a]!, boxes[b]!) && near(boxes[b]!, boxes[a]!))) continue
      steps += (places[a]!.length * outline.length + places[b]!.length * outlines[a]!.length) / 4
      if (steps > MOST_STEPS) return undefined
      if (reaches(places[a]!, outline) || reaches(places[b]!, outlines[a]!)) pairs.push([a, b])
    }
  }
  return pairs
}

function near(one: Box, other: Box): boolean {
  return one.left < other.right && one.top < other.bottom
}

/** Does any of these places lie well within the outline? */
function reaches(places: readonly number[], outline: readonly number[]): boolean {
  for (let i = 0; i < places.length; i += 2) {
    const [x = 0, y = 0] = [places[i], places[i + 1]]
    if (inside(outline, x, y) && toLine(outline, x, y) > TOUCH_CM) return true
  }
  return false
}

/** Places along the line, and one within: that of an outline which is the same as another's. */
function lookedAt(outline: readonly number[]): number[] {
  const places = within(outline)
  for (let i = 0; i < outline.length; i += 2) {
    const [x = 0, y = 0] = [outline[i], outline[i + 1]]
    const [toX = 0, toY = 0] = [outline[(i + 2) % outline.length], outline[(i + 3) % outline.length]]
    const pieces = Math.max(1, Math.ceil(Math.hypot(toX - x, toY - y) / STEP_CM))
    for (let n = 0; n < pieces; n++) places.push(x + ((toX - x) * n) / pieces, y + ((toY - y) * n) / pieces)
  }
  return places
}

/** Half way between the first two lines met at half of its height; nothing where there is no such place. */
function within(outline: readonly number[]): number[] {
  const { top, bottom } = boxOf(outline)
  const y = (top + bottom) / 2
  const met: number[] = []
  for (let i = 0; i < outline.length; i += 2) {
    const [x = 0, from = 0] = [outline[i], outline[i + 1]]
    const [toX = 0, to = 0] = [outline[(i + 2) % outline.length], outline[(i + 3) % outline.length]]
    if (from > y !== to > y) met.push(x + ((toX - x) * (y - from)) / (to - from))
  }
  const [first, second] = met.sort((a, b) => a - b)
  return first === undefined || second === undefined ? [] : [(first + second) / 2, y]
}

/** The way to the nearest edge. */
function toLine(outline: readonly number[], x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < outline.length; i += 2) {
    const [x1 = 0, y1 = 0] = [outline[i], outline[i + 1]]
    const [x2 = 0, y2 = 0] = [outline[(i + 2) % outline.length], outline[(i + 3) % outline.length]]
    const [dx, dy] = [x2 - x1, y2 - y1]
    const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)))
    least = Math.min(least, Math.hypot(x - x1 - along * dx, y - y1 - along * dy))
  }
  return least
}
