/** Money as mails say it: "€45.00". */
import { majorUnits, moneyFormat } from '../../shared/wire/currency.ts'

/** By currency: making one costs more than all else that is done here. */
const formats = new Map<string, Intl.NumberFormat>()

export function spokenMoney(minor: number, currency: string): string {
  const format = formats.get(currency) ?? moneyFormat('en-GB', currency)
  formats.set(currency, format)
  return format.format(majorUnits(minor, currency) as Intl.StringNumericLiteral)
}
