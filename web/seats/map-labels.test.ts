import { expect, test } from 'vitest'
import type { SeatMap } from '../../shared/seats/seat-map.ts'
import { SeatState } from '../../shared/wire/seat-state.ts'
import { paintLabels } from './map-labels.ts'
import { SeatLayout } from './seat-layout.ts'
import type { Frame } from './seat-painter.ts'
import { SeatScene } from './seat-scene.ts'
import { fitted } from './viewport.ts'

const BLOCKS = 120

/** Small blocks in two rings, as a stadium's on a phone. */
function rings(): SeatMap {
  const sections = Array.from({ length: BLOCKS }, (_, i) => {
    const turn = (i / (BLOCKS / 2)) * 2 * Math.PI
    const away = i < BLOCKS / 2 ? 6_000 : 7_200
    const [x, y] = [8_000 + Math.round(away * Math.cos(turn)), 8_000 + Math.round(away * Math.sin(turn))]
    return {
      id: `b${i}`,
      name: `Block ${100 + i}`,
      outline: [x - 400, y - 300, x + 400, y - 300, x + 400, y + 300, x - 400, y + 300],
      rows: [{ name: '1', category: 'a', first: i * 3, xy: [x - 60, y, 60, 0, 60, 0] }],
    }
  })
  return {
    format: 1,
    name: 'Rings',
    width: 16_000,
    height: 16_000,
    focalPoint: { x: 8_000, y: 8_000 },
    stage: { label: 'Pitch', outline: [7_000, 7_000, 9_000, 7_000, 9_000, 9_000, 7_000, 9_000] },
    categories: [{ id: 'a', name: 'A', colour: '#112233' }],
    sections,
    areas: [],
  }
}

test.each([
  [390, 467],
  [1_280, 700],
])('[V53] no word on the drawn map touches another: %i x %i', (width, height) => {
  const map = rings()
  const layout = new SeatLayout(map)
  const state = new SeatState()
  state.snapshot({ epoch: 1, seq: 1, seats: BLOCKS * 3, state: new Uint8Array((BLOCKS * 3) / 4), areas: [] })
  const size = { width, height }
  const words: { text: string; left: number; right: number; top: number; bottom: number }[] = []
  const pen = {
    font: '',
    measureText: (text: string) => ({ width: text.length * heightOf(pen.font) * 0.6 }),
    strokeText: () => undefined,
    fillText: (text: string, x: number, y: number) => {
      const [wide, high] = [pen.measureText(text).width, heightOf(pen.font)]
      words.push({ text, left: x - wide / 2, right: x + wide / 2, top: y - high / 2, bottom: y + high / 2 })
    },
  }
  const frame = {
    pen: pen as unknown as CanvasRenderingContext2D,
    view: fitted({ left: 0, top: 0, right: map.width, bottom: map.height }, size, 8),
    size,
    scene: new SeatScene(layout, state),
    theme: { font: 'sans-serif' },
  } as Frame
  paintLabels(frame, 0)
  expect(words.length).toBeGreaterThan(10)
  const touching = words.flatMap((a, i) =>
    words
      .slice(i + 1)
      // The edge around the letters is 3 wide.
      .filter(
        b => a.left < b.right + 3 && b.left < a.right + 3 && a.top < b.bottom + 3 && b.top < a.bottom + 3,
      )
      .filter(b => !/left|Sold/.test(a.text + b.text))
      .map(b => `${a.text} ${b.text}`),
  )
  expect(touching).toEqual([])
})

function heightOf(font: string): number {
  return Number(/([\d.]+)px/.exec(font)?.[1])
}
