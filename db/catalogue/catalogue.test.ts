import { describe, expect, it } from 'vitest'
import { instantOf } from '../../shared/local-time.ts'
import { buildCatalogue, type CatalogueEvent } from './catalogue.ts'
import { plusWeeks, usualTime, weeksUntil } from './dates.ts'
import { footballDrafts, ON_SALE_CLUBS } from './football.ts'
import { arena } from './maps/arena.ts'
import { club } from './maps/club.ts'
import { stadium } from './maps/stadium.ts'
import { theatre } from './maps/theatre.ts'
import { pricesOf } from './prices.ts'

const DAY_MS = 86_400_000
const now = new Date('2026-11-22T21:00:00Z')
const catalogue = buildCatalogue(now)
const { events } = catalogue
const onSale = events.filter(({ status }) => status === 'onsale')

describe('the dates', () => {
  it('[C11] are the season’s, moved by the fewest whole weeks that leave two weeks from now', () => {
    expect(weeksUntil('2025-07-02', now)).toBe(75)
    for (const { past, id } of footballDrafts()) {
      const event = events.find(event => event.id === id)!
      expect(event.startsAt).toEqual(instantOf({ ...past, date: plusWeeks(past.date, 75) }))
    }
    const days = events.map(({ startsAt }) => (startsAt.getTime() - now.getTime()) / DAY_MS)
    expect(Math.min(...days)).toBeGreaterThan(14)
    expect(Math.min(...days)).toBeLessThan(22)
    expect(Math.max(...days)).toBeLessThan(365)
  })

  it('[C11] keep the weekday and the time of day by the league’s clock, whatever summer time does', () => {
    const berlin = (date: string) => instantOf({ date, time: '15:30', clock: 'Europe/Berlin' }).toISOString()
    expect(plusWeeks('2025-08-23', 62)).toBe('2026-10-31')
    expect(berlin('2025-08-23')).toBe('2025-08-23T13:30:00.000Z')
    expect(berlin('2026-10-31')).toBe('2026-10-31T14:30:00.000Z')
    expect(instantOf({ date: '2026-10-25', time: '01:30', clock: 'Europe/Berlin' }).toISOString()).toBe(
      '2026-10-24T23:30:00.000Z',
    )
    expect(instantOf({ date: '2026-03-29', time: '03:30', clock: 'Europe/Berlin' }).toISOString()).toBe(
      '2026-03-29T01:30:00.000Z',
    )
    expect(instantOf({ date: '2026-01-01', time: '10:00', clock: 'Pacific/Auckland' }).toISOString()).toBe(
      '2025-12-31T21:00:00.000Z',
    )
  })

  it('[C12] have 15:00 at weekends and 20:00 on other days where the time is unknown', () => {
    expect(['2025-08-22', '2025-08-23', '2025-08-24', '2025-08-25'].map(usualTime)).toEqual([
      '20:00',
      '15:00',
      '15:00',
      '20:00',
    ])
  })
})

