import { describe, expect, it } from 'vitest'
import { OnsaleError } from '../../client/http.ts'
import { refusal } from './hold.ts'
import { seatIndex, ticketIdOf } from './own-seats.ts'

describe('a hold that is refused', () => {
  it('[V7] names the seats that somebody else has', () => {
    const error = new OnsaleError(409, { code: 'hold_conflict', tickets: ['hot1-17', 'hot1-18'] })
    expect(refusal(error)).toEqual({ outcome: 'lost', seats: [17, 18] })
    const told = new OnsaleError(409, {
      code: 'hold_conflict',
      tickets: [{ ticketId: 'hot1-3', status: 'sold' }],
    })
    expect(refusal(told)).toEqual({ outcome: 'lost', seats: [3] })
  })

  it('[V17] sends back to the waiting room where the turn is over', () => {
    for (const code of ['waiting_room_required', 'pass_expired', 'pass_invalid'])
      expect(refusal(new OnsaleError(403, { code })).outcome).toBe('queue')
    expect(refusal(new OnsaleError(409, { code: 'sold_out' })).outcome).toBe('sold_out')
    expect(refusal(new OnsaleError(503, { code: 'recovering' })).outcome).toBe('refused')
    expect(refusal(new TypeError('a bug')).outcome).toBe('refused')
  })

  it("[V16] a ticket's id ends with the seat's index", () => {
    expect(seatIndex(ticketIdOf('match2026', 81_999))).toBe(81_999)
  })
})
