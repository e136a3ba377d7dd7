/**
 * The index behind search on Elasticsearch: its mapping, and how it comes to hold what Postgres holds. Every load fills a
 * new index, and an alias is moved to it when it is complete, so that a search never meets half a catalogue and a crash
 * leaves nothing that is used. An index's name carries the fingerprint of the catalogue in it: what is there already is
 * not loaded again. It is a snapshot: what Postgres learns after a load is found after the next.
 */
import { createHash } from 'node:crypto'
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Chance } from '../../shared/clock.ts'
import { SECOND } from '../../shared/limits.ts'
import type { Log } from '../../shared/log.ts'
import type { Pool } from '../../shared/postgres.ts'
import { documents, type EventDocument, fingerprint } from './elastic-documents.ts'

/** For one request of a load; the largest takes about a second. */
const LOAD_MS = 30 * SECOND
/** For the question whether there is anything to load. */
const ASK_MS = 2 * SECOND
/** Names the lock under which one process at a time loads; any constant of our own will do. */
const LOCK_KEY = 7_306_017_711

// Beginnings of words have terms of their own, so that type-ahead costs no more than a whole word.
const WORDS = {
  type: 'text',
  analyzer: 'folded',
  norms: false,
  index_prefixes: { min_chars: 1, max_chars: 19 },
} as const
const KEYWORD = { type: 'keyword' } as const

const MAPPINGS = {
  dynamic: 'strict',
  // What comes back with a hit; the words need not, and an index is never made of another.
  _source: { includes: ['event'] },
  properties: {
    words: WORDS,
    title: { type: 'text', analyzer: 'folded', norms: false },
    name: WORDS,
    artist: WORDS,
    venue: WORDS,
    city: WORDS,
    place: WORDS,
    eventId: KEYWORD,
    type: KEYWORD,
    status: KEYWORD,
    saleRank: { type: 'byte' },
    startsAt: { type: 'date', format: 'epoch_millis' },
    localDay: { type: 'date', format: 'strict_date' },
    venueId: KEYWORD,
    performerIds: KEYWORD,
    cityName: KEYWORD,
    country: KEYWORD,
    at: { type: 'geo_point' },
    sortName: KEYWORD,
    priceMin: { type: 'integer' },
    // Comes back as it went in.
    event: { type: 'object', enabled: false },
  } satisfies Record<keyof EventDocument, estypes.MappingProperty>,
} as const satisfies estypes.MappingTypeMapping

const SETTINGS: estypes.IndicesIndexSettings = {
  // One shard holds millions of events, and its counts are exact.
  number_of_shards: 1,
  auto_expand_replicas: '0-1',
  analysis: {
    analyzer: {
      folded: { type: 'custom', tokenizer: 'standard', filter: ['lowercase', 'asciifolding'] },
    },
  },
}

// Releases with another mapping have another alias, so that old and new nodes can run side by side.
const LAYOUT = createHash('sha256')
  .update(JSON.stringify([MAPPINGS, SETTINGS]))
  .digest('hex')
  .slice(0, 8)

export interface ElasticIndexOptions {
  client: Client
  pool: Pool
  /** Tells our indices from another installation's: INSTANCE. */
  instance: string
  chance: Chance
  log: Log
}

/** busy: another process is loading, and what it loads is not there yet. */
export type Upkeep = 'unchanged' | 'loaded' | 'busy'

export class ElasticIndex {
  readonly #options: ElasticIndexOptions
  /** Every index of this installation begins with it. No instance has a dot in its name. */
  readonly #family: string
  readonly alias: string

  constructor(options: ElasticIndexOptions) {
    this.#options = options
    this.#family = `events.${options.instance}.`
    this.alias = `${this.#family}${LAYOUT}`
  }

