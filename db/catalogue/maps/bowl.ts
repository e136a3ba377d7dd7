/** Blocks of one tier around a ring: what the arena and the stadium have in common. */
import { type Block, list } from './build.ts'
import type { Curve, Ring } from './curves.ts'

export interface Tier {
  /** Blocks are numbered from here on, counter-clockwise from the top right. */
  number: number
  /** Distance of the front row from the ring. */
  offset: number
  rows: number
  rowDepth: number
  pitch: number
  gangway: number
  /** Blocks on each long side, short side and corner. */
  blocks: { top: number; left: number; corner: number }
  platform?: number
}

/** Every block of the tier; a side of no length has none. */
export function bowl(ring: Ring, tier: Tier): Block[] {
  const { top, left, corner } = tier.blocks
  const parts: [Curve, number][] = [
    [ring.topRight, corner],
    [ring.top, top],
    [ring.topLeft, corner],
    [ring.left, left],
    [ring.bottomLeft, corner],
    [ring.bottom, top],
    [ring.bottomRight, corner],
    [ring.right, left],
  ]
  const slots = parts.flatMap(([curve, count]) =>
    list(count, i => ({ curve, from: i / count, to: (i + 1) / count })),
  )
  return slots.map((slot, i): Block => {
    const { number, offset, rows, rowDepth, pitch, gangway, platform } = tier
    return {
      id: String(number + i),
      name: `Block ${number + i}`,
      ...slot,
      offsets: list(rows, row => offset + row * rowDepth),
      rowNames: list(rows, row => String(row + 1)),
      pitch,
      gangway,
      ...(platform === undefined ? {} : { platform }),
    }
  })
}
