/** Who buys, with which card, and the button that pays. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { OnsaleError } from '../../client/http.ts'
import { money } from '../format/money.ts'
import { kept, tab } from '../kept.ts'
import { told } from '../page-states.tsx'
import { type OwnBooking, useShop } from '../shop.ts'
import { declineText } from './decline-words.ts'
import { type MakeMethod, StripeElement } from './stripe-element.tsx'
import { TEST_CARDS, TestCards } from './test-cards.tsx'

export interface PayFormProps {
  booking: OwnBooking
  /** Of the last try, where it was declined. */
  declined: string | undefined
  paid(booking: OwnBooking): void
  /** The try came to nothing, and the booking may have changed: look again. `isAway`: nobody took it, and it may be made again. */
  failed(isAway: boolean): void
}

/** What a try to pay has come to, where that is not a newer booking. */
interface Fault {
  text: string
  field?: string
}

/** Undefined where it is not that too many pay at once. */
function secondsToWait(error: unknown): number | undefined {
  if (!(error instanceof OnsaleError) || error.code !== 'too_many_requests') return undefined
  return Math.ceil(error.retryAfter ?? 5)
}

export function PayForm({ booking, declined, paid, failed }: PayFormProps) {
  const shop = useShop()
  const { payments, stripePublishableKey, paymentMethods, captureMethod } = shop.config
  const isFree = booking.amount === 0
  const [name, setName] = useState(kept(tab, 'buyer-name') ?? '')
  const [email, setEmail] = useState(kept(tab, 'buyer-email') ?? '')
  const [card, setCard] = useState(TEST_CARDS[0]?.paymentMethodId ?? '')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<Fault | undefined>(
    declined === undefined ? undefined : { text: declineText(declined) },
  )
  const isShown = useRef(true)
  useEffect(
    () => () => {
      isShown.current = false
    },
    [],
  )
  const make = useRef<MakeMethod>(undefined)
  const ready = useCallback((made: MakeMethod | undefined) => {
    make.current = made
  }, [])

  const methodOf = async (buyer: { name: string; email: string }) => {
    // Where nothing is to be paid the server does not look at it.
    if (isFree) return 'pm_none'
    return payments === 'simulator' ? card : make.current?.(buyer)
  }
  const pay = async () => {
    const buyer = { name: name.trim(), email: email.trim() }
    tab.set('buyer-name', buyer.name)
    tab.set('buyer-email', buyer.email)
    const method = await methodOf(buyer)
    if (method === undefined) throw new Error('The card form is still loading.')
    const payment = {
      paymentMethodId: method,
      buyer,
      amount: booking.amount,
      returnUrl: `${location.origin}/checkout/${booking.bookingId}`,
    }
    return shop.booking(() => shop.onsale.bookings.confirm(booking.bookingId, payment))
  }
  // Where too many pay at once it is tried again, as long as the hold lasts: whoever waits need not press again.
  const payInTurn = async () => {
    for (;;) {
      try {
        return await pay()
      } catch (error) {
        const seconds = secondsToWait(error)
        const isInTime = shop.now() + (seconds ?? 0) * 1_000 < Date.parse(booking.expiresAt)
        if (seconds === undefined || !isInTime || !isShown.current) throw error
        setFault({
          text: `So many pay at this moment that yours waits its turn. It is tried again in ${seconds} s.`,
        })
        await new Promise(resolve => setTimeout(resolve, seconds * 1_000))
        setFault(undefined)
      }
    }
  }
  const submit = async () => {
    if (busy) return
    setBusy(true)
    setFault(undefined)
    try {
      paid(await payInTurn())
    } catch (error) {
      setFault(faultOf(error))
      if (error instanceof OnsaleError) failed(error.status === 503)
    } finally {
      setBusy(false)
    }
  }
  if (payments === 'none' && !isFree) return <NotSetUp />
  return (
    <form
      class="pay"
      onSubmit={event => {
        event.preventDefault()
        void submit()
      }}
    >
      {fault !== undefined && (
        <p class="alert bad" role="alert" data-testid="pay-fault">
          {fault.text}
        </p>
      )}
      <fieldset class="buyer">
        <legend>Who buys</legend>
        <label>
          Name
          <input
            required
            autocomplete="name"
            maxLength={200}
            value={name}
            aria-invalid={fault?.field === 'buyer.name'}
            onInput={event => setName(event.currentTarget.value)}
          />
        </label>
        <label>
          E-mail
          <input
            required
            type="email"
            autocomplete="email"
            maxLength={254}
            value={email}
            aria-invalid={fault?.field === 'buyer.email'}
            onInput={event => setEmail(event.currentTarget.value)}
          />
        </label>
      </fieldset>
      {!isFree && payments === 'simulator' && <TestCards chosen={card} choose={setCard} />}
      {!isFree && payments === 'stripe' && (
        <StripeElement
          publishableKey={stripePublishableKey ?? ''}
          amount={booking.amount}
          currency={booking.currency}
          methods={paymentMethods}
          captureMethod={captureMethod}
          ready={ready}
        />
      )}
      <button type="submit" class="button primary wide" disabled={busy} data-testid="pay">
        {busy ? 'Paying …' : isFree ? 'Get the tickets' : `Pay ${money(booking.amount, booking.currency)}`}
      </button>
    </form>
  )
}

/** The seats can still be given back, beside this. */
function NotSetUp() {
  return (
    <div class="alert bad" role="alert" data-testid="not-set-up">
      <p>
        <strong>Payments are not set up here.</strong> Nothing can be paid at the moment, and nothing was
        charged. Your tickets stay held until the time above has passed; whoever runs this site can set
        payments up.
      </p>
    </div>
  )
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof OnsaleError)) return { text: error instanceof Error ? error.message : told(error) }
  const { code, body, fields } = error
  if (code === 'card_declined') {
    const decline = body['declineCode']
    return { text: declineText(typeof decline === 'string' ? decline : undefined) }
  }
  if (code === 'invalid_request' && fields[0] !== undefined)
    return { text: fieldText(fields[0]), field: fields[0].field }
  return { text: told(error) }
}

function fieldText({ field, message }: { field: string; message: string }): string {
  if (field === 'buyer.name') return 'Tell us your name as it should stand on the tickets.'
  if (field === 'buyer.email') return 'That e-mail address is not complete.'
  return `${field}: ${message}`
}
