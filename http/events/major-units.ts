/** Money as other programs write it: "45.00" for 4500 cents; how many digits there are is the currency's affair. */

/** Minor units are whole, and as text no digit of them is lost. */
export function majorUnits(minor: number, currency: string): string {
  const { maximumFractionDigits: exponent = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions()
  const digits = String(minor).padStart(exponent + 1, '0')
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}
