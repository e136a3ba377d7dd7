/** The words on a drawn map: stage, areas, sections, rows. Each where there is room for it, none over another. */
import type { Box } from './seat-layout.ts'
import type { Frame } from './seat-painter.ts'
import { seen } from './viewport.ts'

/** Section names stand until seats are this far apart, row names from there on. */
const SECTIONS_FADE = 7.5
const SECTIONS_UNTIL = 9.5
const ROWS_FROM = 11
const LARGEST = 15
const SMALLEST = 8.5
/** Between a word and what is around it. */
const APART = 4

interface Label {
  text: string
  below?: string | undefined
  /** Map units. */
  x: number
  y: number
  room: number
  faint?: boolean
}

export function paintLabels(frame: Frame, detail: number): void {
  const { pen, view, scene, size } = frame
  const { layout, counts } = scene
  const { map } = layout
  const box = seen(view, size)
  const pitch = layout.pitch * view.scale
  const taken: Box[] = []
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.lineJoin = 'round'
  const { outline, label } = map.stage
  paint(frame, taken, { text: label, ...middle(outline), room: widthOf(outline), faint: true }, false)
  for (const [i, { area, box: place, centre }] of layout.areas.entries()) {
    if (!overlaps(box, place)) continue
    const below = leftText(scene.source.areas[i] ?? 0)
    paint(frame, taken, { text: area.name, below, ...centre, room: place.right - place.left }, true)
  }
  if (pitch < SECTIONS_UNTIL) {
    pen.globalAlpha = Math.min(1, (SECTIONS_UNTIL - pitch) / (SECTIONS_UNTIL - SECTIONS_FADE))
    for (const [i, { section, box: place, centre, room }] of layout.sections.entries()) {
      if (!overlaps(box, place)) continue
      const left = counts.section(i)
      const below = detail < 1 ? leftText(left) : undefined
      const text = shortName(section.name)
      paint(
        frame,
        taken,
        { text, below, ...centre, room: Math.min(room * 1.15, place.right - place.left), faint: left === 0 },
        detail < 0.5 && left > 0,
      )
    }
    pen.globalAlpha = 1
  }
  if (pitch >= ROWS_FROM) paintRowNames(frame, box, pitch)
  if (pitch >= SECTIONS_UNTIL) paintSectionPlates(frame, box)
}

/** From near, a section's name stands at the upper edge of what is seen of it. */
function paintSectionPlates({ pen, view, scene, theme }: Frame, box: Box): void {
  pen.font = `700 13px ${theme.font}`
  for (const { section, box: place } of scene.layout.sections) {
    if (!overlaps(box, place)) continue
    const left = (Math.max(box.left, place.left) - view.x) * view.scale
    const right = (Math.min(box.right, place.right) - view.x) * view.scale
    const wide = pen.measureText(section.name).width + 16
    if (right - left < wide) continue
    const x = (left + right) / 2
    const y = Math.max(16, (place.top - view.y) * view.scale - 4)
    pen.fillStyle = theme.ground
    pen.strokeStyle = theme.line
    pen.lineWidth = 1
    pen.beginPath()
    pen.roundRect(x - wide / 2, y - 11, wide, 22, 11)
    pen.fill()
    pen.stroke()
    pen.fillStyle = theme.ink
    pen.fillText(section.name, x, y + 0.5)
  }
}

/** On colour: white with a dark edge; on the ground: ink with the ground for an edge. */
function paint({ pen, view, theme }: Frame, taken: Box[], label: Label, onColour: boolean): void {
  const room = label.room * view.scale
  let height = Math.min(LARGEST, Math.max(SMALLEST, room / 3.6))
  pen.font = `700 ${height}px ${theme.font}`
  let wide = pen.measureText(label.text).width
  if (wide > room && height > SMALLEST) {
    height = Math.max(SMALLEST, (height * room) / wide)
    pen.font = `700 ${height}px ${theme.font}`
    wide = pen.measureText(label.text).width
  }
  if (wide > room * 1.1) return
  const [x, y] = [(label.x - view.x) * view.scale, (label.y - view.y) * view.scale]
  const two = label.below !== undefined && room > 64
  // With the edge around the letters, which else runs into the next word's.
  const place = {
    left: x - wide / 2 - APART,
    right: x + wide / 2 + APART,
    top: y - height / 2 - APART / 2 - (two ? 7 : 0),
    bottom: y + height / 2 + APART / 2 + (two ? 9 : 0),
  }
  if (taken.some(other => overlaps(other, place))) return
  taken.push(place)
  const top = two ? y - 7 : y + 0.5
  pen.strokeStyle = onColour ? 'rgb(10 12 18 / 0.6)' : theme.ground
  pen.fillStyle = onColour ? '#fff' : label.faint ? theme.muted : theme.ink
  pen.lineWidth = onColour ? 3 : 4
  pen.strokeText(label.text, x, top)
  pen.fillText(label.text, x, top)
  if (!two || label.below === undefined) return
  pen.font = `600 11px ${theme.font}`
  pen.strokeText(label.below, x, top + height * 0.5 + 8)
  pen.fillText(label.below, x, top + height * 0.5 + 8)
}

/** At either end of each row, one seat away. */
function paintRowNames({ pen, view, scene, theme }: Frame, box: Box, pitch: number): void {
  const { layout } = scene
  pen.fillStyle = theme.muted
  pen.font = `600 ${Math.round(Math.min(13, pitch * 0.5))}px ${theme.font}`
  for (const section of layout.sections) {
    if (!overlaps(box, section.box)) continue
    for (let r = section.firstRow; r < section.firstRow + section.section.rows.length; r++) {
      const row = layout.rows[r]
      const [first, last] = [row?.seats[0], row?.seats.at(-1)]
      if (row === undefined || first === undefined || last === undefined) continue
      const ends = [
        [first, row.seats[1] ?? first],
        [last, row.seats.at(-2) ?? last],
      ] as const
      for (const [end, next] of ends) {
        const [ex, ey] = [layout.x[end] as number, layout.y[end] as number]
        if (ex < box.left || ex > box.right || ey < box.top || ey > box.bottom) continue
        const [nx, ny] = [layout.x[next] as number, layout.y[next] as number]
        const length = Math.hypot(ex - nx, ey - ny) || 1
        const [ux, uy] = end === next ? [1, 0] : [(ex - nx) / length, (ey - ny) / length]
        const away = layout.pitch * 0.85
        pen.fillText(
          row.row.name,
          (ex + ux * away - view.x) * view.scale,
          (ey + uy * away - view.y) * view.scale,
        )
      }
    }
  }
}

function leftText(left: number): string {
  return left > 0 ? `${left.toLocaleString('en')} left` : 'Sold out'
}

/** "216" for "Block 216": on the map the number says enough. */
function shortName(name: string): string {
  return /\s(\d+)$/.exec(name)?.[1] ?? name
}

function overlaps(a: Box, b: Box): boolean {
  return a.left <= b.right && a.right >= b.left && a.top <= b.bottom && a.bottom >= b.top
}

function middle(outline: readonly number[]): { x: number; y: number } {
  let [x, y] = [0, 0]
  for (let i = 0; i + 1 < outline.length; i += 2) {
    x += outline[i] ?? 0
    y += outline[i + 1] ?? 0
  }
  const n = Math.max(1, outline.length / 2)
  return { x: x / n, y: y / n }
}

function widthOf(outline: readonly number[]): number {
  const xs = outline.filter((_, i) => i % 2 === 0)
  return Math.max(...xs) - Math.min(...xs)
}
