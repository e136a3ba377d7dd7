/** Which amounts Stripe takes in which currency (https://docs.stripe.com/currencies). */
import { majorUnits, moneyFormat, stepOf } from '../../shared/wire/currency.ts'
import { badParameter, invalidRequest } from './refusal.ts'

/** Stripe's minimum charges, in minor units. A currency that is not here has the least amount there is. */
const MINIMUM: Record<string, number> = {
  usd: 50,
  aed: 200,
  aud: 50,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
}
const MOST_DIGITS = 8
const KNOWN = new Set(Intl.supportedValuesOf('currency').map(code => code.toLowerCase()))

/** Lower case. Throws a Refusal for what is no currency. */
export function readCurrency(currency: string): string {
  const code = currency.toLowerCase()
  if (!KNOWN.has(code)) throw badParameter(`Invalid currency: ${code}.`, 'currency')
  return code
}

/** Throws a Refusal for an amount that Stripe would not charge. */
export function checkAmount(amount: number, currency: string): void {
  if (String(amount).length > MOST_DIGITS) {
    const most = formatAmount(10 ** MOST_DIGITS - 1, currency)
    throw invalidRequest(`Amount must be no more than ${most}`, { code: 'amount_too_large', param: 'amount' })
  }
  const least = MINIMUM[currency] ?? 1
  if (amount < least) {
    throw invalidRequest(`Amount must be at least ${formatAmount(least, currency)} ${currency}`, {
      code: 'amount_too_small',
      param: 'amount',
    })
  }
  const step = stepOf(currency.toUpperCase())
  if (amount % step !== 0) {
    throw invalidRequest(
      `Invalid ${currency} amount: the last digit must be 0, or two of them in ISK and UGX.`,
      {
        code: 'parameter_invalid_integer',
        param: 'amount',
      },
    )
  }
}

/** `$12.50`, `¥1,250`, `KWD 1.250`. */
export function formatAmount(amount: number, currency: string): string {
  const code = currency.toUpperCase()
  return moneyFormat('en', code).format(majorUnits(amount, code) as Intl.StringNumericLiteral)
}
