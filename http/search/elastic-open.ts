/**
 * Which engine answers searches, by configuration alone: Postgres; or, where ELASTICSEARCH_URL is set, Elasticsearch with
 * Postgres behind it. The client is only loaded where it is used: it takes 40 MB.
 */
import type { Client } from '@elastic/elasticsearch'
import type { HttpDeps } from '../deps.ts'
import { FailoverSearch } from './elastic-failover.ts'
import { ElasticIndex } from './elastic-index.ts'
import { ElasticSearch } from './elastic-search.ts'
import { PostgresSearch } from './postgres-search.ts'
import type { SearchEngine } from './search.ts'

/** Past it a fan is better served by Postgres, which takes some 10 ms. */
const DEADLINE_MS = 1_000

export interface OpenSearch {
  engine: SearchEngine
  close: () => Promise<void>
}

export async function openSearch(
  deps: Pick<HttpDeps, 'config' | 'pool' | 'clock' | 'chance' | 'log' | 'metrics'>,
): Promise<OpenSearch> {
  const { config, pool, clock, chance, log, metrics } = deps
  const postgres = new PostgresSearch(pool)
  if (config.ELASTICSEARCH_URL === undefined) return { engine: postgres, close: async () => {} }
  const client = await connectElastic(config.ELASTICSEARCH_URL)
  const index = new ElasticIndex({ client, pool, instance: config.INSTANCE, chance, log })
  const search = new FailoverSearch({
    first: new ElasticSearch({ client, index: index.alias, deadlineMs: DEADLINE_MS }),
    second: postgres,
    upkeep: signal => index.bringUpToDate(signal),
    isRefusal,
    clock,
    log,
    metrics,
  })
  search.start()
  return {
    engine: search,
    close: async () => {
      await search.stop()
      await client.close()
    },
  }
}

/** `url` may carry a user and a password. */
export async function connectElastic(url: string): Promise<Client> {
  const elastic = await import('@elastic/elasticsearch')
  return new elastic.Client({ node: url, name: 'onsale' })
}

/** The server read the request and did not like it. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 400
}
