/** Money as people read it. Amounts are whole minor units; how many make one unit is the currency's affair. */

const formats = new Map<string, Intl.NumberFormat>()

function formatOf(currency: string): Intl.NumberFormat {
  let format = formats.get(currency)
  if (format === undefined) {
    format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
    formats.set(currency, format)
  }
  return format
}

/** Digits after the point: 2 for EUR, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: string): number {
  return formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2
}

export function money(minor: number, currency: string): string {
  const exponent = exponentOf(currency)
  // As text, not by division: 0.1 + 0.2 has no place in a price.
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  const whole = digits.slice(0, digits.length - exponent)
  const decimal = exponent === 0 ? whole : `${whole}.${digits.slice(-exponent)}`
  return formatOf(currency).format(`${minor < 0 ? '-' : ''}${decimal}` as Intl.StringNumericLiteral)
}

/** "€45" instead of "€45.00": for lists, where whole prices are many. */
export function shortMoney(minor: number, currency: string): string {
  const unit = 10 ** exponentOf(currency)
  const text = money(minor, currency)
  return minor % unit === 0 ? text.replace(/[.,]0+(?=\D*$)/, '') : text
}
