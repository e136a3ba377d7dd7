/** The whole tier with ELASTICSEARCH_URL set: what a caller sees while the server is away, and when it is back. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import getPort from 'get-port'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Metrics } from '../../shared/metrics.ts'
import { httpApp } from '../app.ts'
import { makeApp } from '../app-fixture.ts'
import { ELASTICSEARCH_URL, needsElastic, testElastic } from './elastic-fixture.ts'
import { openSearch } from './elastic-open.ts'

interface Found {
  total: number
  degraded?: true
}

/** The application, and one search of it: whose answer is it? */
async function tier(elasticsearch: string, instance: string) {
  const it = await makeApp({ environment: { ELASTICSEARCH_URL: elasticsearch, INSTANCE: instance } })
  const deps = { ...it.deps, metrics: new Metrics('http') }
  const search = await openSearch(deps)
  const app = httpApp(deps, { search: search.engine })
  onTestFinished(async () => {
    await search.close()
    await it.close()
  })
  const ask = async () => {
    const response = await app.request('/events/search?keyword=evening')
    const { total, degraded } = (await response.json()) as Found
    return { status: response.status, total, degraded, header: response.headers.get('x-onsale-degraded') }
  }
  return { deps, ask }
}

const POSTGRES = { status: 200, total: 2, degraded: true, header: 'search' }
const ELASTIC = { status: 200, total: 2, degraded: undefined, header: null }

test('[F60] where Elasticsearch is down at the start, Postgres answers and body and header say degraded', async () => {
  const { ask, deps } = await tier(`http://127.0.0.1:${await getPort()}`, 'nobody')
  for (let i = 0; i < 5; i++) expect(await ask()).toEqual(POSTGRES)
  expect(await deps.metrics.text()).toMatch(/onsale_search_elasticsearch_up\{[^}]*\} 0/)
})

describe('a real server behind a line that can be cut', () => {
  beforeEach(needsElastic)

  test('[F61] when Elasticsearch dies, hangs and comes back, every search in between is answered', async () => {
    const line = await Line.to(ELASTICSEARCH_URL ?? '')
    const instance = `test-${line.port}`
    const { ask, deps } = await tier(`http://127.0.0.1:${line.port}`, instance)
    onTestFinished(async () => {
      await line.close()
      await (await testElastic(deps.pool, instance)).close()
    })
    const PATIENCE = { timeout: 15_000, interval: 100 }
    await expect.poll(ask, PATIENCE).toEqual(ELASTIC)
    for (const break_ of ['cut', 'hang'] as const) {
      line[break_]()
      for (let i = 0; i < 4; i++) expect(await ask(), break_).toEqual(POSTGRES)
      const began = performance.now()
      for (let i = 0; i < 10; i++) expect(await ask(), break_).toEqual(POSTGRES)
      // Nobody waits for the deadline of a second any more.
      expect(performance.now() - began).toBeLessThan(5_000)
      line.mend()
      await expect.poll(ask, PATIENCE).toEqual(ELASTIC)
    }
  })
})

/** A relay to the server. */
class Line {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #state: 'well' | 'cut' | 'hanging' = 'well'

  constructor(target: URL) {
    this.#server = createServer(near => {
      if (this.#state === 'cut') return near.destroy()
      const far = connect(Number(target.port), target.hostname)
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', data => this.#state === 'well' && to.write(data))
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
      }
    })
  }

  static async to(url: string): Promise<Line> {
    const line = new Line(new URL(url))
    await new Promise<void>(resolve => line.#server.listen(0, '127.0.0.1', resolve))
    return line
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  cut(): void {
    this.#state = 'cut'
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Takes what is said and passes nothing on. */
  hang(): void {
    this.#state = 'hanging'
  }

  mend(): void {
    this.#state = 'well'
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): Promise<void> {
    this.cut()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
