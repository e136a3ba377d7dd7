/**
 * A seat map on a canvas: owns the view and the frames. A frame is drawn when something has changed and not otherwise;
 * what a tap or a key means for the selection is its owner's business.
 */
import { FarRows } from './far-rows.ts'
import { listen, type Spot } from './gestures.ts'
import { type MapTheme, readTheme } from './map-theme.ts'
import type { Box } from './seat-layout.ts'
import { Outlines, paint } from './seat-painter.ts'
import type { SeatScene } from './seat-scene.ts'
import { SeatSprites } from './seat-sprites.ts'
import {
  between,
  COMFORTABLE,
  centred,
  clamped,
  fitted,
  limitsFor,
  panBy,
  type Size,
  seatDetail,
  TAP_ZOOMS_BELOW,
  toMap,
  toScreen,
  type View,
  zoomAt,
} from './viewport.ts'

/** What lies at a spot of the screen. */
export type Hit =
  | { kind: 'seat'; index: number }
  | { kind: 'section'; section: number }
  | { kind: 'area'; area: number }
  | { kind: 'nothing' }

export interface StageEvents {
  tap(hit: Hit): void
  hover(hit: Hit, at: Spot): void
  /** After pan, zoom or resize: what is fixed to a seat must move. */
  moved(): void
}

const PADDING = 18
const FLIGHT_MS = 420
const FAR_EVERY_MS = 250
/** Screens of more than this ratio gain nothing that is seen, and cost by its square. */
const MOST_RATIO = 2
const FRICTION = 0.0045
/** Pixels by which one may miss a section. */
const SLIP = 8
const SLIPS = [
  [0, 0],
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
] as const

export class MapStage {
  readonly scene: SeatScene
  readonly #canvas: HTMLCanvasElement
  readonly #pen: CanvasRenderingContext2D
  readonly #events: StageEvents
  readonly #far: FarRows
  readonly #outlines: Outlines
  readonly #calm: boolean
  readonly #undo: (() => void)[]
  #theme: MapTheme
  #sprites: SeatSprites | undefined
  #spritesFor = ''
  #size: Size = { width: 1, height: 1 }
  #view: View = { x: 0, y: 0, scale: 1 }
  #ratio = 1
  #frame = 0
  #farAt = -FAR_EVERY_MS
  #farStale = true
  #farLater = 0
  #motion: ((now: number) => boolean) | undefined
  #placed = false
  focused = false

