/** Suggestions on each engine, asked over HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Suggestion } from '../../client/events.ts'
import { Metrics } from '../../shared/metrics.ts'
import { httpApp } from '../app.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'
import type { HttpDeps } from '../deps.ts'
import type { Routes } from '../routing.ts'
import { insertSamples } from './catalogue-fixture.ts'
import { ELASTICSEARCH_URL, needsElastic, type TestElastic, testElastic } from './elastic-fixture.ts'
import { PostgresSearch } from './postgres-search.ts'
import type { SearchEngine } from './search.ts'

let it: TestApp
let elastic: TestElastic | undefined
beforeAll(async () => {
  it = await makeApp()
  await insertSamples(it.deps.pool)
  if (ELASTICSEARCH_URL === undefined) return
  elastic = await testElastic(it.deps.pool)
  await elastic.index.bringUpToDate()
})
afterAll(async () => {
  await elastic?.close()
  await it.close()
})

const appWith = (search: SearchEngine, parts: Partial<HttpDeps> = {}): Routes =>
  httpApp({ ...it.deps, metrics: new Metrics('http'), ...parts }, { search })
const ask = async (app: Routes, q: string): Promise<Suggestion[]> => {
  const response = await app.request(`/events/suggest?q=${encodeURIComponent(q)}`)
  expect(response.status).toBe(200)
  return ((await response.json()) as { suggestions: Suggestion[] }).suggestions
}
const brief = (all: Suggestion[]) => all.map(({ kind, name }) => `${kind}: ${name}`)

describe.each(['Postgres', 'Elasticsearch'])('with search in %s', engine => {
  beforeEach(context => {
    if (engine === 'Elasticsearch') needsElastic(context)
  })
  let app: Routes
  beforeAll(() => {
    app = appWith(engine === 'Elasticsearch' && elastic ? elastic.engine : new PostgresSearch(it.deps.pool))
  })

  test('[F69] performers, cities, venues and events are suggested by the beginnings of their words, without case and accents', async () => {
    expect(brief(await ask(app, 'MUN'))).toEqual([
      'performer: FC Bayern München',
      'city: Munich',
      'event: FC Bayern München vs Arsenal FC',
    ])
    // Its own name in another language.
    expect(brief(await ask(app, 'münch')).slice(0, 2)).toEqual([
      'performer: FC Bayern München',
      'city: Munich',
    ])
    expect(brief(await ask(app, 'bern'))).toContain('venue: Casa Bernabéu')
    expect(brief(await ask(app, 'dvorak'))).toEqual(['performer: Antonín Dvořák', 'event: Symphony No. 9'])
    expect((await ask(app, 'london')).at(0)).toEqual({
      kind: 'city',
      name: 'London',
      country: 'GB',
      events: 2,
    })
  })

  test('[F70] what begins with the text comes first, then what has most events to come; of each kind a few', async () => {
    const names = (await ask(app, 'real')).flatMap(({ kind, name }) => (kind === 'performer' ? [name] : []))
    expect(names).toEqual(['Real Madrid CF', 'Real Sociedad'])
    const madrid = (await ask(app, 'm')).flatMap(({ kind, name }) => (kind === 'performer' ? [name] : []))
    expect(madrid).toEqual(['Real Madrid CF', 'Atlético Madrid', 'FC Bayern München'])
    expect((await ask(app, 'a')).length).toBeLessThanOrEqual(10)
  })

  test('[F71] one typing error is forgiven where nothing is found; what is over is not suggested, nor anything for nothing', async () => {
    expect(brief(await ask(app, 'bayren')).at(0)).toBe('performer: FC Bayern München')
    expect(brief(await ask(app, 'arsnal lon'))).toEqual(['event: Arsenal FC vs Real Madrid CF'])
    expect(await ask(app, 'long ago')).toEqual([])
    for (const nothing of ['', '  ', '?!', 'qqqqqq']) expect(await ask(app, nothing), nothing).toEqual([])
  })
})

test('[F72] names are suggested while the engine is away; where nothing can be told it is a 503; the text has bounds', async () => {
  const away: SearchEngine = { search: () => Promise.reject(new Error('away')) }
  expect(brief(await ask(appWith(away), 'bayern'))).toEqual(['performer: FC Bayern München'])
  const pool = { query: () => Promise.reject(new Error('away')) } as unknown as HttpDeps['pool']
  const gone = await appWith(away, { pool }).request('/events/suggest?q=bayern')
  expect([gone.status, ((await gone.json()) as { code: string }).code]).toEqual([503, 'search_unavailable'])
  expect(gone.headers.get('retry-after')).toBe('2')
  const long = await appWith(away).request(`/events/suggest?q=${'x'.repeat(201)}`)
  expect(long.status).toBe(400)
})
