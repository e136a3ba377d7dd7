/**
 * The ways to pay that seats can be sold by, by Stripe's names. Where a method can, the money is only authorised until the
 * seats are sold in Postgres; where it cannot, it is taken at once, and given back where the seats were lost. Methods whose
 * payments stay `processing` for days, such as direct debits and vouchers, are not here: no seat is held that long.
 */

/** Which can authorise alone: those with a capture_method of their own among a PaymentIntent's payment_method_options. */
const CAPTURE = {
  card: 'manual',
  link: 'manual',
  amazon_pay: 'manual',
  cashapp: 'manual',
  klarna: 'manual',
  mobilepay: 'manual',
  paypal: 'manual',
  revolut_pay: 'manual',
  alipay: 'automatic',
  bancontact: 'automatic',
  blik: 'automatic',
  eps: 'automatic',
  ideal: 'automatic',
  p24: 'automatic',
  twint: 'automatic',
  wechat_pay: 'automatic',
} as const

export type PaymentMethod = keyof typeof CAPTURE

export const PAYMENT_METHODS = Object.keys(CAPTURE) as PaymentMethod[]

export function isPaymentMethod(name: string): name is PaymentMethod {
  return Object.hasOwn(CAPTURE, name)
}

export function capturesManually(method: PaymentMethod): boolean {
  return CAPTURE[method] === 'manual'
}
