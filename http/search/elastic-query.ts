/**
 * A search as Elasticsearch is asked for it: pure, from a `Search` to the body of one request. What is a word, which
 * words merely join others and how near a hit is are as in 0003-search.sql, so that both engines answer alike.
 */
import type { estypes } from '@elastic/elasticsearch'
import { FACET_VALUES, type Search, type When } from './search.ts'

/** The fields of words; elastic-index.ts fills them. `title` is name and performers, `words` is everything. */
export type WordField = 'words' | 'title' | 'name' | 'artist' | 'venue' | 'city' | 'place'

/** Which words may have a typing error: none, those that no event has, or any. */
export type Forgiving = 'none' | 'unknown' | 'any'

type Query = estypes.QueryDslQueryContainer

const JOINING = new Set(['vs', 'v', 'versus', 'and', 'at', 'in', 'of', 'the', 'ticket', 'tickets'])
const TERMS_MOST = 12
/** Shorter words are one letter away from too many. */
const FORGIVEN_LENGTH = 3
/** Words one letter away that are looked for, the nearest first. */
const NEAR_WORDS = 50

/**
 * Words parted by single spaces, without punctuation. Case and Latin letters are folded by the index's analyzer; that
 * knows no other scripts, so their marks go here.
 */
export function plainWords(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\p{M}'’‘ʼ]+/gu, '')
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/** What merely joins words counts only where nothing else is there. */
export function termsOf(text: string): string[] {
  const all = plainWords(text)
    .split(' ')
    .filter(word => word !== '')
    .slice(0, TERMS_MOST)
  const telling = all.filter(word => !JOINING.has(word.toLowerCase()))
  return telling.length > 0 ? telling : all
}

/** The conditions in words, each with the field that it is asked of. */
export function wordsOf(search: Search): [field: WordField, terms: string[]][] {
  const given: [WordField, string | undefined][] = [
    ['words', search.keyword],
    ['artist', search.artist],
    ['name', search.name],
    ['venue', search.venue],
    ['city', search.city],
    ['place', search.place],
  ]
  return given.flatMap(([field, text]) => (text === undefined ? [] : [[field, termsOf(text)]]))
}

/** A whole word or its beginning. */
export function beginning(field: WordField, term: string): Query {
  return { match_bool_prefix: { [field]: { query: term } } }
}

/** `unknown`: the words that no event has, where those alone are forgiven. */
export function requestOf(
  search: Search,
  forgiving: Forgiving,
  unknown: ReadonlySet<string>,
): estypes.SearchRequest {
  const forgiven = (term: string) =>
    term.length >= FORGIVEN_LENGTH && (forgiving === 'any' || (forgiving === 'unknown' && unknown.has(term)))
  const words = wordsOf(search).map(([field, terms]) => inWords(field, terms, forgiven))
  return {
    query: { bool: { filter: [...words, ...conditions(search)], should: closeness(search) } },
    sort: order(search),
    from: (search.page - 1) * search.pageSize,
    size: search.pageSize,
    track_total_hits: true,
    ...(search.facets ? { aggs: FACETS } : {}),
  }
}

function inWords(field: WordField, terms: string[], forgiven: (term: string) => boolean): Query {
  // Nothing but punctuation is nothing that an event could have.
  if (terms.length === 0) return { match_none: {} }
  const each = terms.map((term): Query => {
    if (!forgiven(term)) return beginning(field, term)
    const near: Query = {
      match: {
        [field]: { query: term, fuzziness: 1, fuzzy_transpositions: true, max_expansions: NEAR_WORDS },
      },
    }
    return { bool: { should: [beginning(field, term), near] } }
  })
  return { bool: { filter: each } }
}

function conditions({ venueId, country, performerId, types, statuses, near, from, until }: Search): Query[] {
  const all: Query[] = []
  if (venueId !== undefined) all.push({ term: { venueId } })
  if (country !== undefined) all.push({ term: { country } })
  if (performerId !== undefined) all.push({ term: { performerIds: performerId } })
  if (types.length > 0) all.push({ terms: { type: types } })
  if (statuses.length > 0) all.push({ terms: { status: statuses } })
  if (near !== undefined)
    all.push({
      geo_distance: { distance: `${near.radiusKm}km`, at: { lat: near.lat, lon: near.lon } },
    })
  if (from !== undefined) all.push(inTime('gte', from))
  if (until !== undefined) all.push(inTime('lte', until))
  return all
}

/** A day is compared with the day that the clocks at the venue show. */
function inTime(side: 'gte' | 'lte', when: When): Query {
  if ('day' in when) return { range: { localDay: { [side]: when.day } } }
  return { range: { startsAt: { [side]: when.moment.getTime(), format: 'epoch_millis' } } }
}

/**
 * Scores 7: the keyword as a phrase in name or performers; 3: all its words there; 1: all its words anywhere; 0: only
 * beginnings and typing errors. Each of these includes the next, so the scores add up.
 */
function closeness({ keyword, sort }: Search): Query[] {
  if (keyword === undefined || sort.by !== 'relevance') return []
  const query = termsOf(keyword).join(' ')
  const tiers: [boost: number, filter: Query][] = [
    [4, { match_phrase: { title: query } }],
    [2, { match: { title: { query, operator: 'and' } } }],
    [1, { match: { words: { query, operator: 'and' } } }],
  ]
  return tiers.map(([boost, filter]) => ({ constant_score: { filter, boost } }))
}

/** No two events are equal, so that pages neither repeat nor leave out one. */
function order({ sort, keyword, near }: Search): estypes.SortCombinations[] {
  const way = sort.descending ? 'desc' : 'asc'
  const start: estypes.SortCombinations = { startsAt: 'asc' }
  const last: estypes.SortCombinations = { eventId: 'asc' }
  switch (sort.by) {
    case 'relevance': {
      const score: estypes.SortCombinations = { _score: { order: sort.descending ? 'asc' : 'desc' } }
      return [...(keyword === undefined ? [] : [score]), { saleRank: way }, start, last]
    }
    case 'date':
      return [{ startsAt: way }, last]
    case 'name':
      return [{ sortName: way }, start, last]
    case 'distance': {
      // parameters.ts asks for the point.
      if (near === undefined) return [start, last]
      return [
        { _geo_distance: { at: { lat: near.lat, lon: near.lon }, order: way, unit: 'km' } },
        start,
        last,
      ]
    }
    case 'price':
      return [{ priceMin: { order: way, missing: '_last' } }, start, last]
  }
}

const counted = (field: string): estypes.AggregationsAggregationContainer => ({
  terms: { field, size: FACET_VALUES, order: [{ _count: 'desc' }, { _key: 'asc' }] },
})
const FACETS = { types: counted('type'), cities: counted('cityName'), countries: counted('country') }
