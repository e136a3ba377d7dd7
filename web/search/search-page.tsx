/** Finding an event: words with results as one types, filters, pages. The address bar holds the search. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { SearchAnswer } from '../../client/events.ts'
import { told, useTitle } from '../page-states.tsx'
import { useLocation } from '../routes.ts'
import { type FoundEvent, useShop } from '../shop.ts'
import { EventCard } from './event-card.tsx'
import { Filters, Sort } from './filters.tsx'
import { SearchBox } from './search-box.tsx'
import { addressOf, askedOf, isNarrowed, PAGE_SIZE, UNNARROWED, type Wish, wishOf } from './search-query.ts'
import type { Suggestion } from './suggestions.ts'

/** A pause in typing. */
const TYPED_MS = 180

/** The server answers none deeper. */
const MOST_PAGES = 500

type Results =
  | { state: 'loading'; before: SearchAnswer<FoundEvent> | undefined }
  | { state: 'found'; answer: SearchAnswer<FoundEvent> }
  | { state: 'failed'; error: unknown }

export function SearchPage() {
  const { query, route } = useLocation()
  const wish = wishOf(query)
  const [typed, setTyped] = useState(wish.keyword)
  const [results, retry] = useResults(wish)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useTitle(wish.keyword)

  const go = useCallback(
    (change: Partial<Wish>, replace = false) => {
      clearTimeout(timer.current)
      // The event that was chosen is still loading: what was typed before is no longer asked.
      if (location.pathname !== '/') return
      route(addressOf({ ...wishOf(queryNow()), page: 1, ...change }), replace)
    },
    [route],
  )
  // Back and forward change the words from outside; what comes back of our own is older than what was typed since.
  const asked = useRef(wish.keyword)
  useEffect(() => {
    if (wish.keyword === asked.current) return
    asked.current = wish.keyword
    setTyped(wish.keyword)
  }, [wish.keyword])
  useEffect(() => () => clearTimeout(timer.current), [])

  const ask = (keyword: string, replace = false) => {
    asked.current = keyword.trim()
    go({ keyword }, replace)
  }
  const type = (keyword: string) => {
    setTyped(keyword)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => ask(keyword, true), TYPED_MS)
  }
  const choose = (suggestion: Suggestion) => {
    clearTimeout(timer.current)
    if (suggestion.kind === 'event') return route(`/e/${suggestion.eventId}`)
    const keyword = suggestion.kind === 'city' ? '' : suggestion.name
    setTyped(keyword)
    asked.current = keyword
    go({ keyword, ...(suggestion.kind === 'city' ? { city: suggestion.name } : {}) })
  }
  return (
    <div class="page search">
      <search>
        <form
          onSubmit={event => {
            event.preventDefault()
            ask(typed)
          }}
        >
          <h1>Find your seat.</h1>
          <SearchBox typed={typed} type={type} choose={choose} />
          <Filters wish={wish} change={change => go(change)} />
        </form>
      </search>
      <Found results={results} wish={wish} go={go} retry={retry} />
    </div>
  )
}

function queryNow(): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(location.search))
}

/** What was asked last counts: answers to older questions are dropped. */
function useResults(wish: Wish): [Results, () => void] {
  const shop = useShop()
  const [results, setResults] = useState<Results>({ state: 'loading', before: undefined })
  const [attempt, setAttempt] = useState(0)
  const address = addressOf(wish)
  useEffect(() => {
    let current = true
    setResults(now => ({ state: 'loading', before: answerIn(now) }))
    shop.onsale.events
      .search<FoundEvent>(askedOf(wish))
      .then(answer => current && setResults({ state: 'found', answer }))
      .catch((error: unknown) => current && setResults({ state: 'failed', error }))
    return () => {
      current = false
    }
    // The address is the wish.
  }, [address, attempt])
  const retry = useCallback(() => setAttempt(n => n + 1), [])
  useEffect(() => {
    if (results.state !== 'failed') return
    addEventListener('online', retry)
    return () => removeEventListener('online', retry)
  }, [results.state, retry])
  return [results, retry]
}

function answerIn(results: Results): SearchAnswer<FoundEvent> | undefined {
  if (results.state === 'failed') return undefined
  return results.state === 'found' ? results.answer : results.before
}

function Found({
  results,
  wish,
  go,
  retry,
}: {
  results: Results
  wish: Wish
  go: (change: Partial<Wish>) => void
  retry: () => void
}) {
  if (results.state === 'failed') {
    return (
      <div class="empty" role="alert">
        <h2>The search did not work</h2>
        <p>{told(results.error)}</p>
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      </div>
    )
  }
  const answer = answerIn(results)
  if (answer === undefined) return <Skeleton />
  const { events, total } = answer
  const pages = Math.min(MOST_PAGES, Math.ceil(total / PAGE_SIZE))
  if (total === 0 || events.length === 0) return <Nothing wish={wish} go={go} />
  return (
    <section aria-label="Events" aria-busy={results.state === 'loading'}>
      <div class="results-head">
        <p class="count" role="status">
          {total.toLocaleString('en')} {total === 1 ? 'event' : 'events'}
          {wish.near !== undefined && ' near you'}
        </p>
        <Sort wish={wish} change={go} />
      </div>
      <ul class={`stubs ${results.state}`}>
        {events.map(event => (
          <EventCard key={event.eventId} event={event} />
        ))}
      </ul>
      {pages > 1 && <Pages page={wish.page} pages={pages} go={page => go({ page })} />}
    </section>
  )
}

function Nothing({ wish, go }: { wish: Wish; go: (change: Partial<Wish>) => void }) {
  return (
    <div class="empty" role="status">
      <h2>Nothing found</h2>
      <p>
        {wish.keyword === ''
          ? 'No event is as you wish it.'
          : `No event matches “${wish.keyword}”${isNarrowed(wish) ? ' with these filters' : ''}.`}
      </p>
      <p class="actions">
        {isNarrowed(wish) && (
          <button type="button" class="button" onClick={() => go(UNNARROWED)}>
            Clear the filters
          </button>
        )}
        <a class="button quiet" href="/">
          All events
        </a>
      </p>
    </div>
  )
}

function Pages({ page, pages, go }: { page: number; pages: number; go: (page: number) => void }) {
  const turn = (to: number) => {
    go(to)
    scrollTo({ top: 0 })
  }
  return (
    <nav class="pages" aria-label="Pages of results">
      <button type="button" class="button quiet" disabled={page <= 1} onClick={() => turn(page - 1)}>
        Earlier
      </button>
      <span>
        Page {page} of {pages.toLocaleString('en')}
      </span>
      <button type="button" class="button quiet" disabled={page >= pages} onClick={() => turn(page + 1)}>
        More
      </button>
    </nav>
  )
}

function Skeleton() {
  return (
    <div class="stubs" role="status" aria-label="Searching">
      {[0, 1, 2, 3, 4].map(i => (
        <div key={i} class="stub ghost" />
      ))}
    </div>
  )
}
