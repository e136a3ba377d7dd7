/** Paying for held tickets: the clock, the form, the bank, and whatever it comes to. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { OnsaleError } from '../../client/http.ts'
import { Countdown } from '../countdown.tsx'
import { useEvent } from '../event/event-page.tsx'
import { clock, longDay } from '../format/dates.ts'
import { CheckIcon } from '../icons.tsx'
import { notify } from '../notices.tsx'
import { Loading, Problem, told, useTitle } from '../page-states.tsx'
import { useLocation, useRoute } from '../routes.ts'
import { type NextAction, type OwnBooking, type ShopEvent, useShop } from '../shop.ts'
import { useOwnBooking, type Watched } from './own-booking.ts'
import { PayForm } from './pay-form.tsx'
import { stageOf, waitText } from './stage.ts'
import { confirmWithStripe } from './stripe-element.tsx'
import { TicketList } from './ticket-list.tsx'

/** Most payments settle in a moment; a server that still asks is done within its five seconds. */
const SLOW_MS = 12_000

export function CheckoutPage() {
  const bookingId = useRoute().params['bookingId'] ?? ''
  const watched = useOwnBooking(bookingId)
  const { booking, error, reload } = watched
  const [found] = useEvent(booking?.eventId ?? '')
  const event = found instanceof Error ? undefined : found
  useTitle(booking?.status === 'confirmed' ? 'Your tickets' : 'Checkout')
  useCleanAddress()
  if (booking === undefined) {
    if (error === undefined) return <Loading what="your booking" />
    const missing = error instanceof OnsaleError && error.status === 404
    return missing ? (
      <Problem title="No such booking">
        <p>Bookings are seen only in the browser that made them.</p>
      </Problem>
    ) : (
      <Problem title="The booking did not load" error={error} retry={reload} />
    )
  }
  return (
    <div class="page checkout">
      <div class="checkout-main">
        <Main watched={watched} booking={booking} />
        {error !== undefined && (
          <p class="alert" role="status">
            {told(error)}
          </p>
        )}
      </div>
      <aside class="summary" aria-label="Your tickets">
        {event !== undefined && <Occasion event={event} />}
        <TicketList booking={booking} event={event} />
        <GiveBack watched={watched} booking={booking} />
      </aside>
    </div>
  )
}

/** What the bank has added to the address on the way back says nothing that the server does not know better. */
function useCleanAddress(): void {
  const { query, path, route } = useLocation()
  useEffect(() => {
    if (Object.keys(query).length > 0) route(path, true)
  }, [query, path, route])
}

function Main({ watched, booking }: { watched: Watched; booking: OwnBooking }) {
  const stage = stageOf(booking)
  /** The form, though the booking is past it: for another card, or as the last try was taken by nobody. */
  const [again, setAgain] = useState(false)
  const form = (declined: string | undefined) => (
    <>
      <Clock booking={booking} ended={watched.reload} />
      <PayForm
        key={booking.bookingId}
        booking={booking}
        declined={declined}
        paid={next => {
          setAgain(false)
          settle(next, watched.set)
        }}
        failed={isAway => {
          if (isAway) setAgain(true)
          watched.reload()
        }}
      />
    </>
  )
  switch (stage.stage) {
    case 'pay':
      return form(stage.declined)
    case 'bank':
      if (again) return form(undefined)
      return (
        <>
          <Clock booking={booking} ended={watched.reload} />
          <Bank action={stage.action} reload={watched.reload} another={() => setAgain(true)} />
        </>
      )
    case 'line':
      return <Line position={stage.position} seconds={stage.seconds} />
    case 'settling':
      if (again) return form(undefined)
      return <Settling booking={booking} watched={watched} again={() => setAgain(true)} />
    case 'confirmed':
      return <Confirmed />
    case 'ended':
      return (
        <div class="ended" data-testid="ended">
          <h1>{stage.title}</h1>
          <p>{stage.text}</p>
          <p class="actions">
            <a class="button primary" href={`/e/${booking.eventId}`}>
              Back to the seats
            </a>
            <a class="button quiet" href="/">
              Other events
            </a>
          </p>
        </div>
      )
    default:
      return stage satisfies never
  }
}

/** No clock: the time to pay begins when it is their turn. */
function Line({ position, seconds }: { position: number; seconds: number }) {
  return (
    <div class="settling" role="status" data-testid="pay-line">
      <span class="spinner" aria-hidden="true" />
      <h1>Number {position.toLocaleString('en')} in line to pay</h1>
      <p>
        Many fans are paying at this moment. Your turn comes in about {waitText(seconds)}, and your payment
        goes through by itself. Your tickets are kept for you meanwhile, also if you close this page.
      </p>
    </div>
  )
}

