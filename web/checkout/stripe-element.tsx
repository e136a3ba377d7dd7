/**
 * Stripe's Payment Element, where the server has Stripe's keys. Written to Stripe's documentation of mode `payment` with
 * manual creation of payment methods; it has not been tried against Stripe itself, as that takes an account.
 */
import { useEffect, useRef, useState } from 'preact/hooks'

/** The part of Stripe.js that is used here. */
interface StripeJs {
  elements(options: ElementsOptions): StripeElements
  createPaymentMethod(options: {
    elements: StripeElements
    params: { billing_details: { name: string; email: string } }
  }): Promise<{ error?: StripeFailure; paymentMethod?: { id: string } }>
  handleNextAction(options: { clientSecret: string }): Promise<{ error?: StripeFailure }>
}

interface ElementsOptions {
  mode: 'payment'
  amount: number
  currency: string
  captureMethod: 'manual' | 'automatic'
  paymentMethodTypes: string[]
  paymentMethodCreation: 'manual'
  appearance?: { theme: 'stripe' | 'night' }
}

interface StripeElements {
  create(type: 'payment'): { mount(where: HTMLElement): void; destroy(): void }
  submit(): Promise<{ error?: StripeFailure }>
}

interface StripeFailure {
  message?: string
}

declare global {
  interface Window {
    Stripe?: (publishableKey: string) => StripeJs
  }
}

const SOURCE = 'https://js.stripe.com/v3/'
let loading: Promise<void> | undefined

async function loadStripe(publishableKey: string): Promise<StripeJs> {
  loading ??= new Promise<void>((resolve, reject) => {
    const script = document.createElement('script')
    script.src = SOURCE
    script.onload = () => resolve()
    script.onerror = () => {
      loading = undefined
      reject(
        new Error('Stripe cannot be reached. Check your network, or what blocks scripts of js.stripe.com.'),
      )
    }
    document.head.append(script)
  })
  await loading
  if (window.Stripe === undefined) throw new Error('Stripe did not load.')
  return window.Stripe(publishableKey)
}

/** Makes a payment method of what was typed. @throws Error in words for the fan */
export type MakeMethod = (buyer: { name: string; email: string }) => Promise<string>

export function StripeElement({
  publishableKey,
  amount,
  currency,
  methods,
  captureMethod,
  ready,
}: {
  publishableKey: string
  amount: number
  currency: string
  /** As the server asks Stripe for them, or Stripe would refuse what the form made. */
  methods: string[]
  captureMethod: 'manual' | 'automatic'
  ready: (make: MakeMethod | undefined) => void
}) {
  const place = useRef<HTMLDivElement>(null)
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    let current = true
    let destroy: (() => void) | undefined
    const mount = async () => {
      const stripe = await loadStripe(publishableKey)
      if (!current || place.current === null) return
      const dark = matchMedia('(prefers-color-scheme: dark)').matches
      const elements = stripe.elements({
        mode: 'payment',
        amount,
        currency: currency.toLowerCase(),
        captureMethod,
        paymentMethodTypes: methods,
        paymentMethodCreation: 'manual',
        appearance: { theme: dark ? 'night' : 'stripe' },
      })
      const element = elements.create('payment')
      element.mount(place.current)
      destroy = () => element.destroy()
      ready(async buyer => {
        const submitted = await elements.submit()
        if (submitted.error !== undefined) throw new Error(submitted.error.message ?? 'Check what you typed.')
        const made = await stripe.createPaymentMethod({ elements, params: { billing_details: buyer } })
        if (made.paymentMethod === undefined)
          throw new Error(made.error?.message ?? 'Stripe refused the card.')
        return made.paymentMethod.id
      })
    }
    mount().catch(
      (error: unknown) => current && setFailure(error instanceof Error ? error.message : String(error)),
    )
    return () => {
      current = false
      destroy?.()
      ready(undefined)
    }
  }, [publishableKey, amount, currency, methods, captureMethod, ready])
  return (
    <div class="stripe">
      <div ref={place} />
      {failure !== undefined && (
        <p class="alert bad" role="alert">
          {failure}
        </p>
      )}
    </div>
  )
}

/** 3-D Secure in Stripe's own window. */
export async function confirmWithStripe(
  publishableKey: string,
  clientSecret: string,
): Promise<string | undefined> {
  const stripe = await loadStripe(publishableKey)
  const { error } = await stripe.handleNextAction({ clientSecret })
  return error?.message
}
