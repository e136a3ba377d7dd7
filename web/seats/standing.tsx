/** Standing areas: how many tickets of each type. */
import { money } from '../format/money.ts'
import { MinusIcon, PlusIcon } from '../icons.tsx'
import type { ShopEvent } from '../shop.ts'
import { type SeatFeed, useFeed } from './seat-feed.ts'
import type { SeatLayout } from './seat-layout.ts'
import type { ChosenArea, Selection } from './selection.ts'

export function Standing({
  event,
  layout,
  feed,
  selection,
  change,
}: {
  event: ShopEvent
  layout: SeatLayout
  feed: SeatFeed
  selection: Selection
  change: (wanted: ChosenArea, left: number) => void
}) {
  useFeed(feed)
  if (layout.areas.length === 0) return null
  return (
    <section class="standing" aria-labelledby="standing-title">
      <h2 id="standing-title">Standing</h2>
      {layout.areas.map(({ area }, i) => {
        if (area.gone === area.capacity) return null
        const left = feed.state.areas[i] ?? 0
        const prices = event.prices.filter(price => price.category === area.category)
        return (
          <div key={area.id} class="area" id={`area-${i}`} tabIndex={-1}>
            <p class="area-name">
              <strong>{area.name}</strong>
              <span class="soft">{left > 0 ? `${left.toLocaleString('en')} left` : 'sold out'}</span>
            </p>
            {prices.map(({ ticketType, ticketTypeName, price, fee }) => {
              const quantity =
                selection.areas.find(one => one.areaId === area.id && one.ticketType === ticketType)
                  ?.quantity ?? 0
              const set = (to: number) => change({ areaId: area.id, ticketType, quantity: to }, left)
              const what = `${ticketTypeName}, ${area.name}`
              return (
                <div key={ticketType} class="stepper">
                  <span>
                    {ticketTypeName} <span class="soft">{money(price + fee, event.currency)}</span>
                  </span>
                  <button
                    type="button"
                    aria-label={`One less: ${what}`}
                    disabled={quantity === 0}
                    onClick={() => set(quantity - 1)}
                  >
                    <MinusIcon />
                  </button>
                  <output aria-label={`Tickets: ${what}`}>{quantity}</output>
                  <button
                    type="button"
                    aria-label={`One more: ${what}`}
                    disabled={left === 0}
                    onClick={() => set(quantity + 1)}
                  >
                    <PlusIcon />
                  </button>
                </div>
              )
            })}
          </div>
        )
      })}
    </section>
  )
}
