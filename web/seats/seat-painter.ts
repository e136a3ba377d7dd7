/**
 * Draws one frame of a seat map: sections and rows from far, seats from near, and both while one passes into the
 * other. It draws what it is given and decides nothing.
 */
import type { FarRows } from './far-rows.ts'
import { paintLabels } from './map-labels.ts'
import { type MapTheme, tone } from './map-theme.ts'
import type { Box } from './seat-layout.ts'
import type { SeatScene } from './seat-scene.ts'
import type { SeatSprites } from './seat-sprites.ts'
import { LABELS_BEGIN, type Size, seatDetail, seen, type View } from './viewport.ts'

export interface Frame {
  pen: CanvasRenderingContext2D
  view: View
  size: Size
  /** Device pixels a CSS pixel. */
  ratio: number
  now: number
  scene: SeatScene
  sprites: SeatSprites
  far: FarRows
  outlines: Outlines
  theme: MapTheme
  /** The keyboard is in the map: its cursor is shown. */
  focused: boolean
}

/** Shapes in map units, made once a map. */
export class Outlines {
  readonly stage: Path2D
  readonly sections: Path2D[]
  readonly all = new Path2D()
  readonly areas: Path2D[]

  constructor(scene: SeatScene) {
    const { map, sections, areas } = scene.layout
    this.stage = polygon(map.stage.outline)
    this.sections = sections.map(({ section }) => polygon(section.outline))
    for (const path of this.sections) this.all.addPath(path)
    this.areas = areas.map(({ area }) => polygon(area.outline))
  }
}

export const FLASH_MS = 900

/** Answers whether something still moves, so that another frame is needed. */
export function paint(frame: Frame): boolean {
  const { pen, view, size, ratio, scene, theme, far, outlines } = frame
  const detail = seatDetail(view, scene.layout.pitch)
  const unit = view.scale * ratio
  pen.setTransform(1, 0, 0, 1, 0, 0)
  pen.fillStyle = theme.ground
  pen.fillRect(0, 0, Math.ceil(size.width * ratio), Math.ceil(size.height * ratio))
  pen.setTransform(unit, 0, 0, unit, -view.x * unit, -view.y * unit)

  pen.fillStyle = theme.section
  pen.fill(outlines.all)
  pen.fill(outlines.stage)
  pen.lineWidth = 1 / view.scale
  pen.strokeStyle = theme.line
  pen.stroke(outlines.stage)
  paintAreas(frame)
  if (detail < 1) {
    pen.globalAlpha = 1 - detail
    pen.imageSmoothingEnabled = true
    pen.drawImage(far.canvas, 0, 0, scene.layout.map.width, scene.layout.map.height)
    pen.globalAlpha = 1
  }
  pen.lineWidth = 1 / view.scale
  pen.strokeStyle = theme.line
  pen.stroke(outlines.all)
  const pointed = outlines.sections[scene.hoveredSection] ?? outlines.areas[scene.hoveredArea]
  if (pointed !== undefined && detail < 1) {
    pen.lineWidth = 2.5 / view.scale
    pen.strokeStyle = theme.ink
    pen.stroke(pointed)
  }

  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  if (detail > 0) paintSeats(frame, detail)
  paintLabels(frame, detail)
  const flashing = paintFlashes(frame, detail)
  paintMarks(frame, detail)
  return flashing
}

function paintSeats({ pen, view, size, ratio, scene, sprites, theme }: Frame, detail: number): void {
  const { layout, grid } = scene
  const { x, y } = layout
  const { cell, canvas } = sprites
  const unit = view.scale * ratio
  const [left, top] = [view.x * unit + cell / 2, view.y * unit + cell / 2]
  const { items } = grid
  pen.setTransform(1, 0, 0, 1, 0, 0)
  pen.globalAlpha = detail
  const box = seen(view, size, layout.pitch)
  grid.eachRun(box, (from, to) => {
    for (let i = from; i < to; i++) {
      const seat = items[i] as number
      const sx = (x[seat] as number) * unit - left
      const sy = (y[seat] as number) * unit - top
      pen.drawImage(
        canvas,
        scene.look(seat) * cell,
        0,
        cell,
        cell,
        Math.round(sx),
        Math.round(sy),
        cell,
        cell,
      )
    }
  })
  pen.globalAlpha = 1
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  const pitch = layout.pitch * view.scale
  if (pitch >= LABELS_BEGIN) paintNumbers(pen, view, box, scene, theme, pitch)
}

