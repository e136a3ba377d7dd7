import { describe, expect, it } from 'vitest'
import type { OwnBooking } from '../shop.ts'
import { declineText } from './decline-words.ts'
import { isMoving, stageOf, waitText } from './stage.ts'

const booking = (change: Partial<OwnBooking>): OwnBooking => ({
  bookingId: 'b',
  eventId: 'hot1',
  status: 'in_progress',
  expiresAt: '2026-12-01T10:00:00.000Z',
  serverTime: '2026-12-01T09:50:00.000Z',
  amount: 1,
  bookingFee: 0,
  currency: 'EUR',
  tickets: [],
  createdAt: '2026-12-01T09:50:00.000Z',
  ...change,
})

describe('a checkout', () => {
  it('[V18] lets a held booking be paid, also after a declined card', () => {
    expect(stageOf(booking({}))).toEqual({ stage: 'pay', declined: undefined })
    expect(stageOf(booking({ status: 'paying', declineCode: 'insufficient_funds' }))).toEqual({
      stage: 'pay',
      declined: 'insufficient_funds',
    })
    expect(declineText('insufficient_funds')).toMatch(/insufficient funds.*still held.*another card/)
    expect(declineText('anything')).toMatch(/declined.*still held/)
  })

  it('[V18] sends to the bank where the bank asks, and waits where it does not', () => {
    const action = { type: 'redirect', url: 'https://bank.example/' } as const
    expect(stageOf(booking({ status: 'paying', nextAction: action }))).toEqual({ stage: 'bank', action })
    expect(stageOf(booking({ status: 'paying' }))).toEqual({ stage: 'settling' })
    expect(isMoving(booking({ status: 'paying' }))).toBe(true)
    expect(isMoving(booking({ status: 'paying', nextAction: action }))).toBe(false)
    expect(isMoving(booking({}))).toBe(false)
  })

  it('[P68] shows the place of who waits in line to pay, and goes on by itself', () => {
    const inLine = booking({ status: 'paying', payQueue: { position: 37, seconds: 2 } })
    expect(stageOf(inLine)).toEqual({ stage: 'line', position: 37, seconds: 2 })
    expect(isMoving(inLine)).toBe(true)
    expect([1, 30, 60, 200].map(waitText)).toEqual([
      'a few seconds',
      'half a minute',
      'a minute',
      '3 minutes',
    ])
  })

  it('[V19] tells of every end what became of tickets and money', () => {
    for (const status of ['closing', 'expired', 'cancelled', 'refunded'] as const) {
      const stage = stageOf(booking({ status }))
      expect(stage.stage).toBe('ended')
      expect('text' in stage && stage.text).toMatch(/charged|money/)
    }
    expect(stageOf(booking({ status: 'cancelled', reason: 'seats_lost' }))).toMatchObject({
      title: 'The tickets were lost',
    })
    expect(stageOf(booking({ status: 'confirmed' }))).toEqual({ stage: 'confirmed' })
  })
})
