/** Payment methods: always a test card. Each use of a built-in name such as pm_card_visa makes a new one, as at Stripe. */
import type Stripe from 'stripe'
import { z } from 'zod'
import { type Account, newId, seconds } from './account.ts'
import { cardById, cardByNumber, cardByToken, IDEAL, type TestCard } from './cards.ts'
import { endpoint } from './endpoint.ts'
import { expand, integer, mergeMetadata, metadata, oneOf, text } from './parameters.ts'
import { invalidRequest, missing, Refusal } from './refusal.ts'
import type { PaymentMethod } from './store.ts'

const MONTHS = 12

const billingDetails = z.strictObject({
  name: text.optional(),
  email: text.optional(),
  phone: text.optional(),
  address: z.strictObject({ country: text.optional(), postal_code: text.optional() }).optional(),
})

export const paymentMethodEndpoints = [
  endpoint({
    method: 'POST',
    path: '/v1/payment_methods',
    publishable: true,
    parameters: z.strictObject({
      type: oneOf(['card', 'ideal']),
      ideal: z.strictObject({}).optional(),
      card: z
        .strictObject({
          number: text.optional(),
          token: text.optional(),
          exp_month: integer(1).optional(),
          exp_year: integer(0).optional(),
          cvc: text.optional(),
        })
        .optional(),
      billing_details: billingDetails.optional(),
      metadata: metadata.optional(),
      expand: expand.optional(),
    }),
    run({ account, parameters }) {
      const { type, card, billing_details: billing } = parameters
      if (type === 'card' && card === undefined) {
        throw invalidRequest('Missing required param: card.', { code: 'parameter_missing', param: 'card' })
      }
      const given = card === undefined ? IDEAL : cardGiven(account, card)
      const made = createPaymentMethod(account, given)
      made.method.metadata = mergeMetadata({}, parameters.metadata)
      Object.assign(made.method.billing_details, {
        name: billing?.name ?? null,
        email: billing?.email ?? null,
        phone: billing?.phone ?? null,
      })
      account.store.paymentMethods.put(made.method.id, made)
      return made.method
    },
  }),
  endpoint({
    method: 'GET',
    path: '/v1/payment_methods/:id',
    parameters: z.strictObject({ expand: expand.optional() }),
    run({ account, id }) {
      const found = findPaymentMethod(account, id)
      if (found === undefined) throw missing('PaymentMethod', id, 'payment_method')
      return found.method
    },
  }),
]

/** A kept one, or a new one for a built-in name. */
export function findPaymentMethod(account: Account, id: string): PaymentMethod | undefined {
  const card = cardById(id)
  return card === undefined ? account.store.paymentMethods.get(id) : createPaymentMethod(account, card)
}

function cardGiven(
  account: Account,
  given: {
    number?: string | undefined
    token?: string | undefined
    exp_month?: number | undefined
    exp_year?: number | undefined
    cvc?: string | undefined
  },
): TestCard {
  if (given.token !== undefined) {
    const card = cardByToken(given.token)
    if (card === undefined) throw missing('token', given.token, 'card[token]', 400)
    return card
  }
  if (given.number === undefined) {
    throw invalidRequest('Missing required param: card[number].', {
      code: 'parameter_missing',
      param: 'card[number]',
    })
  }
  const card = cardByNumber(given.number)
  if (card === undefined) throw badCard('incorrect_number', 'number', 'Your card number is incorrect.')
  const { exp_month: month, exp_year: year, cvc } = given
  if (month !== undefined && month > MONTHS) {
    throw badCard('invalid_expiry_month', 'exp_month', "Your card's expiration month is invalid.")
  }
  if (year !== undefined && month !== undefined && isPast(account, year, month)) {
    throw badCard('invalid_expiry_year', 'exp_year', "Your card's expiration year is invalid.")
  }
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc)) {
    throw badCard('invalid_cvc', 'cvc', "Your card's security code is invalid.")
  }
  return card
}

/** Two-digit years are of this century, as on the card. */
function isPast(account: Account, year: number, month: number): boolean {
  const fullYear = year < 100 ? 2000 + year : year
  return Date.UTC(fullYear, month) <= account.clock.now()
}

function badCard(code: string, param: string, message: string): Refusal {
  return new Refusal(402, { type: 'card_error', code, param, message })
}

function createPaymentMethod(account: Account, card: TestCard): PaymentMethod {
  const made = { method: describe(account, card), card: card.id, usedBy: null }
  account.store.paymentMethods.put(made.method.id, made)
  return made
}

function describe(account: Account, card: TestCard): Stripe.PaymentMethod {
  const created = seconds(account)
  const common = {
    id: newId(account, 'pm_1'),
    object: 'payment_method' as const,
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    created,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: card.type,
  }
  if (card.type === 'ideal') return { ...common, ideal: { bank: null, bic: null } }
  return {
    ...common,
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'unchecked' },
      country: 'US',
      display_brand: card.brand,
      exp_month: 12,
      exp_year: new Date(created * 1000).getUTCFullYear() + 1,
      fingerprint: `test${card.number.slice(-12)}`,
      funding: 'credit',
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: card.threeDSecure !== 'unenrolled' },
      wallet: null,
    },
  }
}
