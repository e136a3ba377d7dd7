import { createServer } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../shared/clock.ts'
import { makeLog } from '../../shared/log.ts'
import { Metrics } from '../../shared/metrics.ts'
import { FailoverSearch } from './elastic-failover.ts'
import { connectElastic } from './elastic-open.ts'
import { ElasticSearch } from './elastic-search.ts'
import type { Search, SearchEngine } from './search.ts'

const SEARCH: Search = {
  types: [],
  statuses: [],
  sort: { by: 'date', descending: false },
  page: 1,
  pageSize: 10,
}
const NOTHING = { events: [], total: 0 }

const PATIENCE = { timeout: 10_000 }

class Refused extends Error {}

/** Two engines told apart by their totals, 1 and 2; the first does as it is told. */
function scene({ upkeep = async () => {} }: { upkeep?: () => Promise<void> } = {}) {
  const metrics = new Metrics('http')
  const fate: { error: Error | undefined; asked: number } = { error: undefined, asked: 0 }
  const first: SearchEngine = {
    search: async search => {
      // The probe of the loop has a keyword.
      if (search.keyword === undefined) fate.asked++
      if (fate.error !== undefined) throw fate.error
      return { ...NOTHING, total: 1 }
    },
  }
  const second = { search: async () => ({ ...NOTHING, total: 2 }) }
  const engine = new FailoverSearch({
    first,
    second,
    upkeep,
    isRefusal: error => error instanceof Refused,
    clock: systemClock,
    log: makeLog('test', 'silent'),
    metrics,
    retryMs: 20,
    upkeepMs: 60_000,
  })
  open.push(engine)
  const up = async () => /search_elasticsearch_up\{.*\} (\d)/.exec(await metrics.text())?.[1]
  const answers = async () => (await engine.search(SEARCH)).total
  return { engine, fate, up, answers }
}

const open: FailoverSearch[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(engine => engine.stop()))
})

const FIRST = { ...NOTHING, total: 1 }
const INSTEAD = { ...NOTHING, total: 2, degraded: true }

test('[F55] until Elasticsearch has answered once, Postgres does, and says so', async () => {
  const { engine, fate, answers, up } = scene()
  fate.error = new Error('still loading')
  expect(await engine.search(SEARCH)).toEqual(INSTEAD)
  engine.start()
  expect(await engine.search(SEARCH)).toEqual(INSTEAD)
  expect([fate.asked, await up()]).toEqual([0, '0'])
  fate.error = undefined
  await expect.poll(answers, PATIENCE).toBe(1)
  expect(await engine.search(SEARCH)).toEqual(FIRST)
  expect(await up()).toBe('1')
})

test('[F56] each failed search is answered by Postgres; after three in a row Elasticsearch is left alone', async () => {
  const { engine, fate, answers, up } = scene()
  engine.start()
  await expect.poll(answers, PATIENCE).toBe(1)
  fate.asked = 0
  fate.error = new Error('timed out')
  for (let i = 0; i < 3; i++) expect(await engine.search(SEARCH)).toEqual(INSTEAD)
  expect([fate.asked, await up()]).toEqual([3, '0'])
  for (let i = 0; i < 50; i++) expect(await engine.search(SEARCH)).toEqual(INSTEAD)
  expect(fate.asked).toBe(3)
  // By itself, though the loop slept when it went.
  fate.error = undefined
  await expect.poll(answers, PATIENCE).toBe(1)
  expect(await up()).toBe('1')
})

test('[F57] failures that are not in a row, and searches that are refused, count for nothing', async () => {
  const { engine, fate, answers } = scene()
  engine.start()
  await expect.poll(answers, PATIENCE).toBe(1)
  for (let i = 0; i < 10; i++) {
    fate.error = i % 3 === 2 ? undefined : new Error('a hiccup')
    expect(await engine.search(SEARCH)).toEqual(i % 3 === 2 ? FIRST : INSTEAD)
  }
  fate.error = undefined
  await engine.search(SEARCH)
  fate.error = new Refused()
  for (let i = 0; i < 10; i++) expect(await engine.search(SEARCH)).toEqual(INSTEAD)
  fate.error = undefined
  expect(await engine.search(SEARCH)).toEqual(FIRST)
})

test('[F58] Elasticsearch answers on while Postgres is away', async () => {
  const { engine, answers } = scene({ upkeep: () => Promise.reject(new Error('no Postgres')) })
  engine.start()
  await expect.poll(answers, PATIENCE).toBe(1)
  expect(await engine.search(SEARCH)).toEqual(FIRST)
})

test('[F59] a server that takes the question and never answers is given up at the deadline', async () => {
  const sockets = new Set<{ destroy(): void }>()
  const mute = createServer(socket => sockets.add(socket))
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  const address = mute.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const client = await connectElastic(`http://127.0.0.1:${port}`)
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await client.close()
    mute.close()
  })
  const engine = new ElasticSearch({ client, index: 'events', deadlineMs: 200 })
  const began = systemClock.now()
  await expect(engine.search(SEARCH)).rejects.toThrow()
  // The client's own patience is 30 s.
  expect(systemClock.now() - began).toBeLessThan(5_000)
})
