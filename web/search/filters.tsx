/** What narrows a search: kind of event, city, days, nearness. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { BookingsIcon, FilterIcon, PinIcon, TypeIcon } from '../icons.tsx'
import { notify } from '../notices.tsx'
import { SORTS, TYPES, type Wish } from './search-query.ts'

const TYPED_MS = 350
const LOCATE_MS = 8_000

/** Stands beside the number found, as it changes nothing of what is. */
export function Sort({ wish, change }: { wish: Wish; change: (change: Partial<Wish>) => void }) {
  return (
    <label class="sort">
      <span class="soft">Sort</span>
      <select
        value={wish.sort}
        onChange={event => {
          const chosen = event.currentTarget.value
          change({ sort: SORTS.find(({ id }) => id === chosen)?.id ?? '' })
        }}
        data-testid="sort"
      >
        <option value="">{wish.near === undefined ? 'Best match' : 'Nearest first'}</option>
        {SORTS.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

export function Filters({ wish, change }: { wish: Wish; change: (change: Partial<Wish>) => void }) {
  const set = [wish.city, wish.start, wish.end].filter(value => value !== '').length
  const [open, setOpen] = useState(set > 0)
  return (
    <div class="filters">
      <fieldset class="plain chips" aria-label="Filters">
        {TYPES.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            class="chip"
            aria-pressed={wish.type === id}
            onClick={() => change({ type: wish.type === id ? '' : id })}
          >
            <TypeIcon type={id} /> {name}
          </button>
        ))}
        <button
          type="button"
          class="chip"
          aria-pressed={wish.onSale}
          onClick={() => change({ onSale: !wish.onSale })}
        >
          <BookingsIcon /> On sale now
        </button>
        <NearMe wish={wish} change={change} />
        <button
          type="button"
          class="chip"
          aria-expanded={open}
          aria-controls="more-filters"
          onClick={() => setOpen(!open)}
        >
          <FilterIcon /> City and dates{set > 0 && <span class="dot">{set}</span>}
        </button>
      </fieldset>
      {open && (
        <div class="more-filters" id="more-filters">
          <City value={wish.city} change={city => change({ city })} />
          <label>
            From
            <input
              type="date"
              value={wish.start}
              max={wish.end || undefined}
              onChange={event => change({ start: event.currentTarget.value })}
            />
          </label>
          <label>
            Until
            <input
              type="date"
              value={wish.end}
              min={wish.start || undefined}
              onChange={event => change({ end: event.currentTarget.value })}
            />
          </label>
        </div>
      )}
    </div>
  )
}

function City({ value, change }: { value: string; change: (city: string) => void }) {
  const [typed, setTyped] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const asked = useRef(value)
  useEffect(() => {
    if (value === asked.current) return
    asked.current = value
    setTyped(value)
  }, [value])
  return (
    <label>
      City
      <input
        type="text"
        value={typed}
        maxLength={100}
        autocomplete="address-level2"
        onInput={event => {
          const city = event.currentTarget.value
          setTyped(city)
          clearTimeout(timer.current)
          timer.current = setTimeout(() => {
            asked.current = city.trim()
            change(city)
          }, TYPED_MS)
        }}
      />
    </label>
  )
}

function NearMe({ wish, change }: { wish: Wish; change: (change: Pick<Wish, 'near'>) => void }) {
  const [locating, setLocating] = useState(false)
  const toggle = () => {
    if (wish.near !== undefined) {
      change({ near: undefined })
      return
    }
    setLocating(true)
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setLocating(false)
        change({ near: { lat: coords.latitude, lon: coords.longitude } })
      },
      () => {
        setLocating(false)
        notify('Your browser did not tell where you are. Name a city instead.')
      },
      { timeout: LOCATE_MS, maximumAge: 600_000 },
    )
  }
  if (!('geolocation' in navigator)) return null
  return (
    <button
      type="button"
      class="chip"
      aria-pressed={wish.near !== undefined}
      disabled={locating}
      onClick={toggle}
    >
      <PinIcon /> {locating ? 'Locating …' : 'Near me'}
    </button>
  )
}