  /** Loads the catalogue if the alias stands for another one, or for none. */
  async bringUpToDate(signal?: AbortSignal): Promise<Upkeep> {
    // First, so that Postgres is not asked while Elasticsearch is away.
    const before = await this.#serving()
    const wanted = await fingerprint(this.#options.pool)
    if (before.some(index => this.#holds(index, wanted))) return 'unchanged'
    const client = await this.#options.pool.connect()
    try {
      const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [
        LOCK_KEY,
      ])
      if (!rows[0]?.mine) return 'busy'
      const serving = await this.#serving()
      if (serving.some(index => this.#holds(index, wanted))) return 'unchanged'
      await this.#load(wanted, signal)
      return 'loaded'
    } finally {
      // The lock is the connection's.
      client.release(true)
    }
  }

  /** Removes everything of this installation. */
  async remove(): Promise<void> {
    await this.#drop(await this.#indices())
  }

  async #load(version: string, signal: AbortSignal | undefined): Promise<void> {
    const { client, pool, chance, log } = this.#options
    const index = `${this.alias}.${version}.${chance.bytes(4).toString('hex')}`
    await client.indices.create({ index, mappings: MAPPINGS, settings: SETTINGS }, PATIENT)
    try {
      let loaded = 0
      for await (const page of documents(pool)) {
        signal?.throwIfAborted()
        const { errors, items } = await client.bulk(
          { index, operations: page.flatMap(doc => [{ index: { _id: doc.eventId } }, doc]) },
          PATIENT,
        )
        if (errors) throw new Error(`Elasticsearch refused an event: ${firstFault(items)}`)
        loaded += page.length
      }
      await client.indices.refresh({ index }, PATIENT)
      const { count } = await client.count({ index }, PATIENT)
      if (count !== loaded) throw new Error(`${loaded} events were sent to ${index}, which has ${count}`)
      await this.#serve(index)
      log.info({ index, events: loaded }, 'the catalogue is loaded into Elasticsearch')
    } catch (error) {
      await this.#drop([index]).catch(() => undefined)
      throw error
    }
    await this.#tidy(index)
  }

  /** In one step from the old to the new. */
  async #serve(index: string): Promise<void> {
    const actions: estypes.IndicesUpdateAliasesAction[] = [
      ...(await this.#serving()).map(old => ({ remove: { index: old, alias: this.alias } })),
      { add: { index, alias: this.alias } },
    ]
    await this.#options.client.indices.updateAliases({ actions }, PATIENT)
  }

  /** What was served before, and what loads left that did not come to their end. */
  async #tidy(serving: string): Promise<void> {
    const all = await this.#indices()
    await this.#drop(all.filter(index => index.startsWith(`${this.alias}.`) && index !== serving))
    const others = all.filter(index => !index.startsWith(`${this.alias}.`))
    if (others.length > 0)
      this.#options.log.warn(
        { indices: others },
        'indices of another release are left in Elasticsearch: remove them when no node of it runs',
      )
  }

  #holds(index: string, version: string): boolean {
    return index.startsWith(`${this.alias}.${version}.`)
  }

  /** What the alias stands for: one index, or none. */
  async #serving(): Promise<string[]> {
    const { body, statusCode } = await this.#options.client.indices.getAlias(
      { name: this.alias },
      { requestTimeout: ASK_MS, maxRetries: 0, ignore: [404], meta: true },
    )
    return statusCode === 404 ? [] : Object.keys(body)
  }

  async #indices(): Promise<string[]> {
    const found = await this.#options.client.indices.get(
      { index: `${this.#family}*`, features: ['aliases'] },
      PATIENT,
    )
    return Object.keys(found)
  }

  async #drop(indices: string[]): Promise<void> {
    if (indices.length === 0) return
    await this.#options.client.indices.delete({ index: indices, ignore_unavailable: true }, PATIENT)
  }
}

const PATIENT = { requestTimeout: LOAD_MS }

function firstFault(items: estypes.BulkResponse['items']): string {
  const fault = items.map(({ index }) => index).find(item => item?.error !== undefined)
  return `${fault?._id}: ${fault?.error?.reason}`
}
