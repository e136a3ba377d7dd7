import { describe, expect, it } from 'vitest'
import { addressOf, askedOf, wishOf } from './search-query.ts'

describe('a search in the address bar', () => {
  const wish = {
    keyword: ' bayern münchen ',
    type: 'football',
    city: 'Berlin',
    start: '2026-12-01',
    end: '2026-12-31',
    near: { lat: 52.5234, lon: 13.4114 },
    onSale: true,
    sort: '' as const,
    page: 3,
  }

  it('[V15] is found again from its address', () => {
    const address = addressOf(wish)
    const query = Object.fromEntries(new URL(address, 'http://localhost').searchParams)
    expect(wishOf(query)).toEqual({ ...wish, keyword: 'bayern münchen', near: { lat: 52.52, lon: 13.41 } })
  })

  it('[V15] an empty one has the plain address', () => {
    expect(addressOf(wishOf({}))).toBe('/')
  })

  it('[V15] what makes no sense in an address is left out', () => {
    expect(
      wishOf({ type: 'opera', start: 'soon', near: 'here', page: '-1', sort: 'price', sale: 'off', q: 'x' }),
    ).toEqual({
      ...wishOf({}),
      keyword: 'x',
    })
  })

  it("[V15] asks the server in its own parameters' names", () => {
    expect(askedOf(wishOf({}))).toEqual({ page: 1, pageSize: 20 })
    expect(askedOf(wish)).toMatchObject({
      keyword: 'bayern münchen',
      city: 'Berlin',
      lat: 52.5234,
      sort: 'distance',
      radius: 150,
      status: 'onsale',
      page: 3,
    })
    // What a fan chooses goes before what is nearest.
    expect(askedOf({ ...wish, sort: 'name' })).toMatchObject({ sort: 'name', radius: 150 })
  })
})
