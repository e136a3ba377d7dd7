/** The first page: every event on sale with its numbers now, and a search among them. */
import { useEffect, useState } from 'preact/hooks'
import { clock, longDay, zoneName } from '../format/dates.ts'
import { SearchIcon } from '../icons.tsx'
import { told } from '../page-states.tsx'
import { type FoundEvent, useShop } from '../shop.ts'
import type { Desk, DeskEvent } from './desk.ts'
import { count } from './figures.ts'
import { listed, type Row } from './listed.ts'
import { queueWords } from './switch-words.ts'
import { isTokenRefused } from './token.ts'

const TYPED_MS = 200
/** What is on sale comes first: all of it, usually. */
const PAGE_SIZE = 100
const REFRESH_MS = 5_000

export function EventList({ desk, refused }: { desk: Desk; refused: (code: string) => void }) {
  const [typed, setTyped] = useState('')
  const [found, searchError] = useFound(typed.trim())
  const [live, liveError] = useDeskEvents(desk, refused)
  const rows = listed(found ?? [], live ?? [], typed.trim() !== '')
  const error = searchError ?? liveError
  return (
    <div class="page console-list">
      <header>
        <h1>Events</h1>
        <div class="searchbox small">
          <SearchIcon />
          <input
            type="search"
            aria-label="Search events"
            placeholder="Search events"
            value={typed}
            onInput={event => setTyped(event.currentTarget.value)}
          />
        </div>
      </header>
      {error !== undefined && (
        <p class="alert bad" role="alert">
          {told(error)}
        </p>
      )}
      {found === undefined && error === undefined && <p class="soft">Loading …</p>}
      {found !== undefined && rows.length === 0 && <p class="soft">No event is named so.</p>}
      {rows.length > 0 && <Rows rows={rows} />}
    </div>
  )
}

function Rows({ rows }: { rows: readonly Row[] }) {
  return (
    <table class="console-table event-table">
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">Starts</th>
          <th scope="col">State</th>
          <th scope="col">Waiting</th>
          <th scope="col">Active</th>
          <th scope="col">Free</th>
          <th scope="col">Sold</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={row.eventId}>
            <th scope="row">
              <a href={`/operator?event=${encodeURIComponent(row.eventId)}`} data-testid="operator-event">
                {row.name}
              </a>
              <span class="soft">{row.venue}</span>
            </th>
            <td class="starts">{startWords(row)}</td>
            <td>
              <span class="badges">
                {row.state !== 'off' && <span class="badge waiting">{queueWords(row.state)}</span>}
                {row.hot && <span class="badge bad">Hot</span>}
                <span class={`badge ${row.status === 'onsale' ? 'good' : ''}`}>
                  {STATUS[row.status] ?? row.status}
                </span>
              </span>
            </td>
            <Count name="Waiting" value={row.waiting} />
            <Count name="Active" value={row.active} />
            <Count name="Free" value={row.free} />
            <Count name="Sold" value={row.sold} />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const STATUS: Record<string, string> = {
  onsale: 'On sale',
  offsale: 'Off sale',
  postponed: 'Postponed',
  rescheduled: 'Rescheduled',
  canceled: 'Canceled',
}

function Count({ name, value }: { name: string; value: number | undefined }) {
  return (
    <td class="number" data-name={name}>
      {value === undefined ? '–' : count(value)}
    </td>
  )
}

function startWords({ startsAt, timeZone: zone = 'UTC' }: Row): string {
  return `${longDay(startsAt, zone)}, ${clock(startsAt, zone)} ${zoneName(startsAt, zone)}`
}

function useFound(keyword: string): [FoundEvent[] | undefined, unknown] {
  const shop = useShop()
  const [found, setFound] = useState<FoundEvent[]>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    let current = true
    const search = () =>
      shop.onsale.events
        .search<FoundEvent>({ ...(keyword === '' ? {} : { keyword }), pageSize: PAGE_SIZE })
        .then(({ events }) => {
          if (!current) return
          setFound(events)
          setError(undefined)
        })
        .catch((failure: unknown) => current && setError(failure))
    const timer = setTimeout(() => void search(), keyword === '' ? 0 : TYPED_MS)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [shop, keyword])
  return [found, error]
}

function useDeskEvents(
  desk: Desk,
  refused: (code: string) => void,
): [readonly DeskEvent[] | undefined, unknown] {
  const [events, setEvents] = useState<readonly DeskEvent[]>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      try {
        const now = await desk.events()
        if (!current) return
        setEvents(now)
        setError(undefined)
      } catch (failure) {
        if (!current) return
        if (isTokenRefused(failure)) return refused(failure.code)
        setError(failure)
      }
      timer = setTimeout(() => void ask(), REFRESH_MS)
    }
    void ask()
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [desk, refused])
  return [events, error]
}
