import { describe, expect, test } from 'vitest'
import type { FoundEvent } from '../shop.ts'
import type { DeskEvent } from './desk.ts'
import { listed } from './listed.ts'

const venue = { name: 'Hall', city: 'Lyon', timeZone: 'Europe/Paris' }

function found(eventId: string, status: string, hot = false): FoundEvent {
  return { eventId, name: eventId, status, hot, startsAt: '', venue, queue: null } as unknown as FoundEvent
}

function desk(eventId: string, state: DeskEvent['queue']['state']): DeskEvent {
  const queue = { state, waiting: 9, active: 2 }
  return {
    eventId,
    name: eventId,
    venue: 'Hall',
    startsAt: '',
    status: 'onsale',
    hot: false,
    queue,
    free: 5,
    sold: 1,
  }
}

describe('the list of events', () => {
  test('[V68] what is going on stands first with its numbers, then the hot, then what is on sale', () => {
    const all = [found('on', 'onsale'), found('later', 'offsale'), found('hot', 'onsale', true)]
    const rows = listed(all, [desk('on', 'off'), desk('open', 'open')], false)
    expect(rows.map(({ eventId }) => eventId)).toEqual(['open', 'hot', 'on'])
    expect(rows[0]).toMatchObject({ state: 'open', waiting: 9, free: 5, venue: 'Hall', timeZone: undefined })
    expect(rows[2]).toMatchObject({ sold: 1, venue: 'Hall, Lyon', timeZone: 'Europe/Paris' })
    expect(rows[1]?.sold).toBeUndefined()
  })

  test('[V68] a search shows what it finds and nothing else', () => {
    const rows = listed([found('later', 'offsale')], [desk('open', 'open')], true)
    expect(rows.map(({ eventId }) => eventId)).toEqual(['later'])
  })
})
