/**
 * Every look a seat can have, drawn once a zoom level into one strip of pictures: a frame then copies small pictures,
 * which is many times faster than drawing paths. Status is told by shape as well as by colour: full = free, half =
 * held, cross = sold, dash = not for sale, tick = yours.
 */
import type { PriceCategory } from '../../shared/seats/seat-map.ts'
import { type MapTheme, tone } from './map-theme.ts'
import { KIND } from './seat-layout.ts'

/** Looks that do not depend on the category; those of the categories follow, three each (see `free`). */
export const LOOK = { held: 0, sold: 1, blocked: 2, chosen: 3, mine: 4, filtered: 5 } as const
const FIXED = 6
/** Of the distance between two seats. */
const DIAMETER = 0.8

export class SeatSprites {
  readonly canvas: HTMLCanvasElement
  /** Width and height of one picture, device pixels. */
  readonly cell: number
  readonly diameter: number

  constructor(categories: readonly PriceCategory[], pitch: number, theme: MapTheme) {
    this.diameter = Math.max(1.6, pitch * DIAMETER)
    this.cell = Math.ceil(this.diameter * 1.2) + 2
    this.canvas = document.createElement('canvas')
    this.canvas.width = this.cell * (FIXED + 3 * categories.length)
    this.canvas.height = this.cell
    const pen = this.canvas.getContext('2d')
    if (pen === null) return
    const at = (look: number, draw: (pen: CanvasRenderingContext2D, r: number) => void) => {
      pen.save()
      pen.translate(this.cell * look + this.cell / 2, this.cell / 2)
      draw(pen, this.diameter / 2)
      pen.restore()
    }
    at(LOOK.held, (p, r) => half(p, r, theme.held))
    at(LOOK.sold, (p, r) => cross(p, r, theme.gone))
    at(LOOK.blocked, (p, r) => dash(p, r, theme.gone))
    at(LOOK.chosen, (p, r) => ticked(p, r * 1.16, theme.chosen, theme.onChosen))
    at(LOOK.mine, (p, r) => ticked(p, r * 1.16, theme.mine, theme.onMine))
    at(LOOK.filtered, (p, r) => disc(p, r * 0.32, theme.gone))
    for (const [i, category] of categories.entries()) {
      const colour = tone(category.colour, theme.dark)
      at(free(i, KIND.seat), (p, r) => disc(p, r, colour))
      at(free(i, KIND.accessible), (p, r) => wheel(p, r, colour, theme.ground))
      at(free(i, KIND.companion), (p, r) => frame(p, r, colour))
    }
  }
}

/** The look of a seat that can be had. */
export function free(category: number, kind: number): number {
  return FIXED + 3 * category + kind
}

function disc(pen: CanvasRenderingContext2D, r: number, colour: string): void {
  pen.fillStyle = colour
  pen.beginPath()
  pen.arc(0, 0, r, 0, Math.PI * 2)
  pen.fill()
}

/** Somebody is deciding: half full. */
function half(pen: CanvasRenderingContext2D, r: number, colour: string): void {
  const width = Math.max(0.7, r * 0.16)
  pen.strokeStyle = colour
  pen.fillStyle = colour
  pen.lineWidth = width
  pen.beginPath()
  pen.arc(0, 0, Math.max(0.5, r * 0.86 - width / 2), 0, Math.PI * 2)
  pen.stroke()
  pen.beginPath()
  pen.arc(0, 0, r * 0.86 - width / 2, 0, Math.PI)
  pen.fill()
}

function cross(pen: CanvasRenderingContext2D, r: number, colour: string): void {
  const reach = r * 0.52
  pen.strokeStyle = colour
  pen.lineWidth = Math.max(1, r * 0.24)
  pen.lineCap = 'round'
  pen.beginPath()
  pen.moveTo(-reach, -reach)
  pen.lineTo(reach, reach)
  pen.moveTo(reach, -reach)
  pen.lineTo(-reach, reach)
  pen.stroke()
}

function dash(pen: CanvasRenderingContext2D, r: number, colour: string): void {
  pen.strokeStyle = colour
  pen.lineWidth = Math.max(0.8, r * 0.2)
  pen.lineCap = 'round'
  pen.beginPath()
  pen.moveTo(-r * 0.45, 0)
  pen.lineTo(r * 0.45, 0)
  pen.stroke()
}

function ticked(pen: CanvasRenderingContext2D, r: number, colour: string, tick: string): void {
  disc(pen, r, colour)
  pen.strokeStyle = tick
  pen.lineWidth = Math.max(1, r * 0.22)
  pen.lineCap = 'round'
  pen.lineJoin = 'round'
  pen.beginPath()
  pen.moveTo(-r * 0.42, 0.02 * r)
  pen.lineTo(-r * 0.1, r * 0.34)
  pen.lineTo(r * 0.44, -r * 0.34)
  pen.stroke()
}

/** Room for a wheelchair: a square with a wheel in it. */
function wheel(pen: CanvasRenderingContext2D, r: number, colour: string, ground: string): void {
  square(pen, r)
  pen.fillStyle = colour
  pen.fill()
  pen.strokeStyle = ground
  pen.lineWidth = Math.max(0.8, r * 0.2)
  pen.beginPath()
  pen.arc(0, 0, r * 0.46, 0, Math.PI * 2)
  pen.stroke()
}

/** For who comes along: the square's frame, with a seat in it. */
function frame(pen: CanvasRenderingContext2D, r: number, colour: string): void {
  const width = Math.max(0.8, r * 0.22)
  square(pen, r - width / 2)
  pen.strokeStyle = colour
  pen.lineWidth = width
  pen.stroke()
  disc(pen, r * 0.4, colour)
}

function square(pen: CanvasRenderingContext2D, r: number): void {
  pen.beginPath()
  pen.roundRect(-r, -r, 2 * r, 2 * r, r * 0.35)
}
