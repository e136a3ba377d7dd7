import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exponentOf, majorUnits, moneyFormat, stepOf } from './currency.ts'

test('[P99] Minor units are those that Stripe charges, whatever a country is used to write.', () => {
  const digits = ['EUR', 'HUF', 'COP', 'ISK', 'JPY', 'KRW', 'KWD', 'TND'].map(exponentOf)
  expect(digits).toEqual([2, 2, 2, 2, 0, 0, 3, 3])
  expect(['EUR', 'HUF', 'JPY', 'ISK', 'UGX', 'KWD', 'BHD'].map(stepOf)).toEqual([1, 1, 1, 100, 100, 10, 10])
})

test('[P99] As text no digit of an amount is lost, in any currency.', () => {
  expect([majorUnits(5, 'EUR'), majorUnits(-4_500, 'KWD'), majorUnits(0, 'JPY')]).toEqual([
    '0.05',
    '-4.500',
    '0',
  ])
  fc.assert(
    fc.property(
      fc.integer({ min: -(10 ** 15), max: 10 ** 15 }),
      fc.constantFrom(...Intl.supportedValuesOf('currency')),
      (minor, currency) => {
        const text = majorUnits(minor, currency)
        expect(BigInt(text.replace('.', ''))).toBe(BigInt(minor))
        expect((text.split('.')[1] ?? '').length).toBe(exponentOf(currency))
        const shown = moneyFormat('en', currency, { currencyDisplay: 'code' }).format(
          text as Intl.StringNumericLiteral,
        )
        expect(shown.replaceAll(/[^\d]/g, '')).toBe(
          String(Math.abs(minor)).padStart(exponentOf(currency) + 1, '0'),
        )
      },
    ),
  )
})
