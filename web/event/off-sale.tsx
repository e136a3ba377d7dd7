/** An event that is not on sale: why, from when, and at what prices. */
import { useEffect } from 'preact/hooks'
import { Countdown } from '../countdown.tsx'
import { clock, longDay, zoneName } from '../format/dates.ts'
import { extrasOf } from '../format/extras.ts'
import { money } from '../format/money.ts'
import { isOpening } from '../search/status-words.ts'
import type { ShopEvent } from '../shop.ts'
import { useShop } from '../shop.ts'

/** A countdown of days moves nobody. */
const COUNTED_MS = 24 * 3_600_000
const LOOK_MS = 5_000

export function OffSale({ event, reload }: { event: ShopEvent; reload: () => void }) {
  return (
    <div class="off-sale">
      <Why event={event} reload={reload} />
      <Prices event={event} />
    </div>
  )
}

function Why({ event, reload }: { event: ShopEvent; reload: () => void }) {
  const shop = useShop()
  const { status, onSaleAt, startsAt, venue } = event
  if (status === 'canceled') {
    return (
      <section class="panel">
        <h2>This event is canceled</h2>
        <p>Who has tickets gets the money back without asking.</p>
      </section>
    )
  }
  if (status === 'postponed' || status === 'rescheduled') {
    return (
      <section class="panel">
        <h2>{status === 'postponed' ? 'This event is postponed' : 'This event has a new date'}</h2>
        <p>Tickets stay valid. Nothing is sold at the moment.</p>
      </section>
    )
  }
  if (Date.parse(startsAt) <= shop.now()) {
    return (
      <section class="panel">
        <h2>This event is over</h2>
        <p>Tickets that were bought are under My bookings.</p>
      </section>
    )
  }
  const opens = Date.parse(onSaleAt)
  const left = opens - shop.now()
  if (isOpening(event, shop.now())) return <Opening reload={reload} />
  if (left <= 0) {
    return (
      <section class="panel">
        <h2>Not on sale</h2>
        <p>The sale of this event has not been opened, or is over.</p>
      </section>
    )
  }
  return (
    <section class="panel">
      <p class="eyebrow">On sale from</p>
      <h2 class="big">
        {longDay(opens, venue.timeZone)}, {clock(opens, venue.timeZone)}{' '}
        <span class="soft">{zoneName(opens, venue.timeZone)}</span>
      </h2>
      {left < COUNTED_MS ? (
        <p>
          Opens in <Countdown until={opens} label="Time until the sale opens" ended={reload} />. This page
          goes on by itself.
        </p>
      ) : (
        <p>
          Come back then. When many come at once there is a waiting room, and coming early gives no advantage.
        </p>
      )}
    </section>
  )
}

/** The time has come, and the sale has not been opened yet. */
function Opening({ reload }: { reload: () => void }) {
  useEffect(() => {
    const timer = setInterval(reload, LOOK_MS)
    return () => clearInterval(timer)
  }, [reload])
  return (
    <section class="panel" role="status" data-testid="opening">
      <h2>The sale opens any moment</h2>
      <p>This page goes on by itself as soon as it does.</p>
    </section>
  )
}

function Prices({ event }: { event: ShopEvent }) {
  const types = [...new Map(event.prices.map(price => [price.ticketType, price.ticketTypeName]))]
  if (types.length === 0) return null
  return (
    <section class="panel">
      <h2>Prices</h2>
      <table class="prices">
        <thead>
          <tr>
            <th scope="col">Category</th>
            {types.map(([id, name]) => (
              <th key={id} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {event.categories.map(({ categoryId, name, colour }) => (
            <tr key={categoryId}>
              <th scope="row">
                <i class="swatch" style={{ background: colour }} /> {name}
              </th>
              {types.map(([type]) => {
                const price = event.prices.find(one => one.category === categoryId && one.ticketType === type)
                return (
                  <td key={type}>
                    {price === undefined ? '–' : money(price.price + price.fee, event.currency)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="soft">{['Fees included', ...extrasOf(event)].join(' · ')}.</p>
    </section>
  )
}