describe('the events', () => {
  it('[C13] are more than 5,000 real matches and 300 modelled concerts and plays, each said to be what it is', () => {
    const modelled = events.filter(event => event.modelled)
    expect(events.length - modelled.length).toBe(7_517)
    expect(modelled.length).toBe(300)
    expect(new Set(modelled.map(({ type }) => type))).toEqual(new Set(['concert', 'theatre']))
    expect(events.every(event => event.modelled === (event.type !== 'football'))).toBe(true)
    expect(modelled.every(({ performers }) => performers[0]?.name.startsWith('Demo '))).toBe(true)
  })

  it('[C13] have two performers, and a venue in the country whose money they ask', () => {
    for (const event of events) expect(event.performers.length).toBe(2)
    const hot = events.find(event => event.hot)!
    expect(hot.name).toBe('FC Bayern München vs Borussia Dortmund')
    expect(hot.performers.map(({ name, kind }) => `${name}, ${kind}`)).toEqual([
      'FC Bayern München, team',
      'Borussia Dortmund, team',
    ])
    expect([hot.venue.place.city, hot.venue.place.country, hot.currency]).toEqual(['Munich', 'DE', 'EUR'])
  })

  it('[C13] stand in one venue for each home team, and never twice in a hall on one day', () => {
    const venuesOfTeams = new Map<string, Set<string>>()
    for (const { performers, venue } of events.filter(({ type }) => type === 'football')) {
      const home = performers[0]!.id
      venuesOfTeams.set(home, (venuesOfTeams.get(home) ?? new Set()).add(venue.id))
    }
    expect([...venuesOfTeams.values()].every(venues => venues.size === 1)).toBe(true)
    const halls = events
      .filter(({ modelled }) => modelled)
      .map(({ venue, startsAt }) => `${venue.id} ${startsAt.toISOString().slice(0, 10)}`)
    expect(new Set(halls).size).toBe(halls.length)
  })

  it('[C14] keep their ids from load to load, whatever the date', () => {
    const later = buildCatalogue(new Date(now.getTime() + 200 * DAY_MS))
    expect(later.events.map(({ id }) => id)).toEqual(events.map(({ id }) => id))
    expect(later.events[0]?.startsAt).not.toEqual(events[0]?.startsAt)
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
    expect(events.every(({ id }) => /^[a-z0-9]{12}$/.test(id))).toBe(true)
    expect(events.find(event => event.hot)?.id).toBe('7e43ef84835b')
  })

  it('[C14] are the same for the same now', () => {
    expect(buildCatalogue(now)).toEqual(catalogue)
  })

  it('[C15] are on sale sixty at a time, of every kind, one of them hot', () => {
    expect(onSale.length).toBe(60)
    const count = (type: CatalogueEvent['type']) => onSale.filter(event => event.type === type).length
    expect([count('football'), count('concert'), count('theatre')]).toEqual([35, 15, 10])
    expect(ON_SALE_CLUBS.every(club => onSale.some(({ name }) => name.startsWith(`${club} vs `)))).toBe(true)
    expect(events.filter(({ hot }) => hot).map(({ status }) => status)).toEqual(['onsale'])
  })

  it('[C15] are otherwise offsale until a day that is yet to come and before they start', () => {
    for (const { status, onSaleAt, startsAt } of events) {
      if (status === 'onsale') expect(onSaleAt.getTime()).toBeLessThan(now.getTime())
      else expect(onSaleAt.getTime()).toBeGreaterThan(now.getTime())
      expect(onSaleAt.getTime()).toBeLessThan(startsAt.getTime())
    }
  })
})

describe('the prices', () => {
  const maps = { theatre: theatre(), arena: arena(), stadium: stadium(), club: club() }

  it('[C16] name every category of the event’s map, an adult’s first', () => {
    for (const event of events) {
      const prices = pricesOf(event.tariff, event.currency)
      const categories = maps[event.venue.map].categories.map(({ id }) => id)
      expect(prices.filter(({ position }) => position === 0).map(({ category }) => category)).toEqual(
        categories,
      )
      expect(prices.filter(({ position }) => position === 1).map(({ category }) => category)).toEqual(
        categories,
      )
      for (const { position, ticketType, price, fee } of prices) {
        expect(ticketType === 'adult').toBe(position === 0)
        expect(Number.isInteger(price) && price > 0 && Number.isInteger(fee) && fee > 0).toBe(true)
      }
    }
  })

  it('[C16] are whole minor units of the money: cents of a euro, yen as they are', () => {
    const first = (currency: string) => pricesOf('football-first', currency)[0]
    expect(first('EUR')).toEqual({
      category: 'premium',
      ticketType: 'adult',
      ticketTypeName: 'Adult',
      position: 0,
      price: 12_000,
      fee: 720,
    })
    expect(first('JPY')).toMatchObject({ price: 14_400, fee: 864 })
    expect(() => first('XYZ')).toThrow('no prices in XYZ')
  })
})
