/**
 * `node load-tests/bench/search.ts`: both search engines side by side on the whole demo catalogue, in one run, turn by turn,
 * so that whatever else the machine does falls on both. A Postgres of its own; the Elasticsearch of ELASTICSEARCH_URL, else
 * one that .ci/elasticsearch starts for it.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import getPort from 'get-port'
import { loadCatalogue } from '../../db/catalogue/load.ts'
import { migrate } from '../../db/migrate.ts'
import { Family } from '../../dev/child.ts'
import { findDataFolder, makeTemporaryFolder, projectRoot } from '../../dev/data-folder.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { ElasticIndex } from '../../http/search/elastic-index.ts'
import { connectElastic } from '../../http/search/elastic-open.ts'
import { ElasticSearch } from '../../http/search/elastic-search.ts'
import { SearchParameters, searchOf } from '../../http/search/parameters.ts'
import { PostgresSearch } from '../../http/search/postgres-search.ts'
import type { Search, SearchEngine } from '../../http/search/search.ts'
import { systemChance, systemClock } from '../../shared/clock.ts'
import { makeLog } from '../../shared/log.ts'
import { connectPostgres } from '../../shared/postgres.ts'

const ROUNDS = 100
const WARM_UP = 40
const AT_ONCE = 16

const QUERIES: Record<string, string> = {
  'nothing: what is on sale': '',
  'a name': 'keyword=real madrid',
  'type-ahead, three letters': 'keyword=bar',
  'type-ahead, one letter': 'keyword=a',
  'a typing error': 'keyword=barcelna',
  'an error in each of two words': 'keyword=bayren munchne',
  'found by nobody': 'keyword=qqqqqq xxxxxx',
  'near, a month, a type': 'lat=51.5&lon=-0.12&radius=100&type=football&start=2027-02-01&end=2027-02-28',
  'the whole Earth by distance': 'lat=51.5&lon=-0.12&radius=20000&sort=distance',
  'a word, near, counted': 'keyword=united&lat=53&lon=-2&radius=300&facets=true',
  'nothing, counted': 'facets=true',
}

interface Place {
  engines: [name: string, engine: SearchEngine][]
  close: () => Promise<void>
}

async function set(): Promise<Place> {
  const family = new Family(process.execPath, projectRoot)
  const folder = makeTemporaryFolder('onsale-bench')
  family.removeAtEnd(folder)
  const [port, elasticPort] = [await getPort(), await getPort()]
  const binariesFolder = findDataFolder(process.env['ONSALE_DATA'])
  const postgres = await startPostgres({
    family,
    folder: join(folder, 'postgres'),
    binariesFolder,
    port,
    durable: false,
  })
  const url = await postgres.database('bench')
  await migrate(url)
  const now = new Date(systemClock.now())
  const { events } = await loadCatalogue(url, { now })
  const log = makeLog('bench', 'error')
  const pool = connectPostgres(url, 'bench', log)
  await pool.query('vacuum analyze')

  const given = process.env['ELASTICSEARCH_URL']
  const script = (name: string) =>
    execFileSync(join(projectRoot, '.ci/elasticsearch', name), [String(elasticPort)], { stdio: 'inherit' })
  if (!given) script('start.sh')
  const client = await connectElastic(given ?? `http://127.0.0.1:${elasticPort}`)
  const index = new ElasticIndex({ client, pool, instance: 'bench', chance: systemChance, log })
  await index.remove()
  const began = performance.now()
  await index.bringUpToDate()
  console.log(
    `${events} events; loaded into Elasticsearch in ${((performance.now() - began) / 1_000).toFixed(1)} s`,
  )
  const again = performance.now()
  await index.bringUpToDate()
  console.log(`a look that finds nothing to load takes ${(performance.now() - again).toFixed(0)} ms`)
  return {
    engines: [
      ['Postgres', new PostgresSearch(pool)],
      ['Elasticsearch', new ElasticSearch({ client, index: index.alias, deadlineMs: 30_000 })],
    ],
    close: async () => {
      await index.remove()
      await client.close()
      if (!given) script('stop.sh')
      await pool.end()
      await family.end()
    },
  }
}

async function measure({ engines }: Place): Promise<void> {
  const searches = Object.entries(QUERIES).map(([name, query]): [string, Search] => [
    name,
    searchOf(SearchParameters.parse(Object.fromEntries(new URLSearchParams(query))), systemClock.now()),
  ])
  console.log(`\n${line('ms', ['found', ...engines.flatMap(([name]) => [`${name} p50`, 'p95'])])}`)
  for (const [name, search] of searches) {
    const times: number[][] = engines.map(() => [])
    let total = 0
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const [i, [, engine]] of engines.entries()) {
        const began = performance.now()
        total = (await engine.search(search)).total
        if (round >= 0) times[i]?.push(performance.now() - began)
      }
    }
    console.log(line(name, [total, ...times.flatMap(list => [at(list, 0.5), at(list, 0.95)])]))
  }
  for (const [name, engine] of engines) {
    const times: number[] = []
    const began = performance.now()
    const work = searches.flatMap(([, search]) => Array.from({ length: ROUNDS }, () => search))
    const next = work.values()
    const one = async (): Promise<void> => {
      for (const search of next) {
        const asked = performance.now()
        await engine.search(search)
        times.push(performance.now() - asked)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
    const rate = work.length / ((performance.now() - began) / 1_000)
    console.log(
      `${name}, all of these, ${AT_ONCE} at once: ${rate.toFixed(0)}/s, p50 ${at(times, 0.5)}, p95 ${at(times, 0.95)} ms`,
    )
  }
}

function at(times: number[], share: number): string {
  const sorted = times.toSorted((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)
}

function line(name: string, cells: (string | number)[]): string {
  return name.padEnd(32) + cells.map(cell => String(cell).padStart(19)).join('')
}

const place = await set()
try {
  await measure(place)
} finally {
  await place.close()
}
