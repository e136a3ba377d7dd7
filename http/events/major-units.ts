/** Money as other programs write it, and as mails do: how many digits there are is the currency's affair. */

/** "45.00" for 4500 cents. Minor units are whole, and as text no digit of them is lost. */
export function majorUnits(minor: number, currency: string): string {
  const { maximumFractionDigits: exponent = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions()
  const digits = String(minor).padStart(exponent + 1, '0')
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** "€45.00" */
export function spokenMoney(minor: number, currency: string): string {
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency }).format(
    majorUnits(minor, currency) as Intl.StringNumericLiteral,
  )
}
