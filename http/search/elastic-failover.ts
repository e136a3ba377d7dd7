/**
 * Search that stays up: one engine answers while it can, another whenever it cannot, and the answer says so. After a few
 * failures in a row no search waits for the first engine any more; a loop beside them tries it until it is back.
 */
import type { Clock } from '../../shared/clock.ts'
import { SECOND } from '../../shared/limits.ts'
import type { Log } from '../../shared/log.ts'
import type { Metrics } from '../../shared/metrics.ts'
import type { Search, SearchEngine, SearchResult } from './search.ts'

/** In a row. One alone may be a hiccup, but each may cost its caller the engine's whole deadline. */
const FAILURES = 3
/** Between two looks at an engine that is away. */
const RETRY_MS = SECOND
/** Between two rounds of upkeep while all is well. */
const UPKEEP_MS = 60 * SECOND

/** Whether the engine finds at all; what it finds does not matter. */
const PROBE: Search = {
  keyword: 'a',
  types: [],
  statuses: [],
  sort: { by: 'relevance', descending: false },
  page: 1,
  pageSize: 1,
}

export interface FailoverOptions {
  /** Has a deadline of its own. */
  first: SearchEngine
  second: SearchEngine
  /** Brings what the first engine searches up to date; it may be away. The signal ends it. */
  upkeep: (signal: AbortSignal) => Promise<unknown>
  /** An error of this one search, which says nothing about the next. */
  isRefusal: (error: unknown) => boolean
  clock: Clock
  log: Log
  metrics: Metrics
  retryMs?: number
  upkeepMs?: number
}

export class FailoverSearch implements SearchEngine {
  readonly #options: FailoverOptions
  readonly #meters: ReturnType<typeof metersOf>
  readonly #ending = new AbortController()
  /** Starting: there may be nothing in the first engine yet. */
  #state: 'starting' | 'up' | 'down' = 'starting'
  #failures = 0
  #nap = new AbortController()
  #loop: Promise<void> | undefined

  constructor(options: FailoverOptions) {
    this.#options = options
    this.#meters = metersOf(options.metrics)
  }

  async search(search: Search): Promise<SearchResult> {
    const { first, isRefusal, log } = this.#options
    if (this.#state !== 'up') return this.#degraded(search)
    try {
      const result = await this.#timed('first', first, search)
      this.#failures = 0
      return result
    } catch (err) {
      this.#meters.failures.inc()
      if (isRefusal(err)) log.error({ err }, 'Elasticsearch refused a search')
      else this.#failed(err)
      return this.#degraded(search)
    }
  }

  /** Begins to look after the first engine; from its first answer on it is the one that is asked. */
  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    this.#nap.abort()
    await this.#loop
  }

  async #degraded(search: Search): Promise<SearchResult> {
    const result = await this.#timed('second', this.#options.second, search)
    return { ...result, degraded: true }
  }

  async #timed(which: 'first' | 'second', engine: SearchEngine, search: Search): Promise<SearchResult> {
    const stop = this.#meters.seconds.startTimer({ engine: which === 'first' ? 'elasticsearch' : 'postgres' })
    const result = await engine.search(search)
    stop()
    return result
  }

  async #run(): Promise<void> {
    const { clock, retryMs = RETRY_MS, upkeepMs = UPKEEP_MS } = this.#options
    while (!this.#ending.signal.aborted) {
      this.#nap = new AbortController()
      await this.#look()
      if (!this.#ending.signal.aborted)
        await clock.sleep(this.#state === 'up' ? upkeepMs : retryMs, this.#nap.signal)
    }
  }

  /** Upkeep may fail for Postgres' sake while the first engine finds as well as ever. */
  async #look(): Promise<void> {
    const { first, upkeep, log } = this.#options
    await upkeep(this.#ending.signal).catch((err: unknown) => {
      if (this.#state === 'up') log.warn({ err }, 'the index could not be brought up to date')
    })
    try {
      await first.search(PROBE)
      this.#rise()
    } catch (err) {
      if (!this.#ending.signal.aborted) this.#failed(err)
    }
  }

  #rise(): void {
    this.#failures = 0
    if (this.#state === 'up') return
    this.#state = 'up'
    this.#meters.up.set(1)
    this.#options.log.info('Elasticsearch answers searches')
  }

  #failed(err: unknown): void {
    this.#failures++
    if (this.#state === 'down' || (this.#state === 'up' && this.#failures < FAILURES)) return
    this.#state = 'down'
    this.#meters.up.set(0)
    this.#options.log.warn({ err }, 'Elasticsearch does not answer searches: Postgres does')
    // The loop may be asleep until its next upkeep.
    this.#nap.abort()
  }
}

function metersOf(metrics: Metrics) {
  return {
    up: metrics.gauge(
      'search_elasticsearch_up',
      '1 while Elasticsearch answers searches, 0 while Postgres does',
    ),
    failures: metrics.counter('search_failures_total', 'Searches that Elasticsearch did not answer'),
    seconds: metrics.histogram('search_seconds', 'A search, by the engine that answered', ['engine']),
  }
}
