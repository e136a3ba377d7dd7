/** Choosing seats: the live map or list, the legend, standing areas and the tray, on one screen. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { HoldRequest } from '../../client/bookings.ts'
import { money } from '../format/money.ts'
import { ListIcon, MapIcon } from '../icons.tsx'
import { notify } from '../notices.tsx'
import { Loading, Problem, told } from '../page-states.tsx'
import { useLocation } from '../routes.ts'
import { type ShopEvent, useShop } from '../shop.ts'
import { useDark } from '../use-dark.ts'
import { BestAvailable, OfferLine } from './best-available.tsx'
import { useChoices } from './choices.ts'
import { hold, type Offer, requestOf } from './hold.ts'
import { Legend } from './legend.tsx'
import { tone } from './map-theme.ts'
import { OpenBooking } from './open-booking.tsx'
import { OrphanWarning } from './orphan-warning.tsx'
import { type OwnSeats, useOwnSeats } from './own-seats.ts'
import { type SeatFeed, useFeed } from './seat-feed.ts'
import type { SeatLayout } from './seat-layout.ts'
import { SeatList } from './seat-list.tsx'
import { type SeatFacts, SeatMapView } from './seat-map-view.tsx'
import { placeName, specialName, statusName } from './seat-words.ts'
import { priceOf } from './selection.ts'
import { Standing } from './standing.tsx'
import { Tray } from './tray.tsx'
import { useFeedStatus, useNewHouse, useSeatFeed, useSeatLayout } from './venue.ts'

export interface SeatRoomProps {
  event: ShopEvent
  pass: string | undefined
  /** The waiting room must be passed (again). */
  toQueue(): void
  /** Asks for the event anew. */
  reload(): void
}

export function SeatRoom({ event, pass, toQueue, reload }: SeatRoomProps) {
  const [layout, retry] = useSeatLayout(event.links.map)
  const feed = useSeatFeed(event.eventId, pass)
  const status = useFeedStatus(feed)
  useNewHouse(feed, reload)
  const code = status === 'refused' ? feed?.error?.code : undefined
  const gone = code === 'waiting_room_required' || (code?.startsWith('pass_') ?? false)
  useEffect(() => {
    if (gone) toQueue()
  }, [gone, toQueue])
  if (layout instanceof Error)
    return <Problem title="The seat map did not load" error={layout} retry={retry} />
  if (status === 'refused' && !gone) return <Problem title="Seats cannot be shown" error={feed?.error} />
  if (layout === undefined || feed === undefined || !feed.state.filled) {
    // Told only where it goes on failing: the first try after a deploy may well fail.
    return feed?.error !== undefined && !gone ? (
      <p class="page loading" role="status">
        <span class="spinner" aria-hidden="true" /> {told(feed.error)}
      </p>
    ) : (
      <Loading what="the seats" />
    )
  }
  // In another house the same index may be another seat: what was chosen in the one before is not chosen in it.
  const { map } = event.links
  return <Choosing key={map} event={event} pass={pass} toQueue={toQueue} layout={layout} feed={feed} />
}

