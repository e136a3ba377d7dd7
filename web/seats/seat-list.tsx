/** The same seats without a picture: section, row, seat, as buttons. For ears, for keyboards, for small screens. */
import { useState } from 'preact/hooks'
import type { SeatFeed } from './seat-feed.ts'
import { useFeed } from './seat-feed.ts'
import { KIND, type LaidRow, type LaidSection, type SeatLayout } from './seat-layout.ts'
import type { SeatFacts } from './seat-map-view.tsx'
import { sectionName } from './seat-words.ts'

export interface SeatListProps {
  layout: SeatLayout
  feed: SeatFeed
  chosen: ReadonlySet<number>
  mine: ReadonlySet<number>
  hidden: ReadonlySet<number>
  choose(index: number): void
  describe(index: number): SeatFacts
}

export function SeatList(props: SeatListProps) {
  const { layout, feed } = props
  useFeed(feed)
  const [open, setOpen] = useState(-1)
  const [freeOnly, setFreeOnly] = useState(true)
  const sections = layout.sections
    .map((section, number) => ({ section, number, free: freeIn(props, section.first, section.seats) }))
    .filter(({ section, free }) => free > 0 || (!freeOnly && section.section.outline.length > 0))
  return (
    <div class="seat-list" data-testid="seat-list">
      <label class="toggle">
        <input
          type="checkbox"
          checked={freeOnly}
          onChange={event => setFreeOnly(event.currentTarget.checked)}
        />
        Only sections with free seats
      </label>
      {sections.length === 0 && layout.sections.length > 0 && <p>No seat of these categories is free.</p>}
      <ul>
        {sections.map(({ section, number, free }) => (
          <li key={number}>
            <h3>
              <button
                type="button"
                class="disclosure"
                aria-expanded={open === number}
                onClick={() => setOpen(open === number ? -1 : number)}
              >
                <span>{sectionName(section.section.name)}</span>
                <span class="soft">{free > 0 ? `${free.toLocaleString('en')} free` : 'sold out'}</span>
              </button>
            </h3>
            {open === number && <Rows {...props} section={section} />}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Free seats from an index on, of the categories that are shown. */
function freeIn({ layout, feed, hidden }: SeatListProps, first: number, count: number): number {
  let free = 0
  for (let index = first; index < first + count; index++) {
    if (feed.state.get(index) === 0 && !hidden.has(layout.category(index))) free++
  }
  return free
}

function Rows(props: SeatListProps & { section: LaidSection }) {
  const { section, layout } = props
  const rows = layout.rows
    .slice(section.firstRow, section.firstRow + section.section.rows.length)
    .filter(({ seats }) => seats.length > 0)
  return (
    <ul class="rows">
      {rows.map(row => {
        const free = freeIn(props, row.first, row.length)
        return (
          <li key={row.first}>
            <span class="row-name" id={`row-${row.first}`}>
              Row {row.row.name} <span class="soft">{free > 0 ? `${free} free` : 'full'}</span>
            </span>
            <Seats {...props} row={row} />
          </li>
        )
      })}
    </ul>
  )
}

/** One stop of the Tab key a row; arrows go from seat to seat in it. */
function Seats({
  row,
  layout,
  feed,
  chosen,
  mine,
  hidden,
  choose,
  describe,
}: SeatListProps & { row: LaidRow }) {
  const [at, setAt] = useState(0)
  const arrow = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key]
    if (by === undefined || !(event.currentTarget instanceof HTMLElement)) return
    event.preventDefault()
    const next = Math.max(0, Math.min(row.seats.length - 1, at + by))
    setAt(next)
    const seat = event.currentTarget.children[next]
    if (seat instanceof HTMLElement) seat.focus()
  }
  return (
    <fieldset class="plain seats" aria-labelledby={`row-${row.first}`} onKeyDown={arrow}>
      {row.seats.map((index, place) => {
        const offset = index - row.first
        const facts = describe(index)
        const own = mine.has(index) ? 'mine' : chosen.has(index) ? 'chosen' : undefined
        const status = own ?? (['free', 'held', 'sold', 'blocked'][feed.state.get(index) ?? 3] as string)
        const kind = layout.kind[index] === KIND.seat ? '' : 'square'
        const label = [facts.place, facts.special, facts.price, facts.status].filter(Boolean).join(', ')
        return (
          <button
            key={index}
            type="button"
            class={`seat ${status} ${kind} ${hidden.has(row.category) ? 'faint' : ''}`}
            style={status === 'free' ? { '--seat': facts.colour } : {}}
            aria-label={label}
            aria-pressed={own === 'chosen'}
            aria-disabled={status !== 'free' && own !== 'chosen'}
            tabIndex={place === at ? 0 : -1}
            onFocus={() => setAt(place)}
            onClick={() => choose(index)}
          >
            {row.row.labels?.[offset] ?? offset + 1}
          </button>
        )
      })}
    </fieldset>
  )
}
