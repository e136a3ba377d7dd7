import { describe, expect, it } from 'vitest'
import { exponentOf } from '../../shared/wire/currency.ts'
import { money, shortMoney } from './money.ts'

describe('money', () => {
  it('[V1] shows minor units by the exponent of the currency', () => {
    expect(money(4500, 'EUR')).toBe('€45.00')
    expect(money(4500, 'JPY')).toBe('¥4,500')
    expect(money(4500, 'KWD')).toMatch(/4\.500$/)
    // What Intl writes without digits is charged with them.
    expect(money(4_550_000, 'HUF')).toMatch(/45,500\.00$/)
    expect([exponentOf('EUR'), exponentOf('JPY'), exponentOf('KWD')]).toEqual([2, 0, 3])
  })

  it('[V1] loses no minor unit of a large or small amount', () => {
    expect(money(5, 'GBP')).toBe('£0.05')
    expect(money(0, 'GBP')).toBe('£0.00')
    expect(money(-1999, 'GBP')).toBe('-£19.99')
    expect(money(123_456_789_012_345, 'USD')).toBe('$1,234,567,890,123.45')
  })

  it('[V1] leaves out the zeros of a whole price only', () => {
    expect(shortMoney(4500, 'EUR')).toBe('€45')
    expect(shortMoney(4550, 'EUR')).toBe('€45.50')
    expect(shortMoney(100_000, 'EUR')).toBe('€1,000')
    expect(shortMoney(4500, 'JPY')).toBe('¥4,500')
  })
})