/** Nobody waits here for ever: a payment that does not come through may be tried again, and is never taken twice. */
function Settling({ booking, watched, again }: { booking: OwnBooking; watched: Watched; again: () => void }) {
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <>
      {slow && <Clock booking={booking} ended={watched.reload} />}
      <div class="settling" role="status" data-testid="settling">
        <span class="spinner" aria-hidden="true" />
        {slow ? <h2>Your payment is under way</h2> : <h1>Your payment is under way</h1>}
        <p>Your tickets are kept for you meanwhile. This page goes on by itself.</p>
        {slow && (
          <>
            <p>It takes longer than usual. You can try again: nothing is charged twice.</p>
            <button type="button" class="button" onClick={again}>
              Try to pay again
            </button>
          </>
        )}
      </div>
    </>
  )
}

/** Straight on to the bank where it asks; otherwise the page shows what the booking has become. */
function settle(booking: OwnBooking, set: (booking: OwnBooking) => void): void {
  set(booking)
  const { status, nextAction } = booking
  if (status === 'paying' && nextAction?.type === 'redirect') location.assign(nextAction.url)
}

function Clock({ booking, ended }: { booking: OwnBooking; ended: () => void }) {
  return (
    <div class="clock">
      <h1>{booking.status === 'paying' ? 'Finish your payment' : 'Held for you'}</h1>
      <p>
        <Countdown until={Date.parse(booking.expiresAt)} label="Time left to pay" ended={ended} />
      </p>
      <MoreTime booking={booking} ended={ended} />
    </div>
  )
}

/** Worth a press only where it gains a minute. */
const WORTH_MS = 60_000

function MoreTime({ booking, ended }: { booking: OwnBooking; ended: () => void }) {
  const shop = useShop()
  const [busy, setBusy] = useState(false)
  const { renewableUntil, expiresAt, status } = booking
  const gain = Date.parse(renewableUntil ?? expiresAt) - Date.parse(expiresAt)
  if (status !== 'in_progress' || gain < WORTH_MS) return null
  const renew = async () => {
    setBusy(true)
    await shop
      .booking(() => shop.onsale.bookings.renew(booking.bookingId))
      .catch((error: unknown) => notify(told(error), 'bad'))
    setBusy(false)
    ended()
  }
  return (
    <button type="button" class="button" disabled={busy} onClick={() => void renew()} data-testid="more-time">
      More time
    </button>
  )
}

function Bank({ action, reload, another }: { action: NextAction; reload: () => void; another: () => void }) {
  const { stripePublishableKey } = useShop().config
  const [fault, setFault] = useState<string>()
  const ask = async (clientSecret: string) => {
    try {
      setFault(await confirmWithStripe(stripePublishableKey ?? '', clientSecret))
    } catch (error) {
      setFault(error instanceof Error ? error.message : told(error))
    }
    reload()
  }
  return (
    <div class="bank">
      <h2>Your bank wants you to confirm</h2>
      <p>Nothing is charged before you do. Your tickets stay held.</p>
      {fault !== undefined && (
        <p class="alert bad" role="alert">
          {fault}
        </p>
      )}
      <p class="actions">
        {action.type === 'redirect' ? (
          <a class="button primary" href={action.url}>
            Continue to your bank
          </a>
        ) : (
          action.clientSecret !== null && (
            <button type="button" class="button primary" onClick={() => void ask(action.clientSecret ?? '')}>
              Confirm with your bank
            </button>
          )
        )}
        <button type="button" class="button quiet" onClick={another}>
          Use another card
        </button>
      </p>
    </div>
  )
}

function Confirmed() {
  const title = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    scrollTo(0, 0)
    title.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div class="confirmed" data-testid="confirmed">
      <span class="confirmed-mark" aria-hidden="true">
        <CheckIcon />
      </span>
      <h1 ref={title} tabIndex={-1}>
        They are yours.
      </h1>
      <p>The payment went through and the tickets are booked. You find them under My bookings.</p>
      <p class="actions">
        <a class="button primary" href="/my-bookings">
          My bookings
        </a>
        <a class="button quiet" href="/">
          More events
        </a>
      </p>
    </div>
  )
}

function Occasion({ event }: { event: ShopEvent }) {
  const { venue, startsAt } = event
  return (
    <header class={`occasion ${event.type}`}>
      <h2>
        <a href={`/e/${event.eventId}`}>{event.name}</a>
      </h2>
      <p class="soft">
        {longDay(startsAt, venue.timeZone)}, {clock(startsAt, venue.timeZone)} · {venue.name}, {venue.city}
      </p>
    </header>
  )
}

function GiveBack({ watched, booking }: { watched: Watched; booking: OwnBooking }) {
  const shop = useShop()
  const [busy, setBusy] = useState(false)
  if (booking.status !== 'in_progress' && booking.status !== 'paying') return null
  const give = async () => {
    setBusy(true)
    try {
      await shop.asVisitor(() => shop.onsale.bookings.cancel(booking.bookingId))
    } catch (error) {
      notify(told(error), 'bad')
    }
    setBusy(false)
    watched.reload()
  }
  return (
    <button
      type="button"
      class="button quiet wide"
      disabled={busy}
      onClick={() => void give()}
      data-testid="give-back"
    >
      Give the tickets back
    </button>
  )
}