function Choosing({
  event,
  pass,
  toQueue,
  layout,
  feed,
}: Omit<SeatRoomProps, 'reload'> & { layout: SeatLayout; feed: SeatFeed }) {
  const shop = useShop()
  const { route } = useLocation()
  const own = useOwnSeats(event.eventId, feed)
  const open = own.open?.status === 'in_progress' ? own.open : undefined
  const limit = Math.max(0, event.maxTickets - (open?.tickets.length ?? 0))
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set())
  const [view, setView] = useState<'map' | 'list'>('map')
  const [holding, setHolding] = useState(false)
  const underWay = useRef(false)
  const choices = useChoices(event, layout, feed, own, limit, underWay)
  const describe = useDescribe(event, layout, feed, choices.seats, own)

  const [offer, setOffer] = useState<Offer>()

  const take = async (request: HoldRequest) => {
    if (underWay.current) return
    underWay.current = true
    setHolding(true)
    setOffer(undefined)
    // The best are held as a booking of their own: an open one is added to by hand.
    const adding = request.bestAvailable === undefined ? open : undefined
    const result = await hold(shop, event.eventId, request, pass, adding)
    underWay.current = false
    setHolding(false)
    if (result.outcome !== 'held') choices.check()
    switch (result.outcome) {
      case 'held':
        return route(`/checkout/${result.booking.bookingId}`)
      case 'lost':
        return choices.lose(result.seats)
      case 'offered':
        setOffer(result.offer)
        return notify(told(result.error), 'bad')
      case 'sold_out':
        return notify('So many standing places are not left. Choose fewer.', 'bad')
      case 'queue':
        notify(told(result.error), 'bad')
        return toQueue()
      case 'refused':
        return notify(told(result.error), 'bad')
      default:
        result satisfies never
    }
  }
  const toggle = (category: number) => {
    const next = new Set(hidden)
    if (!next.delete(category)) next.add(category)
    setHidden(next)
  }
  const shared = {
    layout,
    feed,
    chosen: choices.seats,
    mine: own.seats,
    hidden,
    choose: choices.choose,
    describe,
  }
  return (
    <div class="seat-room">
      <div class="seat-view">
        <div class="seat-bar">
          <fieldset class="plain switch" aria-label="Show seats as">
            <button type="button" aria-pressed={view === 'map'} onClick={() => setView('map')}>
              <MapIcon /> Map
            </button>
            <button
              type="button"
              aria-pressed={view === 'list'}
              onClick={() => setView('list')}
              data-testid="list-view"
            >
              <ListIcon /> List
            </button>
          </fieldset>
          <Liveness feed={feed} />
        </div>
        {view === 'map' ? <SeatMapView {...shared} chooseArea={focusArea} /> : <SeatList {...shared} />}
      </div>
      <aside class="seat-side" aria-label="Prices and selection">
        {own.open !== undefined && <OpenBooking booking={own.open} />}
        <SoldOut feed={feed} />
        <div class="side-scroll">
          <Legend event={event} layout={layout} hidden={hidden} toggle={toggle} />
          <Standing
            event={event}
            layout={layout}
            feed={feed}
            selection={choices.selection}
            change={choices.setArea}
          />
        </div>
        <Tray
          event={event}
          layout={layout}
          selection={choices.selection}
          limit={limit}
          holding={holding}
          adding={open !== undefined}
          best={
            <>
              <BestAvailable
                event={event}
                limit={limit}
                holding={holding}
                hold={({ quantity, category }) =>
                  void take({
                    bestAvailable: { quantity, ...(category === '' ? {} : { categories: [category] }) },
                  })
                }
              />
              {offer !== undefined && (
                <OfferLine
                  offer={offer}
                  currency={event.currency}
                  take={() => void take({ ticketIds: offer.ticketIds })}
                />
              )}
            </>
          }
          warning={
            event.orphanRule !== 'off' && (
              <OrphanWarning layout={layout} feed={feed} selection={choices.selection} swap={choices.swap} />
            )
          }
          remove={choices.choose}
          removeArea={area => choices.setArea({ ...area, quantity: 0 }, 0)}
          setType={choices.setType}
          hold={() => void take(requestOf(event.eventId, choices.selection))}
        />
      </aside>
      <p class="visually-hidden" aria-live="polite">
        {choices.said}
      </p>
    </div>
  )
}

function focusArea(area: number): void {
  const found = document.getElementById(`area-${area}`)
  found?.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
  found?.focus()
}

function useDescribe(
  event: ShopEvent,
  layout: SeatLayout,
  feed: SeatFeed,
  chosen: ReadonlySet<number>,
  own: OwnSeats,
): (index: number) => SeatFacts {
  const dark = useDark()
  const categories = useMemo(
    () => new Map(layout.map.categories.map(category => [category.id, category])),
    [layout],
  )
  return useCallback(
    (index: number): SeatFacts => {
      const place = layout.plan.at(index)
      const category = categories.get(place?.category ?? '')
      const price = priceOf(event.prices, place?.category ?? '')
      const whose = own.seats.has(index) ? 'mine' : chosen.has(index) ? 'chosen' : undefined
      return {
        place: place === undefined ? '' : placeName(place),
        status: statusName(feed.state.get(index), whose),
        price: price === undefined ? undefined : money(price.price + price.fee, event.currency),
        category: category?.name ?? '',
        colour: tone(category?.colour ?? '', dark),
        special: place === undefined ? undefined : specialName(place),
      }
    },
    [event, layout, feed, chosen, own, categories, dark],
  )
}

function SoldOut({ feed }: { feed: SeatFeed }) {
  useFeed(feed)
  if (feed.state.free > 0) return null
  return (
    <p class="alert" role="status">
      Nothing is free just now. What others hold and do not pay comes back here by itself.
    </p>
  )
}

/** Whether what is seen is true now: said plainly when it may not be. */
function Liveness({ feed }: { feed: SeatFeed }) {
  const status = useFeedStatus(feed)
  const [text, tone] =
    status === 'live'
      ? (['Live', 'live'] as const)
      : status === 'polling'
        ? (['Every few seconds', 'slow'] as const)
        : status === 'paused'
          ? (['Live updates paused: seats may have gone meanwhile', 'paused'] as const)
          : (['Connecting …', 'slow'] as const)
  return (
    <p class={`liveness ${tone}`} role="status" data-testid="liveness">
      {text}
    </p>
  )
}
