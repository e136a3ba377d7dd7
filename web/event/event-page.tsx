/** One event: what it is, and by its state the seats, the waiting room, or when it goes on sale. */
import { useCallback, useEffect, useReducer, useState } from 'preact/hooks'
import { OnsaleError } from '../../client/http.ts'
import { clock, longDay, zoneName } from '../format/dates.ts'
import { extrasOf } from '../format/extras.ts'
import { ClockIcon, PinIcon, TypeIcon } from '../icons.tsx'
import { Loading, Problem, useTitle } from '../page-states.tsx'
import { useRoute } from '../routes.ts'
import { Status } from '../search/event-card.tsx'
import type { Door } from '../search/status-words.ts'
import { type ShopEvent, useShop } from '../shop.ts'
import { Doors } from './doors.tsx'
import { OffSale } from './off-sale.tsx'

export function EventPage() {
  const eventId = useRoute().params['eventId'] ?? ''
  const [event, retry] = useEvent(eventId)
  useTitle(event === undefined || event instanceof Error ? '' : event.name)
  if (event === undefined) return <Loading what="the event" />
  if (event instanceof Error) {
    const missing = event instanceof OnsaleError && event.status === 404
    return missing ? (
      <Problem title="There is no such event">
        <p>It may be over, or the address is mistyped.</p>
      </Problem>
    ) : (
      <Problem title="The event did not load" error={event} retry={retry} />
    )
  }
  return <Occasion key={event.eventId} event={event} reload={retry} />
}

function Occasion({ event, reload }: { event: ShopEvent; reload: () => void }) {
  const [door, setDoor] = useState<Door>()
  const onSale = event.status === 'onsale'
  return (
    <div class={onSale ? 'event' : 'event page'}>
      <EventHead event={event} door={onSale ? door : undefined} />
      {onSale ? (
        <Doors event={event} at={setDoor} reload={reload} />
      ) : (
        <OffSale event={event} reload={reload} />
      )}
    </div>
  )
}

export function useEvent(eventId: string): [ShopEvent | Error | undefined, () => void] {
  const shop = useShop()
  const [event, setEvent] = useState<ShopEvent | Error>()
  const [attempt, retry] = useReducer((n: number) => n + 1, 0)
  useEffect(() => {
    let current = true
    if (eventId === '') return
    shop
      .ask(() => shop.onsale.events.get<ShopEvent>(eventId))
      .then(found => current && setEvent(found))
      .catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error))
        // What is shown stays, where it was only to be shown anew.
        const isShown = (now: typeof event) =>
          now !== undefined && !(now instanceof Error) && now.eventId === eventId
        if (current) setEvent(now => (isShown(now) ? now : failure))
      })
    return () => {
      current = false
    }
  }, [shop, eventId, attempt])
  return [event, useCallback(() => retry(undefined), [])]
}

function EventHead({ event, door }: { event: ShopEvent; door: Door | undefined }) {
  const { venue, startsAt } = event
  const extras = extrasOf(event)
  return (
    <header class={`event-head ${event.type}`}>
      <span class="event-mark" aria-hidden="true">
        <TypeIcon type={event.type} />
      </span>
      <div>
        <h1>{event.name}</h1>
        <p class="event-facts">
          <span>
            <ClockIcon /> {longDay(startsAt, venue.timeZone)}, {clock(startsAt, venue.timeZone)}{' '}
            <span class="soft">{zoneName(startsAt, venue.timeZone)}</span>
          </span>
          <span>
            <PinIcon /> {venue.name}, {venue.city}
          </span>
          {event.competition !== null && <span class="soft">{event.competition}</span>}
          {extras.length > 0 && <span data-testid="extras">{extras.join(' · ')}</span>}
        </p>
      </div>
      <Status event={event} door={door} />
    </header>
  )
}
