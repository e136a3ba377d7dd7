/** Money as people read it. Amounts are whole minor units; how many make one unit is the currency's affair. */
import { exponentOf, majorUnits, moneyFormat } from '../../shared/wire/currency.ts'

const formats = new Map<string, Intl.NumberFormat>()

function formatOf(currency: string): Intl.NumberFormat {
  let format = formats.get(currency)
  if (format === undefined) {
    format = moneyFormat('en', currency, { currencyDisplay: 'narrowSymbol' })
    formats.set(currency, format)
  }
  return format
}

export function money(minor: number, currency: string): string {
  return formatOf(currency).format(majorUnits(minor, currency) as Intl.StringNumericLiteral)
}

/** "€45" instead of "€45.00": for lists, where whole prices are many. */
export function shortMoney(minor: number, currency: string): string {
  const unit = 10 ** exponentOf(currency)
  const text = money(minor, currency)
  return minor % unit === 0 ? text.replace(/[.,]0+(?=\D*$)/, '') : text
}
