/**
 * Which part of the map is seen, and how large: the arithmetic of pan, zoom and level of detail. Pure; the map is in
 * cm, the screen in CSS pixels.
 */
import type { Box } from './seat-layout.ts'

export interface Size {
  width: number
  height: number
}

/** The map's point (x, y) is at the screen's top left corner, and a cm is `scale` pixels. */
export interface View {
  x: number
  y: number
  scale: number
}

/** What a zoom may reach. */
export interface Limits {
  least: number
  most: number
}

/** A seat of this many pixels is easily met by a thumb. */
const LARGEST_SEAT = 46
/** From this distance between seats on, they are drawn one by one; fully from SEATS_FULL on. */
const SEATS_BEGIN = 2.8
const SEATS_FULL = 4.5
/** From here on a seat has room for its number. */
export const LABELS_BEGIN = 19
/** A tap by finger on smaller seats comes nearer first. */
export const TAP_ZOOMS_BELOW = 13
/** Distance between seats to which such a tap, or choosing a section, comes. */
export const COMFORTABLE = 26

/** The whole box, centred. */
export function fitted(box: Box, size: Size, padding: number): View {
  const [width, height] = [Math.max(1, box.right - box.left), Math.max(1, box.bottom - box.top)]
  const scale = Math.max(
    1e-6,
    Math.min((size.width - 2 * padding) / width, (size.height - 2 * padding) / height),
  )
  return centred((box.left + box.right) / 2, (box.top + box.bottom) / 2, scale, size)
}

export function centred(x: number, y: number, scale: number, size: Size): View {
  return { x: x - size.width / (2 * scale), y: y - size.height / (2 * scale), scale }
}

export function limitsFor(box: Box, size: Size, pitch: number): Limits {
  const least = fitted(box, size, 0).scale * 0.9
  return { least, most: Math.max(least, LARGEST_SEAT / pitch) }
}

/** The point of the map below the screen's point stays there. */
export function zoomAt(view: View, factor: number, at: { x: number; y: number }, limits: Limits): View {
  const scale = Math.min(limits.most, Math.max(limits.least, view.scale * factor))
  return {
    x: view.x + at.x / view.scale - at.x / scale,
    y: view.y + at.y / view.scale - at.y / scale,
    scale,
  }
}

export function panBy(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale }
}

/** The map cannot be lost: the middle of the screen stays on it. */
export function clamped(view: View, box: Box, size: Size): View {
  const half = { x: size.width / (2 * view.scale), y: size.height / (2 * view.scale) }
  return {
    scale: view.scale,
    x: Math.min(box.right - half.x, Math.max(box.left - half.x, view.x)),
    y: Math.min(box.bottom - half.y, Math.max(box.top - half.y, view.y)),
  }
}

export function toMap(view: View, x: number, y: number): { x: number; y: number } {
  return { x: view.x + x / view.scale, y: view.y + y / view.scale }
}

export function toScreen(view: View, x: number, y: number): { x: number; y: number } {
  return { x: (x - view.x) * view.scale, y: (y - view.y) * view.scale }
}

/** The part of the map in view, and `margin` cm around it. */
export function seen(view: View, size: Size, margin = 0): Box {
  return {
    left: view.x - margin,
    top: view.y - margin,
    right: view.x + size.width / view.scale + margin,
    bottom: view.y + size.height / view.scale + margin,
  }
}

/** How much of the seats themselves is seen: 0 far away (sections only) to 1 (seats only). */
export function seatDetail(view: View, pitch: number): number {
  return Math.min(1, Math.max(0, (view.scale * pitch - SEATS_BEGIN) / (SEATS_FULL - SEATS_BEGIN)))
}

/** Between two views, as a camera flies: scale by ratio, so that it neither crawls nor leaps. t from 0 to 1. */
export function between(from: View, to: View, t: number, size: Size): View {
  const eased = 1 - (1 - t) ** 3
  const scale = from.scale * (to.scale / from.scale) ** eased
  const mid = (view: View) => ({
    x: view.x + size.width / (2 * view.scale),
    y: view.y + size.height / (2 * view.scale),
  })
  const [a, b] = [mid(from), mid(to)]
  // The middle must move by the share of the way in zoomed pixels, else it swings past what it flies to.
  const share =
    Math.abs(to.scale / from.scale - 1) < 1e-3
      ? eased
      : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale)
  return centred(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share, scale, size)
}
