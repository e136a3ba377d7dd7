/** Money as mails say it: "€45.00". */
import { majorUnits, moneyFormat } from '../../shared/wire/currency.ts'

export function spokenMoney(minor: number, currency: string): string {
  return moneyFormat('en-GB', currency).format(majorUnits(minor, currency) as Intl.StringNumericLiteral)
}
