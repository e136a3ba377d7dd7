/**
 * How currencies are written and charged: by ISO 4217 as Stripe reads it (https://docs.stripe.com/currencies), and never by Intl,
 * whose digits are those of a country's habits: it has none for a Hungarian forint, which is charged by the hundredth.
 */

const WHOLE = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '))
const THOUSANDTHS = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '))
/** Charged by the hundredth, and only without hundredths. */
const WHOLE_HUNDREDS = new Set(['ISK', 'UGX'])

/** Digits after the point: 2 for EUR, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: string): number {
  if (WHOLE.has(currency)) return 0
  return THOUSANDTHS.has(currency) ? 3 : 2
}

/** What is charged is a multiple of so many minor units. */
export function stepOf(currency: string): number {
  if (WHOLE_HUNDREDS.has(currency)) return 100
  return THOUSANDTHS.has(currency) ? 10 : 1
}

/** "45.00" for 4500 cents. Minor units are whole, and as text no digit of them is lost. */
export function majorUnits(minor: number, currency: string): string {
  const exponent = exponentOf(currency)
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  const whole = digits.slice(0, digits.length - exponent)
  return `${minor < 0 ? '-' : ''}${exponent === 0 ? whole : `${whole}.${digits.slice(-exponent)}`}`
}

/** An amount of such a currency, by its own digits. */
export function moneyFormat(
  locale: string,
  currency: string,
  options: Intl.NumberFormatOptions = {},
): Intl.NumberFormat {
  const digits = exponentOf(currency)
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    ...options,
  })
}
