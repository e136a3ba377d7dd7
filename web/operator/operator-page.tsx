/** The operator's desk: which events are on sale, and for one of them the queue's switch with live numbers. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { clock, longDay } from '../format/dates.ts'
import { SearchIcon } from '../icons.tsx'
import { told, useTitle } from '../page-states.tsx'
import { useLocation } from '../routes.ts'
import { type FoundEvent, useShop } from '../shop.ts'
import { Desk, dropToken, keepToken, takeToken } from './desk.ts'
import { QueueDesk } from './queue-desk.tsx'

const TYPED_MS = 200
/** What is on sale comes first: all of it, usually. */
const PAGE_SIZE = 100

export function OperatorPage() {
  useTitle('Operator')
  const shop = useShop()
  const [token, setToken] = useState(takeToken)
  const [refused, setRefused] = useState(false)
  const { query, route } = useLocation()
  const eventId = query['event']
  const desk = useMemo(
    () => (token === undefined ? undefined : new Desk(token, shop.config.realtimeUrl)),
    [token, shop],
  )
  // A link with a token may be opened in a tab that already shows this page.
  useEffect(() => {
    const hash = () => setToken(takeToken())
    addEventListener('hashchange', hash)
    return () => removeEventListener('hashchange', hash)
  }, [])
  if (desk === undefined) {
    return (
      <SignIn
        refused={refused}
        enter={given => {
          keepToken(given)
          setRefused(false)
          setToken(given)
        }}
      />
    )
  }
  return (
    <div class={`page operator ${eventId === undefined ? '' : 'chosen'}`}>
      <EventPicker
        eventId={eventId}
        choose={id => route(`/operator?event=${encodeURIComponent(id)}`)}
        byDefault={id =>
          eventId === undefined &&
          innerWidth > 900 &&
          route(`/operator?event=${encodeURIComponent(id)}`, true)
        }
      />
      {eventId === undefined ? (
        <p class="soft pick">Choose an event.</p>
      ) : (
        <QueueDesk
          key={eventId}
          desk={desk}
          eventId={eventId}
          refused={() => {
            dropToken()
            setRefused(true)
            setToken(undefined)
          }}
        />
      )}
    </div>
  )
}

function SignIn({ refused, enter }: { refused: boolean; enter: (token: string) => void }) {
  const [typed, setTyped] = useState('')
  return (
    <div class="page narrow">
      <h1>Operator</h1>
      {refused && (
        <p class="alert bad" role="alert">
          This token is not the right one.
        </p>
      )}
      <p>Open the operator link that the server printed at its start, or give its token here.</p>
      <form
        class="pay"
        onSubmit={event => {
          event.preventDefault()
          if (typed.trim() !== '') enter(typed.trim())
        }}
      >
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            required
            value={typed}
            onInput={event => setTyped(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary">
          Enter
        </button>
      </form>
    </div>
  )
}

function EventPicker({
  eventId,
  choose,
  byDefault,
}: {
  eventId: string | undefined
  choose: (eventId: string) => void
  byDefault: (eventId: string) => void
}) {
  const shop = useShop()
  const [typed, setTyped] = useState('')
  const [events, setEvents] = useState<FoundEvent[]>([])
  const [error, setError] = useState<unknown>()
  const first = useRef(byDefault)
  first.current = byDefault
  useEffect(() => {
    let current = true
    const timer = setTimeout(
      () => {
        shop.onsale.events
          .search<FoundEvent>({
            ...(typed.trim() === '' ? {} : { keyword: typed.trim() }),
            pageSize: PAGE_SIZE,
          })
          .then(({ events: found }) => {
            if (!current) return
            const ordered = byUrgency(found)
            setEvents(ordered)
            setError(undefined)
            if (ordered[0] !== undefined) first.current(ordered[0].eventId)
          })
          .catch((failure: unknown) => current && setError(failure))
      },
      typed === '' ? 0 : TYPED_MS,
    )
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [shop, typed])
  return (
    <section class="picker" aria-label="Events">
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
      {error !== undefined && (
        <p class="alert bad" role="alert">
          {told(error)}
        </p>
      )}
      <ul>
        {events.map(event => (
          <li key={event.eventId}>
            <button
              type="button"
              aria-current={event.eventId === eventId}
              onClick={() => choose(event.eventId)}
              data-testid="operator-event"
            >
              <span class="name">{event.name}</span>
              <span class="soft">
                {longDay(event.startsAt, event.venue.timeZone)}, {clock(event.startsAt, event.venue.timeZone)}{' '}
                · {event.venue.city}
              </span>
              <span class="badges">
                {event.hot === true && <span class="badge bad">Hot</span>}
                {event.queue !== null && event.queue.state !== 'off' && (
                  <span class="badge waiting">Queue {event.queue.state}</span>
                )}
                <span class={`badge ${event.status === 'onsale' ? 'good' : ''}`}>
                  {event.status === 'onsale' ? 'On sale' : event.status}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Where something is going on first, then what will be stormed, then what is on sale. */
function byUrgency(events: FoundEvent[]): FoundEvent[] {
  const rank = ({ status, queue, hot }: FoundEvent) =>
    queue !== null && queue.state !== 'off' ? 0 : hot === true ? 1 : status === 'onsale' ? 2 : 3
  return events.toSorted((a, b) => rank(a) - rank(b))
}
