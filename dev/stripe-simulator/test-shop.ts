/** For the tests: a simulator, the stripe SDK pointed at it, and a shop whose webhook verifies and remembers what comes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Stripe from 'stripe'
import { onTestFinished } from 'vitest'
import { type Simulator, type SimulatorOptions, startSimulator } from './server.ts'

export const WEBHOOK_SECRET = 'whsec_one'
export const SECRET_KEY = 'sk_test_simulator'
const DEADLINE_MS = 5_000

export interface Shop {
  stripe: Stripe
  simulator: Simulator
  /** What the webhook got, in order of arrival. */
  received: Stripe.Event[]
  /** Resolves with the first received event that fits; rejects after some seconds. */
  event(type: string, objectId?: string): Promise<Stripe.Event>
}

/** Everything ends with the test. The SDK does not retry by itself. */
export async function openShop(options: SimulatorOptions = {}): Promise<Shop> {
  const webhook = await openWebhook()
  const simulator = await startSimulator({
    secretKey: SECRET_KEY,
    firstRetryMs: 10,
    webhook: { url: webhook.url, secrets: [WEBHOOK_SECRET] },
    ...options,
  })
  onTestFinished(() => simulator.close())
  return {
    stripe: connect(simulator),
    simulator,
    received: webhook.received,
    event: (type, objectId) =>
      until(`${type} ${objectId ?? ''}`, () =>
        webhook.received.find(
          one => one.type === type && (objectId ?? idOf(one.data.object)) === idOf(one.data.object),
        ),
      ),
  }
}

export function connect(simulator: { port: number }, more: Stripe.StripeConfig = {}): Stripe {
  return new Stripe(SECRET_KEY, {
    host: '127.0.0.1',
    port: simulator.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    ...more,
  })
}

export interface Delivery {
  body: string
  signature: string
}

/** `answer` gives the status of each delivery; 200 unless given. Verified with WEBHOOK_SECRET where that is asked for. */
export async function openWebhook(answer: (delivery: Delivery) => number | Promise<number> = () => 200) {
  const received: Stripe.Event[] = []
  const deliveries: Delivery[] = []
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const delivery = { body: await text(request), signature: String(request.headers['stripe-signature']) }
    deliveries.push(delivery)
    const status = await answer(delivery)
    if (status === 200) received.push(JSON.parse(delivery.body) as Stripe.Event)
    response.writeHead(status).end()
  }
  const server = createServer((request, response) => void receive(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe`,
    received,
    deliveries,
  }
}

export async function until<Found>(what: string, look: () => Found | undefined): Promise<Found> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** The error a call is refused with. */
export async function refusalOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof Stripe.errors.StripeError) return outcome
  throw new Error(`expected a StripeError, got ${String(outcome)}`)
}

/** As the design has it: authorise now, capture later. */
export function holdMoney(stripe: Stripe, more: Partial<Stripe.PaymentIntentCreateParams> = {}) {
  return stripe.paymentIntents.create({
    amount: 5_000,
    currency: 'eur',
    capture_method: 'manual',
    automatic_payment_methods: { enabled: true },
    metadata: { onsale: 'test', bookingId: 'b1' },
    ...more,
  })
}

export const RETURN_URL = 'https://shop.example/bookings/b1?from=bank'

export function pay(stripe: Stripe, id: string, card: string) {
  return stripe.paymentIntents.confirm(id, { payment_method: card, return_url: RETURN_URL })
}

/** A payment whose money was taken. */
export async function sell(
  stripe: Stripe,
  card = 'pm_card_visa',
  amount = 5_000,
): Promise<Stripe.PaymentIntent> {
  const { id } = await holdMoney(stripe, { amount })
  await pay(stripe, id, card)
  return stripe.paymentIntents.capture(id)
}

function idOf(object: object): string {
  return 'id' in object ? String(object.id) : ''
}
