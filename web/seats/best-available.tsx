/** The best seats with one press: how many, of which price, and they are held. */
import { useState } from 'preact/hooks'
import { money } from '../format/money.ts'
import type { ShopEvent } from '../shop.ts'
import type { Offer } from './hold.ts'
import { priceOf } from './selection.ts'

export interface BestWish {
  quantity: number
  /** A category's id; empty: whatever is best. */
  category: string
}

interface BestAvailableProps {
  event: ShopEvent
  limit: number
  holding: boolean
  hold(wish: BestWish): void
}

const USUAL = 2

export function BestAvailable({ event, limit, holding, hold }: BestAvailableProps) {
  const [quantity, setQuantity] = useState(Math.min(USUAL, limit))
  const [category, setCategory] = useState('')
  const sold = event.categories.filter(({ categoryId }) => priceOf(event.prices, categoryId) !== undefined)
  return (
    <form
      class="best"
      aria-label="Best available"
      data-testid="best"
      onSubmit={submit => {
        submit.preventDefault()
        if (!holding) hold({ quantity, category })
      }}
    >
      <select
        aria-label="How many tickets"
        value={quantity}
        onChange={change => setQuantity(Number(change.currentTarget.value))}
      >
        {Array.from({ length: limit }, (_, at) => at + 1).map(count => (
          <option key={count} value={count}>
            {count} {count === 1 ? 'ticket' : 'tickets'}
          </option>
        ))}
      </select>
      <select
        aria-label="At which price"
        value={category}
        onChange={change => setCategory(change.currentTarget.value)}
      >
        <option value="">Any price</option>
        {sold.map(({ categoryId, name }) => (
          <option key={categoryId} value={categoryId}>
            {name}, {priceText(event, categoryId)}
          </option>
        ))}
      </select>
      <button type="submit" class="button" aria-disabled={holding}>
        {holding ? 'Looking …' : 'Hold the best'}
      </button>
    </form>
  )
}

/** What comes near, where nothing fits. */
export function OfferLine({ offer, currency, take }: { offer: Offer; currency: string; take(): void }) {
  const [without] = offer.without
  const what =
    without === 'together' ? 'not side by side' : without === 'quantity' ? 'fewer' : 'at another price'
  return (
    <p class="alert" role="status" data-testid="offer">
      {offer.quantity} {offer.quantity === 1 ? 'ticket' : 'tickets'} {what}: {money(offer.amount, currency)}.{' '}
      <button type="button" class="button" onClick={take}>
        Hold these instead
      </button>
    </p>
  )
}

function priceText(event: ShopEvent, category: string): string {
  const price = priceOf(event.prices, category)
  return price === undefined ? '' : money(price.price + price.fee, event.currency)
}
