/** An event among the results, as the stub of a ticket. */
import { clock, longDay, stub, zoneName } from '../format/dates.ts'
import { shortMoney } from '../format/money.ts'
import { FlameIcon, PinIcon, TypeIcon } from '../icons.tsx'
import { type FoundEvent, useShop } from '../shop.ts'
import { type Door, type Sellable, statusWords } from './status-words.ts'

const THIS_YEAR = String(new Date().getFullYear())

export function EventCard({ event }: { event: FoundEvent }) {
  const { venue, startsAt, priceRange } = event
  const day = stub(startsAt, venue.timeZone)
  return (
    <li>
      <a class={`stub ${event.type}`} href={`/e/${event.eventId}`} data-testid="event-card">
        <span class="stub-date">
          <span class="visually-hidden">{longDay(startsAt, venue.timeZone)}</span>
          <span aria-hidden="true" class="month">
            {day.month}
          </span>
          <span aria-hidden="true" class="day">
            {day.day}
          </span>
          <span aria-hidden="true" class="weekday">
            {day.weekday}
            {day.year === THIS_YEAR ? '' : ` ${day.year}`}
          </span>
        </span>
        <span class="stub-body">
          <span class="kind">
            <TypeIcon type={event.type} />
            {event.competition ?? kindOf(event)}
          </span>
          <span class="name">{event.name}</span>
          <span class="facts">
            <PinIcon />
            <span>
              {venue.name}, {venue.city}
              <span class="soft">
                {' '}
                · {clock(startsAt, venue.timeZone)} {zoneName(startsAt, venue.timeZone)}
                {event.distanceKm !== undefined && ` · ${Math.round(event.distanceKm)} km away`}
              </span>
            </span>
          </span>
        </span>
        <span class="stub-sale">
          <span class="sale-badges">
            {event.hot && event.status === 'onsale' && (
              <span class="badge hot" data-testid="hot">
                <FlameIcon /> Hot
              </span>
            )}
            <Status event={event} />
          </span>
          {priceRange !== null && (
            <span class="price">
              <span class="soft">from</span> {shortMoney(priceRange.min, priceRange.currency)}
            </span>
          )}
        </span>
      </a>
    </li>
  )
}

function kindOf({ type, performers }: FoundEvent): string {
  const by = performers[0]?.name
  return by === undefined || type === 'football' ? type : by
}

export function Status({ event, door }: { event: Sellable; door?: Door | undefined }) {
  const shop = useShop()
  const { text, tone } = statusWords(event, shop.now(), door)
  return <span class={`badge ${tone}`}>{text}</span>
}
