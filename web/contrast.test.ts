/** The colours that words stand in, by the numbers of WCAG 2.2 (1.4.3): 4.5 to 1 at least. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const CSS = readFileSync(new URL('style.css', import.meta.url), 'utf8')
const [, light = '', dark = ''] = CSS.split(':root {', 3)

const PAIRS: [ink: string, ground: string][] = [
  ...['paper', 'surface', 'sunken'].flatMap(ground =>
    ['ink', 'ink-soft'].map((ink): [string, string] => [ink, ground]),
  ),
  ['football', 'surface'],
  ['concert', 'surface'],
  ['theatre', 'surface'],
  ['good', 'good-ground'],
  ['warm', 'warm-ground'],
  ['bad', 'bad-ground'],
  ['brand-ink', 'bad-ground'],
  ['paper', 'ink'],
]

test.each([
  ['light', light],
  ['dark', dark],
])('[V52] words stand out from their ground by 4.5 to 1: %s', (_, text) => {
  const colours = new Map(
    [...text.split('}')[0]!.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  )
  const faint = PAIRS.map(([ink, ground]) => ({
    pair: `${ink} on ${ground}`,
    ratio: ratio(colours.get(ink)!, colours.get(ground)!),
  })).filter(({ ratio }) => ratio < 4.5)
  expect(faint).toEqual([])
})

function ratio(a: string, b: string): number {
  const [bright, dim] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number]
  return (bright + 0.05) / (dim + 0.05)
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
