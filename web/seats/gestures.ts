/** Turns pointers and the wheel into what was meant: pan, zoom, tap, hover. In CSS pixels of the element. */

export interface Gestures {
  pan(dx: number, dy: number): void
  /** Around a point. */
  zoom(factor: number, at: Spot): void
  tap(at: Spot, touch: boolean): void
  /** Undefined: the pointer has left. Fingers do not hover. */
  hover(at: Spot | undefined): void
  /** The last finger or button is up; the velocity in pixels a ms. */
  released(vx: number, vy: number): void
  /** A finger or button is down. */
  pressed(): void
}

export interface Spot {
  x: number
  y: number
}

/** A thumb trembles. */
const TAP_MOVES = 7
const WHEEL_LINE = 20
/** Older movement says nothing about the speed at release. */
const SPEED_MS = 60

/** Answers how to stop listening. */
export function listen(element: HTMLElement, to: Gestures): () => void {
  const down = new Map<number, Spot>()
  let moved = 0
  let most = 0
  let speed = { vx: 0, vy: 0, at: 0 }
  const spot = (event: PointerEvent | WheelEvent): Spot => {
    const box = element.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const pressed = (event: PointerEvent) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return
    element.setPointerCapture(event.pointerId)
    if (down.size === 0) {
      moved = 0
      most = 0
      speed = { vx: 0, vy: 0, at: event.timeStamp }
    }
    down.set(event.pointerId, spot(event))
    most = Math.max(most, down.size)
    to.pressed()
  }
  const dragged = (event: PointerEvent) => {
    const now = spot(event)
    const before = down.get(event.pointerId)
    if (before === undefined) {
      if (event.pointerType !== 'touch') to.hover(now)
      return
    }
    const [dx, dy] = [now.x - before.x, now.y - before.y]
    moved += Math.abs(dx) + Math.abs(dy)
    if (down.size === 2) pinch(event.pointerId, before, now)
    else if (moved > TAP_MOVES || most > 1) {
      to.pan(dx, dy)
      const ms = Math.max(1, event.timeStamp - speed.at)
      speed = {
        vx: 0.6 * speed.vx + (0.4 * dx) / ms,
        vy: 0.6 * speed.vy + (0.4 * dy) / ms,
        at: event.timeStamp,
      }
    }
    down.set(event.pointerId, now)
  }
  const pinch = (id: number, before: Spot, now: Spot) => {
    const other = [...down].find(([pointer]) => pointer !== id)?.[1]
    if (other === undefined) return
    const apart = (a: Spot, b: Spot) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y))
    const [from, at] = [between(before, other), between(now, other)]
    to.pan(at.x - from.x, at.y - from.y)
    to.zoom(apart(now, other) / apart(before, other), at)
  }
  const released = (event: PointerEvent) => {
    if (!down.delete(event.pointerId) || down.size > 0) return
    if (event.type === 'pointerup' && moved <= TAP_MOVES && most === 1) {
      to.tap(spot(event), event.pointerType === 'touch')
    } else {
      const fresh = event.timeStamp - speed.at < SPEED_MS && most === 1
      to.released(fresh ? speed.vx : 0, fresh ? speed.vy : 0)
    }
  }
  const wheel = (event: WheelEvent) => {
    event.preventDefault()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * WHEEL_LINE
    // A pinch on a touch pad comes as small steps of the wheel with ctrl.
    const step = Math.max(-240, Math.min(240, lines)) * (event.ctrlKey ? 0.012 : 0.0022)
    to.zoom(Math.exp(-step), spot(event))
  }
  const left = () => to.hover(undefined)
  element.addEventListener('pointerdown', pressed)
  element.addEventListener('pointermove', dragged)
  element.addEventListener('pointerup', released)
  element.addEventListener('pointercancel', released)
  element.addEventListener('pointerleave', left)
  element.addEventListener('wheel', wheel, { passive: false })
  return () => {
    element.removeEventListener('pointerdown', pressed)
    element.removeEventListener('pointermove', dragged)
    element.removeEventListener('pointerup', released)
    element.removeEventListener('pointercancel', released)
    element.removeEventListener('pointerleave', left)
    element.removeEventListener('wheel', wheel)
  }
}

function between(a: Spot, b: Spot): Spot {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
}
