import { describe, expect, it } from 'vitest'
import { NO_PRICING } from '../../shared/wire/booking-price.ts'
import {
  countOf,
  NOTHING,
  type Selection,
  toggled,
  totalOf,
  withArea,
  without,
  withType,
} from './selection.ts'

const LIMIT = 3
const adult = (index: number) => ({ index, ticketType: 'adult' })
const floor = (quantity: number, ticketType = 'adult') => ({ areaId: 'floor', ticketType, quantity })
const pick = (...indices: number[]): Selection => ({ seats: indices.map(adult), areas: [] })

describe('choosing seats', () => {
  it('[V5] a seat is chosen, and taken back by choosing it again', () => {
    const first = toggled(NOTHING, adult(7), 0, LIMIT)
    expect(first).toEqual({ outcome: 'added', selection: pick(7) })
    expect(toggled(first.selection, adult(7), 0, LIMIT)).toEqual({ outcome: 'removed', selection: NOTHING })
  })

  it.each([1, 2, 3] as const)('[V5] a seat of status %i is not for choosing', status => {
    expect(toggled(pick(1), adult(7), status, LIMIT)).toEqual({ outcome: 'taken', selection: pick(1) })
  })

  it('[V5] a chosen seat that is lost can still be taken back', () => {
    expect(toggled(pick(7), adult(7), 2, LIMIT).outcome).toBe('removed')
  })

  it('[V6] seats and standing places together keep to the limit', () => {
    expect(toggled(pick(1, 2, 3), adult(4), 0, LIMIT)).toEqual({ outcome: 'limit', selection: pick(1, 2, 3) })
    const mixed = withArea(pick(1, 2), floor(5), 100, LIMIT)
    expect(mixed.outcome).toBe('limit')
    expect(countOf(mixed.selection)).toBe(LIMIT)
    expect(toggled(mixed.selection, adult(4), 0, LIMIT).outcome).toBe('limit')
  })

  it('[V6] no more standing places are chosen than are left', () => {
    const { outcome, selection } = withArea(NOTHING, floor(3), 2, 8)
    expect([outcome, selection.areas]).toEqual(['taken', [floor(2)]])
    expect(withArea(selection, floor(1, 'child'), 2, 8).outcome).toBe('taken')
    expect(withArea(selection, floor(0), 2, 8).selection).toEqual(NOTHING)
  })

  it('[V7] seats that somebody else takes leave the selection, and are named', () => {
    const { selection, lost } = without(pick(1, 2, 3), [2, 9])
    expect(selection).toEqual(pick(1, 3))
    expect(lost).toEqual([2])
    expect(without(selection, [9]).selection).toBe(selection)
  })
})

describe('the total', () => {
  const prices = [
    { category: 'a', ticketType: 'adult', ticketTypeName: 'Adult', price: 5_000, fee: 250 },
    { category: 'a', ticketType: 'child', ticketTypeName: 'Child', price: 2_500, fee: 250 },
    { category: 'floor', ticketType: 'adult', ticketTypeName: 'Adult', price: 4_000, fee: 0 },
  ]
  const categories = { seat: () => 'a', area: () => 'floor' }

  it('[V8] adds price and fee of each ticket by its type', () => {
    const selection = withType(pick(1, 2), 2, 'child')
    expect(totalOf(selection, { prices, currency: 'EUR', ...NO_PRICING }, categories)).toBe(5_250 + 2_750)
    const more = withArea(selection, floor(2), 9, 8).selection
    expect(totalOf(more, { prices, currency: 'EUR', ...NO_PRICING }, categories)).toBe(8_000 + 8_000)
  })

  it("[V8] takes the category's first type where a type is unknown", () => {
    expect(
      totalOf(withType(pick(1), 1, 'senior'), { prices, currency: 'EUR', ...NO_PRICING }, categories),
    ).toBe(5_250)
  })

  it('[B119] takes off the discount of so many tickets, and adds the fee of the booking', () => {
    const pricing = {
      bookingFee: { amount: 200, percent: 0 },
      discounts: [{ name: 'Two and more', minTickets: 2, amount: 0, percent: 10 }],
    }
    expect(totalOf(pick(1), { prices, currency: 'EUR', ...pricing }, categories)).toBe(5_250 + 200)
    expect(totalOf(pick(1, 2), { prices, currency: 'EUR', ...pricing }, categories)).toBe(
      2 * 5_250 - 1_000 + 200,
    )
    expect(totalOf(NOTHING, { prices, currency: 'EUR', ...pricing }, categories)).toBe(0)
  })
})
