/** What is chosen: seats with their ticket types, the total, and the button that holds them. */
import type { ComponentChildren } from 'preact'
import { extrasOf } from '../format/extras.ts'
import { money } from '../format/money.ts'
import { CloseIcon } from '../icons.tsx'
import type { ShopEvent } from '../shop.ts'
import type { SeatLayout } from './seat-layout.ts'
import { placeName, sectionName, specialName } from './seat-words.ts'
import { type ChosenArea, countOf, priceOf, type Selection, totalOf } from './selection.ts'

export interface TrayProps {
  event: ShopEvent
  layout: SeatLayout
  selection: Selection
  limit: number
  holding: boolean
  /** Seats are held already, and these come to them. */
  adding: boolean
  /** Shown while nothing is chosen. */
  best: ComponentChildren
  /** Shown above the button. */
  warning: ComponentChildren
  remove(index: number): void
  removeArea(area: ChosenArea): void
  setType(index: number, ticketType: string): void
  hold(): void
}

export function Tray(props: TrayProps) {
  const { event, layout, selection, limit, holding, hold } = props
  const count = countOf(selection)
  const total = totalOf(selection, event, {
    seat: index => layout.plan.at(index)?.category ?? '',
    area: areaId => layout.plan.area(areaId)?.category ?? '',
  })
  return (
    <section class={`tray ${count === 0 ? 'bare' : ''}`} aria-label="Your selection" data-testid="tray">
      {count === 0 ? (
        <>
          {limit > 0 && props.best}
          <p class="hint">
            {limit > 0
              ? `Or choose up to ${limit} tickets yourself. They are yours once you hold them.`
              : 'You hold as many tickets as one booking may have.'}
          </p>
        </>
      ) : (
        <ul class="picks">
          {selection.seats.map(seat => (
            <ChosenSeatLine key={seat.index} {...props} index={seat.index} ticketType={seat.ticketType} />
          ))}
          {selection.areas.map(area => (
            <ChosenAreaLine key={`${area.areaId} ${area.ticketType}`} {...props} area={area} />
          ))}
        </ul>
      )}
      {props.warning}
      {count > 0 && (
        <div class="hold">
          <p class="total">
            <span class="soft">
              {count} {count === 1 ? 'ticket' : 'tickets'},{' '}
              {['fees included', ...extrasOf(event)].join(' · ')}
            </span>
            <strong data-testid="total">{money(total, event.currency)}</strong>
          </p>
          <button type="button" class="button primary" disabled={holding} onClick={hold} data-testid="hold">
            {holding
              ? 'Holding …'
              : props.adding
                ? 'Add to what you hold'
                : selection.areas.length > 0
                  ? 'Hold these tickets'
                  : 'Hold these seats'}
          </button>
        </div>
      )}
    </section>
  )
}

function ChosenSeatLine(props: TrayProps & { index: number; ticketType: string }) {
  const { event, layout, index, ticketType, remove, setType } = props
  const place = layout.plan.at(index)
  if (place === undefined) return null
  const types = event.prices.filter(price => price.category === place.category)
  const price = priceOf(event.prices, place.category, ticketType)
  const name = placeName(place)
  return (
    <li data-testid="chosen-seat" data-index={index}>
      <span class="what">
        <strong>
          Row {place.row}, seat {place.seat}
        </strong>
        <span class="soft">
          {sectionName(place.section)} · {layout.map.categories.find(({ id }) => id === place.category)?.name}
          {specialName(place) !== undefined && ` · ${specialName(place)}`}
        </span>
      </span>
      {types.length > 1 ? (
        <select
          aria-label={`Ticket type of ${name}`}
          value={ticketType}
          onChange={change => setType(index, change.currentTarget.value)}
        >
          {types.map(type => (
            <option key={type.ticketType} value={type.ticketType}>
              {type.ticketTypeName}
            </option>
          ))}
        </select>
      ) : (
        <span class="soft">{price?.ticketTypeName}</span>
      )}
      <span class="amount">{price !== undefined && money(price.price + price.fee, event.currency)}</span>
      <button type="button" class="bare" aria-label={`Remove ${name}`} onClick={() => remove(index)}>
        <CloseIcon />
      </button>
    </li>
  )
}

function ChosenAreaLine({ event, layout, area, removeArea }: TrayProps & { area: ChosenArea }) {
  const place = layout.plan.area(area.areaId)
  if (place === undefined) return null
  const price = priceOf(event.prices, place.category, area.ticketType)
  return (
    <li data-testid="chosen-area">
      <span class="what">
        <strong>{place.name}</strong>
        <span class="soft">Standing</span>
      </span>
      <span class="soft">
        {area.quantity} × {price?.ticketTypeName}
      </span>
      <span class="amount">
        {price !== undefined && money(area.quantity * (price.price + price.fee), event.currency)}
      </span>
      <button type="button" class="bare" aria-label={`Remove ${place.name}`} onClick={() => removeArea(area)}>
        <CloseIcon />
      </button>
    </li>
  )
}
