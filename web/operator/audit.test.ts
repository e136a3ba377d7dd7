import { describe, expect, test } from 'vitest'
import { actorWords, actWords as actWordsIn, merged } from './audit.ts'
import type { AuditEntry } from './desk.ts'

function entry(id: number, act: string, detail: AuditEntry['detail']): AuditEntry {
  return { id, at: '2026-04-03T18:00:00.000Z', actor: 'admin', act, eventId: 'e', detail }
}

const actWords = (of: AuditEntry) => actWordsIn(of, 'Europe/Berlin')

describe('the audit log', () => {
  test('[V67] a change of the queue is told from what to what, and only what changed', () => {
    const before = { state: 'off', rate: 10, cap: 500, message: '', passSeconds: 600, burst: null }
    const after = { ...before, state: 'open', rate: 0.5, cap: 1_500, message: 'Soon.', burst: 3 }
    expect(actWords(entry(1, 'queue.configure', { before, after }))).toEqual([
      'queue off → open',
      'rate 10 a second → 0.5 a second',
      'cap 500 → 1,500',
      'burst a second of rate → 3',
      'message none → “Soon.”',
    ])
    expect(actWords(entry(1, 'queue.configure', { before, after: before }))).toEqual([
      'saved the settings as they were',
    ])
    expect(actWords(entry(1, 'queue.configure', { after: { rate: 2 } }))).toEqual(['rate 2 a second'])
  })

  test('[V84] a plan and who was thrown out are told in words, times by the clocks at the venue', () => {
    const before = {
      state: 'off',
      method: 'fifo',
      joins: true,
      preQueueAt: null,
      opensAt: null,
      soldOut: 'keep',
      perNetwork: null,
      payRate: null,
      beaconRound: null,
    }
    const after = {
      state: 'pre_queue',
      method: 'random',
      joins: false,
      preQueueAt: Date.parse('2026-04-12T08:00Z'),
      opensAt: Date.parse('2026-04-12T09:00Z'),
      soldOut: 'dissolve',
      perNetwork: 20,
      payRate: 3,
      beaconRound: 1_234,
    }
    expect(actWords(entry(1, 'queue.configure', { before, after }))).toEqual([
      'queue off → pre-queue',
      'order as they come → by lot',
      'newcomers taken → not taken',
      'line forms not set → 12 April, 10:00 CEST',
      'doors move not set → 12 April, 11:00 CEST',
      'beacon round none → 1,234',
      'when sold out it waits → the line ends',
      'payments a second STRIPE_RPS → 3',
      'places of one network no limit → 20',
    ])
    expect(actWords(entry(1, 'queue.eject', { visitorId: 'v1' }))).toEqual(['visitor v1 thrown out'])
  })

  test('[V67] what this page does not know yet is told all the same', () => {
    expect(actWords(entry(1, 'seats.polish', { tickets: 12 }))).toEqual(['seats polish, tickets 12'])
    expect(actWords(entry(1, 'queue.configure', { before: { x: 1 }, after: { x: null } }))).toEqual([
      'x 1 → none',
    ])
    expect(actWords(entry(1, 'event.import', null))).toEqual(['event import'])
    expect([actorWords('admin'), actorWords('ada')]).toEqual(['operator', 'ada'])
  })

  test('[V67] pages and what is fetched again make one list, newest first', () => {
    const page = (ids: number[]) => ids.map(id => entry(id, 'a', {}))
    expect(merged(page([3, 2]), page([4, 3])).map(({ id }) => id)).toEqual([4, 3, 2])
    expect(merged(page([3, 2]), page([1])).map(({ id }) => id)).toEqual([3, 2, 1])
  })
})
