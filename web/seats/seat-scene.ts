/** What a seat map shows at one moment, and how each seat looks in it: the one place that ranks statuses. */
import { RowCounts, type StatusSource } from './row-counts.ts'
import { SeatGrid } from './seat-grid.ts'
import type { SeatLayout } from './seat-layout.ts'
import { free, LOOK } from './seat-sprites.ts'

/** Changes that are still seen to flash; more at once are a storm, in which a flash tells nothing. */
const MOST_FLASHES = 400

export class SeatScene {
  readonly layout: SeatLayout
  readonly grid: SeatGrid
  readonly counts: RowCounts
  source: StatusSource
  /** Chosen by this fan, not yet held. */
  chosen: ReadonlySet<number> = new Set()
  /** Held or bought by this fan. */
  mine: ReadonlySet<number> = new Set()
  /** Positions of the categories that the legend has switched off. */
  hidden: ReadonlySet<number> = new Set()
  /** The keyboard's seat, or -1. */
  cursor = -1
  /** The pointer's seat, or -1. */
  hovered = -1
  /** The section or area under the pointer while seats are too small to see, or -1. */
  hoveredSection = -1
  hoveredArea = -1
  /** Seat -> when it changed, ms of the frame clock. */
  readonly flashes = new Map<number, number>()

  constructor(layout: SeatLayout, source: StatusSource) {
    this.layout = layout
    this.grid = new SeatGrid(layout.x, layout.y, layout.plan.gone)
    this.counts = new RowCounts(layout)
    this.source = source
    this.counts.reset(source)
  }

  /** Position of the seat's picture among the sprites. */
  look(index: number): number {
    if (this.mine.has(index)) return LOOK.mine
    if (this.chosen.has(index)) return LOOK.chosen
    const status = this.source.get(index)
    if (status === 1) return LOOK.held
    if (status === 2) return LOOK.sold
    if (status === 3) return LOOK.blocked
    const row = this.layout.rows[this.layout.rowOf[index] as number]
    const category = row?.category ?? 0
    if (this.hidden.has(category)) return LOOK.filtered
    return free(category, this.layout.kind[index] as number)
  }

  flash(indices: Iterable<number>, now: number): void {
    for (const index of indices) {
      if (this.flashes.size >= MOST_FLASHES) return
      this.flashes.set(index, now)
    }
  }
}