/** Seat numbers, on seats that can be had. */
function paintNumbers(
  pen: CanvasRenderingContext2D,
  view: View,
  box: Box,
  { layout, grid, source, chosen, mine, hidden }: SeatScene,
  theme: MapTheme,
  pitch: number,
): void {
  pen.font = `600 ${Math.round(pitch * 0.34)}px ${theme.font}`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillStyle = theme.dark ? theme.ground : '#fff'
  grid.eachRun(box, (from, to) => {
    for (let i = from; i < to; i++) {
      const seat = grid.items[i] as number
      if (source.get(seat) !== 0 || chosen.has(seat) || mine.has(seat) || layout.kind[seat] !== 0) continue
      const row = layout.row(seat)
      if (row === undefined || hidden.has(row.category)) continue
      const label = row.row.labels?.[seat - row.first] ?? String(seat - row.first + 1)
      const at = [
        ((layout.x[seat] as number) - view.x) * view.scale,
        ((layout.y[seat] as number) - view.y) * view.scale,
      ]
      pen.fillText(label, at[0] as number, (at[1] as number) + 0.5)
    }
  })
}

function paintAreas({ pen, view, scene, outlines, theme }: Frame): void {
  const { areas, map } = scene.layout
  for (const [i, { area, category }] of areas.entries()) {
    const path = outlines.areas[i] as Path2D
    const left = scene.source.areas[i] ?? 0
    const shown = !scene.hidden.has(category)
    const colour = tone(map.categories[category]?.colour ?? theme.gone, theme.dark)
    pen.fillStyle = left > 0 && shown ? colour : theme.gone
    pen.globalAlpha =
      left > 0 && shown ? 0.3 + 0.6 * Math.min(1, left / Math.max(1, area.capacity - (area.gone ?? 0))) : 0.35
    pen.fill(path)
    pen.globalAlpha = 1
    pen.lineWidth = 1 / view.scale
    pen.strokeStyle = theme.line
    pen.stroke(path)
  }
}

function paintFlashes({ pen, view, scene, theme, now }: Frame, detail: number): boolean {
  const { layout, flashes } = scene
  for (const [seat, at] of flashes) {
    const age = (now - at) / FLASH_MS
    if (age >= 1) {
      flashes.delete(seat)
      continue
    }
    if (detail === 0) continue
    const r = layout.pitch * view.scale * (0.5 + 0.5 * age)
    pen.globalAlpha = (1 - age) * 0.9
    pen.strokeStyle = theme.focus
    pen.lineWidth = Math.max(1, 2.5 * (1 - age))
    pen.beginPath()
    pen.arc(
      ((layout.x[seat] ?? 0) - view.x) * view.scale,
      ((layout.y[seat] ?? 0) - view.y) * view.scale,
      r,
      0,
      7,
    )
    pen.stroke()
  }
  pen.globalAlpha = 1
  return flashes.size > 0
}

/** Pointer, cursor; and one's own seats from far, where a seat itself cannot be seen. */
function paintMarks({ pen, view, scene, theme, focused }: Frame, detail: number): void {
  const { layout, cursor, hovered, chosen, mine } = scene
  const pitch = layout.pitch * view.scale
  const place = (seat: number) =>
    [((layout.x[seat] ?? 0) - view.x) * view.scale, ((layout.y[seat] ?? 0) - view.y) * view.scale] as const
  const ring = (seat: number, r: number, colour: string, width: number) => {
    pen.strokeStyle = colour
    pen.lineWidth = width
    pen.beginPath()
    pen.arc(...place(seat), r, 0, 7)
    pen.stroke()
  }
  if (pitch < 8) {
    for (const [seats, colour] of [
      [chosen, theme.chosen],
      [mine, theme.mine],
    ] as const) {
      for (const seat of seats) {
        pen.fillStyle = colour
        pen.strokeStyle = theme.ground
        pen.lineWidth = 2
        pen.beginPath()
        pen.arc(...place(seat), 5, 0, 7)
        pen.fill()
        pen.stroke()
      }
    }
  }
  if (detail > 0 && hovered >= 0) ring(hovered, pitch * 0.56, theme.ink, 2)
  if (focused && cursor >= 0) {
    ring(cursor, Math.max(9, pitch * 0.58), theme.ground, 5)
    ring(cursor, Math.max(9, pitch * 0.58), theme.focus, 3)
  }
}

function polygon(outline: readonly number[]): Path2D {
  const path = new Path2D()
  for (let i = 0; i + 1 < outline.length; i += 2) path.lineTo(outline[i] ?? 0, outline[i + 1] ?? 0)
  path.closePath()
  return path
}
