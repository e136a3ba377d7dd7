/**
 * Search on Elasticsearch: asks the index that elastic-index.ts keeps, strictly at first; where nothing is found, with a
 * typing error forgiven in the words that no event has, and then in every word. It throws where the server does not
 * answer in time: elastic-failover.ts has Postgres answer then.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import { beginning, type Forgiving, requestOf, wordsOf } from './elastic-query.ts'
import type { FacetCount, FoundEvent, Near, Search, SearchEngine, SearchResult } from './search.ts'

/** What is kept of an event beside what it is found by; comes back as it went in. */
export interface Stored {
  event: Omit<FoundEvent, 'distanceKm'>
}

export interface ElasticSearchOptions {
  client: Client
  /** The alias. */
  index: string
  /** For a whole search, however often it asks. */
  deadlineMs: number
}

export class ElasticSearch implements SearchEngine {
  readonly #options: ElasticSearchOptions

  constructor(options: ElasticSearchOptions) {
    this.#options = options
  }

  async search(search: Search): Promise<SearchResult> {
    const signal = AbortSignal.timeout(this.#options.deadlineMs)
    const strict = await this.#ask(search, 'none', new Set(), signal)
    if (strict.total > 0 || wordsOf(search).length === 0) return strict
    // Asked together: most often all words are unknown, or none, and then this is the answer.
    const [unknown, any] = await Promise.all([
      this.#unknownWords(search, signal),
      this.#ask(search, 'any', new Set(), signal),
    ])
    if (any.total === 0 || unknown.size === 0 || unknown.size === termsIn(search).size) return any
    const mended = await this.#ask(search, 'unknown', unknown, signal)
    return mended.total > 0 ? mended : any
  }

  async #ask(
    search: Search,
    forgiving: Forgiving,
    unknown: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<SearchResult> {
    const { hits, aggregations } = await this.#request<Facetted>(
      requestOf(search, forgiving, unknown),
      signal,
    )
    return {
      events: hits.hits.flatMap(({ _source }) => (_source ? [found(_source, search.near)] : [])),
      total: totalOf(hits),
      ...(search.facets
        ? {
            facets: {
              types: countsOf(aggregations?.types),
              cities: countsOf(aggregations?.cities),
              countries: countsOf(aggregations?.countries),
            },
          }
        : {}),
    }
  }

  /** Those of the search's words that are no word of any event and no word's beginning. */
  async #unknownWords(search: Search, signal: AbortSignal): Promise<Set<string>> {
    const terms = [...termsIn(search)]
    if (terms.length === 0) return new Set()
    const { aggregations } = await this.#request<{ known: estypes.AggregationsFiltersAggregate }>(
      { size: 0, aggs: { known: { filters: { filters: terms.map(term => beginning('words', term)) } } } },
      signal,
    )
    const known = listOf(aggregations?.known.buckets)
    return new Set(terms.filter((_, i) => known[i]?.doc_count === 0))
  }

  #request<Aggregations>(request: estypes.SearchRequest, signal: AbortSignal) {
    const { client, index } = this.#options
    return client.search<Stored, Aggregations>({ index, ...request }, { signal, maxRetries: 0 })
  }
}

function termsIn(search: Search): Set<string> {
  return new Set(wordsOf(search).flatMap(([, terms]) => terms))
}

interface Facetted {
  types: estypes.AggregationsStringTermsAggregate
  cities: estypes.AggregationsStringTermsAggregate
  countries: estypes.AggregationsStringTermsAggregate
}

function totalOf({ total }: estypes.SearchHitsMetadata<Stored>): number {
  return typeof total === 'number' ? total : (total?.value ?? 0)
}

function countsOf(terms: estypes.AggregationsStringTermsAggregate | undefined): FacetCount[] {
  return listOf(terms?.buckets).map(({ key, doc_count: events }) => ({ value: String(key), events }))
}

/** The client's types allow for buckets by name, which we never ask for. */
function listOf<Bucket>(buckets: estypes.AggregationsBuckets<Bucket> | undefined): Bucket[] {
  return Array.isArray(buckets) ? buckets : []
}

function found({ event }: Stored, near: Near | undefined): FoundEvent {
  if (near === undefined) return event
  return { ...event, distanceKm: Math.round(distanceTo(near, event.venue) * 10) / 10 }
}

const EARTH_KM = 6371.0088

/** Haversine, as the other engine computes it: what both show is the same to the last digit. */
function distanceTo(from: { lat: number; lon: number }, to: { lat: number; lon: number }): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180
  const half =
    Math.sin(radians(to.lat - from.lat) / 2) ** 2 +
    Math.cos(radians(from.lat)) * Math.cos(radians(to.lat)) * Math.sin(radians(to.lon - from.lon) / 2) ** 2
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(half)))
}
