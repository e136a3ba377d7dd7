import { describe, expect, it } from 'vitest'
import {
  between,
  clamped,
  fitted,
  limitsFor,
  panBy,
  seatDetail,
  seen,
  toMap,
  toScreen,
  zoomAt,
} from './viewport.ts'

const BOX = { left: 0, top: 0, right: 26_400, bottom: 22_700 }
const PHONE = { width: 390, height: 500 }

describe('the view', () => {
  it('[V9] begins with the whole map in the middle', () => {
    const view = fitted(BOX, PHONE, 18)
    const part = seen(view, PHONE)
    expect(part.left).toBeLessThan(0)
    expect(part.right).toBeGreaterThan(BOX.right)
    expect((part.left + part.right) / 2).toBeCloseTo(BOX.right / 2, 3)
    expect((part.top + part.bottom) / 2).toBeCloseTo(BOX.bottom / 2, 3)
  })

  it('[V9] a zoom leaves what is under the pointer under the pointer', () => {
    const view = fitted(BOX, PHONE, 18)
    const at = { x: 100, y: 321 }
    const before = toMap(view, at.x, at.y)
    const near = zoomAt(view, 7, at, limitsFor(BOX, PHONE, 50))
    expect(toScreen(near, before.x, before.y).x).toBeCloseTo(at.x, 6)
    expect(toScreen(near, before.x, before.y).y).toBeCloseTo(at.y, 6)
  })

  it('[V9] zooms from the whole map to a seat as large as a thumb, no further', () => {
    const limits = limitsFor(BOX, PHONE, 50)
    const near = zoomAt(fitted(BOX, PHONE, 0), 1e9, { x: 0, y: 0 }, limits)
    expect(near.scale * 50).toBeGreaterThanOrEqual(44)
    expect(zoomAt(near, 1e-9, { x: 0, y: 0 }, limits).scale).toBe(limits.least)
  })

  it('[V9] cannot be dragged off the map', () => {
    const lost = clamped(panBy(fitted(BOX, PHONE, 18), 99_999, -99_999), BOX, PHONE)
    const part = seen(lost, PHONE)
    expect((part.left + part.right) / 2).toBeCloseTo(BOX.left, 6)
    expect((part.top + part.bottom) / 2).toBeCloseTo(BOX.bottom, 6)
  })

  it('[V10] shows sections from far, seats from near, and never neither', () => {
    expect(seatDetail(fitted(BOX, PHONE, 18), 50)).toBe(0)
    expect(seatDetail({ x: 0, y: 0, scale: 10 / 50 }, 50)).toBe(1)
    const passing = seatDetail({ x: 0, y: 0, scale: 3.6 / 50 }, 50)
    expect(passing).toBeGreaterThan(0)
    expect(passing).toBeLessThan(1)
  })

  it('[V10] a flight begins here and ends there', () => {
    const from = fitted(BOX, PHONE, 18)
    const to = { x: 4_000, y: 3_000, scale: 0.5 }
    for (const [t, view] of [
      [0, from],
      [1, to],
    ] as const) {
      const at = between(from, to, t, PHONE)
      expect(at.scale).toBeCloseTo(view.scale, 9)
      expect(at.x).toBeCloseTo(view.x, 3)
      expect(at.y).toBeCloseTo(view.y, 3)
    }
  })
})
