import { expect, test } from 'vitest'
import { type Sellable, statusWords } from './status-words.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')
const event = (change: Partial<Sellable>): Sellable => ({
  status: 'onsale',
  startsAt: '2026-12-05T19:00:00Z',
  onSaleAt: '2026-11-01T09:00:00Z',
  queue: { state: 'off' },
  venue: {
    venueId: 'v',
    name: 'Hall',
    city: 'Tokyo',
    region: null,
    country: 'JP',
    lat: 0,
    lon: 0,
    timeZone: 'Asia/Tokyo',
    modelled: true,
  },
  ...change,
})
const words = (change: Partial<Sellable>, door?: 'open' | 'waiting' | 'admitted') =>
  statusWords(event(change), NOW, door).text

test('[V42] how an event stands is said in words: on sale, from when, not, sold out, moved, canceled, over', () => {
  expect(words({})).toBe('On sale')
  expect(words({ queue: null })).toBe('On sale')
  expect(words({ availability: { free: 0 } })).toBe('Sold out for now')
  expect(words({ availability: { free: null } })).toBe('On sale')
  // By the clocks at the venue.
  expect(words({ status: 'offsale', onSaleAt: '2026-11-30T01:00:00Z' })).toBe(
    'On sale from 30 November, 10:00 GMT+9',
  )
  expect(words({ status: 'offsale' })).toBe('Not on sale')
  expect(words({ status: 'offsale', onSaleAt: '2026-11-23T11:59:00Z' })).toBe('About to open')
  expect(words({ status: 'postponed' })).toBe('Postponed')
  expect(words({ status: 'rescheduled' })).toBe('New date')
  expect(words({ status: 'canceled' })).toBe('Canceled')
  expect(words({ startsAt: '2026-11-23T11:59:00Z' })).toBe('Over')
})

test('[V43] the badge follows the fan through the doors, whatever the event said when the page was opened', () => {
  const open = { queue: { state: 'open' } }
  expect(words(open)).toBe('Waiting room')
  expect(words(open, 'waiting')).toBe('Waiting room')
  expect(words(open, 'admitted')).toBe('Your turn')
  expect(words(open, 'open')).toBe('On sale')
  expect(words({}, 'waiting')).toBe('Waiting room')
})
