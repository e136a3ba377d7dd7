/** A real Elasticsearch for a test: the one of ELASTICSEARCH_URL, with indices of the test's own, removed at its end. */
import type { Client } from '@elastic/elasticsearch'
import type { TestContext } from 'vitest'
import { systemChance } from '../../shared/clock.ts'
import { makeLog } from '../../shared/log.ts'
import type { Pool } from '../../shared/postgres.ts'
import { ElasticIndex } from './elastic-index.ts'
import { connectElastic } from './elastic-open.ts'
import { ElasticSearch } from './elastic-search.ts'

export const ELASTICSEARCH_URL = process.env['ELASTICSEARCH_URL'] || undefined

/** Says in words, at the end of the run, what was not tried. */
export function needsElastic(context: TestContext): void {
  if (ELASTICSEARCH_URL === undefined) context.skip('no ELASTICSEARCH_URL')
}

export interface TestElastic {
  client: Client
  index: ElasticIndex
  engine: ElasticSearch
  close(): Promise<void>
}

export async function testElastic(
  pool: Pool,
  instance = `test-${systemChance.bytes(6).toString('hex')}`,
): Promise<TestElastic> {
  if (ELASTICSEARCH_URL === undefined) throw new Error('ELASTICSEARCH_URL is not set')
  const client = await connectElastic(ELASTICSEARCH_URL)
  const index = new ElasticIndex({
    client,
    pool,
    instance,
    chance: systemChance,
    log: makeLog('test', 'silent'),
  })
  return {
    client,
    index,
    // A machine that runs the tests two at a time may be slow for a while.
    engine: new ElasticSearch({ client, index: index.alias, deadlineMs: 10_000 }),
    close: async () => {
      await index.remove()
      await client.close()
    },
  }
}
