/** What the colours and shapes mean; each price category can be switched off. */
import { shortMoney } from '../format/money.ts'
import type { ShopEvent } from '../shop.ts'
import { useDark } from '../use-dark.ts'
import { tone } from './map-theme.ts'
import type { SeatLayout } from './seat-layout.ts'
import { priceOf } from './selection.ts'

export function Legend({
  event,
  layout,
  hidden,
  toggle,
}: {
  event: ShopEvent
  layout: SeatLayout
  hidden: ReadonlySet<number>
  toggle: (category: number) => void
}) {
  const dark = useDark()
  return (
    <div class="legend">
      <fieldset class="plain categories" aria-label="Price categories">
        {layout.map.categories.map(({ id, name, colour }, category) => {
          const price = priceOf(event.prices, id)
          // Of tombstones alone.
          if (price === undefined) return null
          return (
            <button
              key={id}
              type="button"
              class="category"
              aria-pressed={!hidden.has(category)}
              title={hidden.has(category) ? `Show ${name}` : `Hide ${name}`}
              onClick={() => toggle(category)}
            >
              <i class="swatch" style={{ background: tone(colour, dark) }} />
              <span>{name}</span>
              <b>{shortMoney(price.price + price.fee, event.currency)}</b>
            </button>
          )
        })}
      </fieldset>
      <ul class="key" aria-label="Marks on the map">
        {KEY.map(([mark, name]) => (
          <li key={mark}>
            <i class={`mark ${mark}`} aria-hidden="true" /> {name}
          </li>
        ))}
      </ul>
    </div>
  )
}

const KEY = [
  ['free', 'free'],
  ['held', 'held'],
  ['sold', 'sold'],
  ['mine', 'yours'],
  ['accessible', 'wheelchair'],
  ['companion', 'companion'],
] as const
