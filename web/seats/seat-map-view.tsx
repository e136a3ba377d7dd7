/** The drawn map with what belongs to it: zoom buttons, the seat under pointer or cursor in words, the keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { MinusIcon, PlusIcon, WholeIcon } from '../icons.tsx'
import { type Hit, MapStage } from './map-stage.ts'
import { changedSeats, type SeatFeed } from './seat-feed.ts'
import type { SeatLayout } from './seat-layout.ts'
import { SeatScene } from './seat-scene.ts'

export interface SeatMapProps {
  layout: SeatLayout
  feed: SeatFeed
  chosen: ReadonlySet<number>
  mine: ReadonlySet<number>
  hidden: ReadonlySet<number>
  choose(index: number): void
  chooseArea(area: number): void
  /** The seat in words, for the tooltip and for the ear. */
  describe(index: number): SeatFacts
}

export interface SeatFacts {
  place: string
  status: string
  price: string | undefined
  category: string
  colour: string
  special: string | undefined
}

const STEP = 1.6
const PAN = 90
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
const HELP =
  'Arrow keys move from seat to seat, Enter chooses, plus and minus zoom, Escape shows the whole map. The list view has the same seats as buttons.'

export function SeatMapView(props: SeatMapProps) {
  const { layout, feed } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const [stage, setStage] = useState<MapStage>()
  const [pointed, setPointed] = useState<{ seat: number; area: number; byKey: boolean }>(NOWHERE)
  const [, setMoves] = useState(0)
  const latest = useRef(props)
  latest.current = props

  useEffect(() => {
    if (canvas.current === null) return
    const made = new MapStage(canvas.current, new SeatScene(layout, feed.state), {
      tap: hit => tapped(hit),
      hover: hit => setPointed(pointedAt(hit)),
      moved: () => setMoves(n => n + 1),
    })
    const tapped = (hit: Hit) => {
      if (hit.kind === 'seat') latest.current.choose(hit.index)
      if (hit.kind === 'area') latest.current.chooseArea(hit.area)
    }
    const off = feed.on(change => change.kind !== 'status' && made.changed(changedSeats(change)))
    setStage(made)
    return () => {
      off()
      made.close()
    }
  }, [layout, feed])

  useEffect(() => {
    if (stage === undefined) return
    stage.scene.chosen = props.chosen
    stage.scene.mine = props.mine
    stage.invalidate()
  }, [stage, props.chosen, props.mine])
  useEffect(() => {
    if (stage === undefined) return
    stage.scene.hidden = props.hidden
    stage.restyle()
  }, [stage, props.hidden])

  const key = (event: KeyboardEvent) => {
    if (stage === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    if (pressed(stage, event, props.choose, seat => setPointed({ seat, area: -1, byKey: true })))
      event.preventDefault()
  }
  const focus = (focused: boolean) => {
    if (stage === undefined) return
    stage.focused = focused
    if (!focused) setPointed(now => (now.byKey ? NOWHERE : now))
    stage.invalidate()
  }
  const facts = pointed.seat >= 0 ? props.describe(pointed.seat) : undefined
  return (
    <div class="map">
      <div
        class="map-canvas"
        role="application"
        aria-roledescription="seat map"
        aria-label={`${layout.map.name}: seat map. ${HELP}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move a cursor in it, as in a grid.
        tabIndex={0}
        onKeyDown={key}
        onFocus={() => focus(true)}
        onBlur={() => focus(false)}
        data-testid="seat-map"
      >
        <canvas ref={canvas} />
      </div>
      <p class="visually-hidden" aria-live="polite" data-testid="cursor-words">
        {pointed.byKey && facts !== undefined && spoken(facts)}
      </p>
      {stage !== undefined && facts !== undefined && (
        <Tooltip stage={stage} seat={pointed.seat} facts={facts} />
      )}
      {stage !== undefined && <ZoomButtons stage={stage} />}
    </div>
  )
}

const NOWHERE = { seat: -1, area: -1, byKey: false }

function pointedAt(hit: Hit) {
  return {
    seat: hit.kind === 'seat' ? hit.index : -1,
    area: hit.kind === 'area' ? hit.area : -1,
    byKey: false,
  }
}

/** Whether the key was for the map. */
function pressed(
  stage: MapStage,
  event: KeyboardEvent,
  choose: (seat: number) => void,
  point: (seat: number) => void,
): boolean {
  const { scene } = stage
  const arrow = ARROWS[event.key]
  if (arrow !== undefined) {
    if (event.shiftKey) stage.panBy(-arrow[0] * PAN, -arrow[1] * PAN)
    else moveCursor(stage, arrow, point)
    return true
  }
  switch (event.key) {
    case '+':
    case '=':
      stage.zoomBy(STEP)
      return true
    case '-':
      stage.zoomBy(1 / STEP)
      return true
    case '0':
    case 'Escape':
      scene.cursor = -1
      point(-1)
      stage.showAll()
      return true
    case 'Enter':
    case ' ':
      if (scene.cursor < 0) moveCursor(stage, [0, 0], point)
      else choose(scene.cursor)
      return true
    default:
      return false
  }
}

function moveCursor(
  stage: MapStage,
  [dx, dy]: readonly [number, number],
  point: (seat: number) => void,
): void {
  const { scene } = stage
  const next = scene.cursor < 0 ? stage.middleSeat() : scene.grid.towards(scene.cursor, dx, dy)
  if (next < 0) return
  scene.cursor = next
  stage.showSeat(next)
  point(next)
}

function spoken({ place, special, category, price, status }: SeatFacts): string {
  return [place, special, category, price, status].filter(part => part !== undefined).join(', ')
}

function Tooltip({ stage, seat, facts }: { stage: MapStage; seat: number; facts: SeatFacts }) {
  const at = stage.seatAt(seat)
  const above = at.y > 130
  const x = Math.max(104, Math.min(stage.size.width - 104, at.x))
  const gap = (stage.view.scale * stage.scene.layout.pitch) / 2 + 10
  return (
    <div
      class={`tooltip ${above ? 'above' : 'below'}`}
      style={{ transform: `translate(${Math.round(x)}px, ${Math.round(above ? at.y - gap : at.y + gap)}px)` }}
      aria-hidden="true"
    >
      <div>
        <strong>{facts.place}</strong>
        <span class="tooltip-line">
          <i class="swatch" style={{ background: facts.colour }} /> {facts.category}
          {facts.price !== undefined && <b>{facts.price}</b>}
        </span>
        {facts.special !== undefined && <span class="tooltip-line">{facts.special}</span>}
        {facts.status !== 'available' && <span class="tooltip-line state">{facts.status}</span>}
      </div>
    </div>
  )
}

function ZoomButtons({ stage }: { stage: MapStage }) {
  return (
    <fieldset class="plain zoom" aria-label="Zoom">
      <button type="button" aria-label="Zoom in" onClick={() => stage.zoomBy(STEP)}>
        <PlusIcon />
      </button>
      <button type="button" aria-label="Zoom out" onClick={() => stage.zoomBy(1 / STEP)}>
        <MinusIcon />
      </button>
      <button type="button" aria-label="Whole map" onClick={() => stage.showAll()}>
        <WholeIcon />
      </button>
    </fieldset>
  )
}