  constructor(canvas: HTMLCanvasElement, scene: SeatScene, events: StageEvents) {
    const pen = canvas.getContext('2d', { alpha: false })
    if (pen === null) throw new Error('this browser has no canvas')
    this.#canvas = canvas
    this.#pen = pen
    this.scene = scene
    this.#events = events
    this.#theme = readTheme(canvas)
    this.#far = new FarRows(scene.layout)
    this.#outlines = new Outlines(scene)
    this.#calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    const observer = new ResizeObserver(() => this.#resize())
    observer.observe(canvas)
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const recolour = () => this.recolour()
    dark.addEventListener('change', recolour)
    this.#undo = [
      () => observer.disconnect(),
      () => dark.removeEventListener('change', recolour),
      listen(canvas, {
        pan: (dx, dy) => this.#set(panBy(this.#view, dx, dy)),
        zoom: (factor, at) => this.#set(zoomAt(this.#view, factor, at, this.#limits())),
        tap: (at, touch) => this.#tap(at, touch),
        hover: at => this.#hover(at),
        released: (vx, vy) => this.#glide(vx, vy),
        pressed: () => {
          this.#motion = undefined
        },
      }),
    ]
    this.#resize()
  }

  get view(): View {
    return this.#view
  }

  get size(): Size {
    return this.#size
  }

  close(): void {
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#farLater)
    for (const undo of this.#undo) undo()
  }

  /** Statuses have changed; `indices` left out: all may have. */
  changed(indices?: readonly number[]): void {
    const { scene } = this
    if (indices === undefined) scene.counts.reset(scene.source)
    else {
      scene.counts.change(indices, scene.source)
      if (!this.#calm) scene.flash(indices, performance.now())
    }
    this.#farStale = true
    this.invalidate()
  }

  recolour(): void {
    this.#theme = readTheme(this.#canvas)
    this.#spritesFor = ''
    this.restyle()
  }

  /** Filters have changed. */
  restyle(): void {
    this.#farStale = true
    this.#farAt = -FAR_EVERY_MS
    this.invalidate()
  }

  invalidate(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(now => this.#draw(now))
  }

  zoomBy(factor: number): void {
    const middle = { x: this.#size.width / 2, y: this.#size.height / 2 }
    this.#fly(zoomAt(this.#view, factor, middle, this.#limits()))
  }

  panBy(dx: number, dy: number): void {
    this.#set(panBy(this.#view, dx, dy))
  }

  showAll(): void {
    this.#fly(this.#whole())
  }

  /** Near enough to choose seats in it. */
  showBox(box: Box): void {
    const whole = fitted(box, this.#size, PADDING * 2)
    const { most } = this.#limits()
    const least = (COMFORTABLE * 0.6) / this.scene.layout.pitch
    const scale = Math.min(most, Math.max(least, whole.scale))
    this.#fly(centred((box.left + box.right) / 2, (box.top + box.bottom) / 2, scale, this.#size))
  }

  /** Brings a seat into view, and near enough to be seen; leaves the view where both is so. */
  showSeat(index: number): void {
    const { layout } = this.scene
    const [x, y] = [layout.x[index] ?? 0, layout.y[index] ?? 0]
    const at = toScreen(this.#view, x, y)
    const margin = Math.min(60, this.#size.width / 6, this.#size.height / 6)
    const inView =
      at.x > margin && at.y > margin && at.x < this.#size.width - margin && at.y < this.#size.height - margin
    const near = this.#view.scale * layout.pitch >= TAP_ZOOMS_BELOW
    if (inView && near) this.invalidate()
    else this.#fly(centred(x, y, near ? this.#view.scale : COMFORTABLE / layout.pitch, this.#size))
  }

  /** On the screen, CSS pixels from the canvas's corner. */
  seatAt(index: number): Spot {
    return toScreen(this.#view, this.scene.layout.x[index] ?? 0, this.scene.layout.y[index] ?? 0)
  }

  /** The seat nearest to the middle of the screen. */
  middleSeat(): number {
    const { x, y } = toMap(this.#view, this.#size.width / 2, this.#size.height / 2)
    for (let reach = 400; reach < 100_000; reach *= 2) {
      const seat = this.scene.grid.nearest(x, y, reach)
      if (seat >= 0) return seat
    }
    return -1
  }

  hit(at: Spot): Hit {
    const { layout, grid } = this.scene
    const { x, y } = toMap(this.#view, at.x, at.y)
    if (seatDetail(this.#view, layout.pitch) > 0.5) {
      const index = grid.nearest(x, y, Math.max(layout.pitch * 0.6, 10 / this.#view.scale))
      if (index >= 0) return { kind: 'seat', index }
    }
    // A finger may meet the gangway between two sections.
    const reach = SLIP / this.#view.scale
    for (const [dx, dy] of SLIPS) {
      const [px, py] = [x + dx * reach, y + dy * reach]
      const area = layout.areaAt(px, py)
      if (area >= 0) return { kind: 'area', area }
      const section = layout.sectionAt(px, py)
      if (section >= 0) return { kind: 'section', section }
    }
    return { kind: 'nothing' }
  }

  #tap(at: Spot, touch: boolean): void {
    const hit = this.hit(at)
    const { layout } = this.scene
    if (hit.kind === 'section') {
      const section = layout.sections[hit.section]
      if (section !== undefined && seatDetail(this.#view, layout.pitch) < 1) {
        this.showBox(section.box)
        return
      }
    }
    const small = this.#view.scale * layout.pitch < TAP_ZOOMS_BELOW
    if (hit.kind === 'seat' && small && touch) {
      const { x, y } = toMap(this.#view, at.x, at.y)
      this.#fly(centred(x, y, COMFORTABLE / layout.pitch, this.#size))
    } else this.#events.tap(hit)
  }

  #hover(at: Spot | undefined): void {
    const { scene } = this
    const hit: Hit = at === undefined ? { kind: 'nothing' } : this.hit(at)
    const [seat, section, area] = [
      hit.kind === 'seat' ? hit.index : -1,
      hit.kind === 'section' ? hit.section : -1,
      hit.kind === 'area' ? hit.area : -1,
    ]
    if (seat === scene.hovered && section === scene.hoveredSection && area === scene.hoveredArea) return
    scene.hovered = seat
    scene.hoveredSection = section
    scene.hoveredArea = area
    this.#canvas.style.cursor = hit.kind === 'nothing' ? 'grab' : 'pointer'
    this.#events.hover(hit, at ?? { x: 0, y: 0 })
    this.invalidate()
  }

  #glide(vx: number, vy: number): void {
    if (this.#calm || Math.hypot(vx, vy) < 0.08) return
    let [before, x, y] = [performance.now(), vx, vy]
    this.#move(now => {
      const ms = Math.min(64, Math.max(0, now - before))
      before = now
      this.#view = this.#kept(panBy(this.#view, x * ms, y * ms))
      const slow = Math.exp(-FRICTION * ms)
      x *= slow
      y *= slow
      return Math.hypot(x, y) > 0.02
    })
  }

  #fly(to: View): void {
    const from = this.#view
    const target = this.#kept(to)
    if (this.#calm) {
      this.#set(target)
      return
    }
    const start = performance.now()
    this.#move(now => {
      const t = Math.min(1, Math.max(0, (now - start) / FLIGHT_MS))
      this.#view = t === 1 ? target : between(from, target, t, this.#size)
      return t < 1
    })
  }

  #move(motion: (now: number) => boolean): void {
    this.#motion = motion
    this.invalidate()
  }

  #set(view: View): void {
    this.#motion = undefined
    this.#view = this.#kept(view)
    this.#events.moved()
    this.invalidate()
  }

  #draw(now: number): void {
    this.#frame = 0
    const { scene } = this
    if (this.#motion !== undefined) {
      if (!this.#motion(now)) this.#motion = undefined
      this.#events.moved()
    }
    const detail = seatDetail(this.#view, scene.layout.pitch)
    if (this.#farStale && detail < 1 && now - this.#farAt >= FAR_EVERY_MS) {
      this.#far.draw(
        { free: row => scene.counts.row(row), shown: category => !scene.hidden.has(category) },
        this.#theme,
      )
      this.#farAt = now
      this.#farStale = false
    }
    const flashing = paint({
      pen: this.#pen,
      view: this.#view,
      size: this.#size,
      ratio: this.#ratio,
      now,
      scene,
      sprites: this.#spritesNow(),
      far: this.#far,
      outlines: this.#outlines,
      theme: this.#theme,
      focused: this.focused,
    })
    if (flashing || this.#motion !== undefined) this.invalidate()
    else if (this.#farStale && detail < 1 && this.#farLater === 0) {
      this.#farLater = window.setTimeout(() => {
        this.#farLater = 0
        this.invalidate()
      }, FAR_EVERY_MS)
    }
  }

  #spritesNow(): SeatSprites {
    const { layout } = this.scene
    const pitch = this.#view.scale * layout.pitch * this.#ratio
    // In steps of a quarter of a pixel: nobody sees less, and a pinch makes few of them.
    const wanted = String(Math.round(pitch * 4) / 4)
    if (this.#sprites === undefined || this.#spritesFor !== wanted) {
      this.#sprites = new SeatSprites(layout.map.categories, Number(wanted), this.#theme)
      this.#spritesFor = wanted
    }
    return this.#sprites
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas
    if (width === 0 || height === 0) return
    this.#ratio = Math.min(MOST_RATIO, devicePixelRatio || 1)
    const before = this.#size
    this.#size = { width, height }
    this.#canvas.width = Math.round(width * this.#ratio)
    this.#canvas.height = Math.round(height * this.#ratio)
    if (!this.#placed) {
      this.#placed = true
      this.#view = this.#whole()
    } else {
      const dx = (width - before.width) / 2
      const dy = (height - before.height) / 2
      this.#view = this.#kept(panBy(this.#view, dx, dy))
    }
    this.#events.moved()
    cancelAnimationFrame(this.#frame)
    // At once: a canvas of another size is empty.
    this.#draw(performance.now())
  }

  #whole(): View {
    return fitted(this.scene.layout.box, this.#size, PADDING)
  }

  #limits() {
    return limitsFor(this.scene.layout.box, this.#size, this.scene.layout.pitch)
  }

  #kept(view: View): View {
    return clamped(view, this.scene.layout.box, this.#size)
  }
}
