import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventStore } from '../shared/event-store.ts'
import { Metrics } from '../shared/metrics.ts'
import { httpApp } from './app.ts'
import { makeApp, type TestApp } from './app-fixture.ts'
import type { HttpDeps } from './deps.ts'
import { eventData } from './events/structured-data.ts'
import { readSite, type Site } from './pages.ts'
import type { Routes } from './routing.ts'

const INDEX = `<!doctype html>
<html lang="en"><head>
<meta name="description" content="plain" />
<title>Onsale</title>
</head><body><noscript><p>JavaScript, please.</p></noscript></body></html>`

let it: TestApp
let app: Routes
let site: Site
beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'onsale-heads-'))
  await writeFile(join(root, 'index.html'), INDEX)
  site = await readSite(root)
  await rm(root, { recursive: true })
  it = await makeApp({ environment: { HTTP_PUBLIC_URL: 'https://tickets.example' } })
  app = appWith({})
})
afterAll(() => it.close())

const appWith = (parts: Partial<HttpDeps>): Routes =>
  httpApp({ ...it.deps, metrics: new Metrics('http'), ...parts }, { site })
const html = async (path: string) => (await app.request(path)).text()
const dataIn = (page: string): Record<string, unknown> =>
  JSON.parse(/<script type="application\/ld\+json">(.*)<\/script>/.exec(page)?.[1] ?? 'null') as Record<
    string,
    unknown
  >

test('[V89] who runs no JavaScript is led from an event’s page to its plain waiting room', async () => {
  expect(await html('/e/evening01')).toMatch(/<noscript>.*<a href="\/wait\/evening01">.*<\/noscript>/)
  expect(await html('/')).not.toContain('/wait/')
  // The page of this installation has the same place for it.
  expect(await readFile(new URL('../web/index.html', import.meta.url), 'utf8')).toContain('</p></noscript>')
})

test('[W169] who runs no JavaScript is told on the page of tickets where else they are, and nothing of seats', async () => {
  const page = await html('/t/anything')
  expect(page).toMatch(
    /<noscript><p[^>]*>[^<]* tickets\. A mail that brought this link has them too\.<\/p><\/noscript>/,
  )
  expect(page).not.toContain('JavaScript, please')
  const real = await readFile(new URL('../web/index.html', import.meta.url), 'utf8')
  expect(real).toMatch(/<noscript><p[^>]*>.*seats and waiting room.*<\/p><\/noscript>/)
})

test('[F63] the page of an event has its title, description, canonical address, preview and schema.org data in its head', async () => {
  const response = await app.request('/e/evening01', { headers: { 'accept-encoding': 'gzip' } })
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-cache'])
  const page = gunzipSync(Buffer.from(await response.arrayBuffer())).toString()
  expect(page).toContain('<title>An evening · Onsale</title>')
  expect(page).toMatch(/<meta name="description" content="[^"]* · Small House, Wien\. From 21\.50 EUR\. /)
  expect(page).toContain('<link rel="canonical" href="https://tickets.example/e/evening01" />')
  expect(page).toContain('<meta property="og:title" content="An evening · Onsale" />')
  expect(page).toContain('<meta property="og:url" content="https://tickets.example/e/evening01" />')
  expect(page.match(/name="description"/g)).toHaveLength(1)
  expect(dataIn(page)).toMatchObject({
    '@context': 'https://schema.org',
    '@type': 'MusicEvent',
    name: 'An evening',
    url: 'https://tickets.example/e/evening01',
    startDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00$/) as string,
    eventStatus: 'https://schema.org/EventScheduled',
    location: {
      '@type': 'Place',
      name: 'Small House',
      address: { '@type': 'PostalAddress', addressLocality: 'Wien', addressCountry: 'AT' },
      geo: { '@type': 'GeoCoordinates' },
    },
    offers: {
      '@type': 'AggregateOffer',
      url: 'https://tickets.example/e/evening01',
      priceCurrency: 'EUR',
      lowPrice: '21.50',
      highPrice: '51.50',
      availability: 'https://schema.org/InStock',
      validFrom: expect.stringMatching(/^\d{4}-/) as string,
    },
  })
  const tag = response.headers.get('etag')!
  const again = await app.request('/e/evening01', {
    headers: { 'accept-encoding': 'gzip', 'if-none-match': tag },
  })
  expect(again.status).toBe(304)
})

test('[F63] the data say what can be had: sold out, not yet, not any more, postponed, canceled', async () => {
  const offer = async (id: string, change: string) => {
    await it.deps.pool.query(
      `insert into events select ($1::text), name, type, venue_id, map_hash, starts_at, status, on_sale_at, currency
       from events where id = 'evening02'`,
      [id],
    )
    await it.deps.pool.query(`insert into event_prices values ($1, 'a', 'adult', 'Adult', 0, 5000, 0)`, [id])
    await it.deps.pool.query(`update events set ${change} where id = $1`, [id])
    const { eventStatus, offers } = dataIn(await html(`/e/${id}`))
    const { availability } = (offers ?? {}) as { availability?: string }
    return [eventStatus, availability].map(value => String(value).replace('https://schema.org/', ''))
  }
  expect(await offer('notyet01', `on_sale_at = '2039-01-01Z'`)).toEqual(['EventScheduled', 'undefined'])
  expect(await offer('over0001', `on_sale_at = '2001-01-01Z'`)).toEqual(['EventScheduled', 'OutOfStock'])
  expect(await offer('later001', `status = 'postponed'`)).toEqual(['EventPostponed', 'OutOfStock'])
  expect(await offer('moved001', `status = 'rescheduled'`)).toEqual(['EventRescheduled', 'OutOfStock'])
  expect(await offer('never001', `status = 'canceled'`)).toEqual(['EventCancelled', 'undefined'])
  expect(dataIn(await html('/e/never001'))['offers']).toBeUndefined()
  const event = (await it.deps.events.find(it.eventId))!
  expect(eventData(event, 'https://tickets.example/e/x', 0, 0)).toMatchObject({
    offers: { availability: 'https://schema.org/SoldOut' },
  })
})

test('[F65] no name can leave its place in the head', async () => {
  const name = `</script><script>alert(1)</script>"'<!-- & $& \u2028`
  await it.deps.pool.query(
    `insert into events select 'nasty001', $1, type, venue_id, map_hash, starts_at, status, on_sale_at, currency
     from events where id = 'evening02'`,
    [name],
  )
  const page = await html('/e/nasty001')
  expect(page.match(/<script/g)).toHaveLength(1)
  expect(page.match(/<\/script/g)).toHaveLength(1)
  expect(page).not.toContain('<!--')
  expect(/<script[^>]*>.*\u2028/.test(page)).toBe(false)
  expect(page).toContain(
    'content="&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&lt;!-- &amp; $&amp;',
  )
  expect(dataIn(page)['name']).toBe(name)
})

test('[F66] an unknown event is our page with 404', async () => {
  for (const id of ['nothere1', 'UPPER', 'a%00b', 'y'.repeat(500)]) {
    const response = await app.request(`/e/${id}`)
    expect([response.status, await response.text()], id).toEqual([404, INDEX])
  }
})

test('[F67] while Postgres is slow or away the page comes soon, without its head', async () => {
  for (const find of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('away'))]) {
    const events = { find } as unknown as EventStore
    const response = await appWith({ events }).request('/e/evening01')
    expect([response.status, await response.text()]).toEqual([200, INDEX])
  }
  const inventory = { ...it.deps.inventory, counts: () => new Promise<never>(() => {}) }
  const slow = appWith({ inventory } as unknown as Partial<HttpDeps>)
  const began = performance.now()
  expect(await (await slow.request('/e/evening01')).text()).toContain('<title>An evening')
  expect(performance.now() - began).toBeLessThan(2_000)
})

test('[F68] the home page says what it is and how it is searched; a search keeps its own address', async () => {
  const page = await html('/')
  expect(page).toContain('<link rel="canonical" href="https://tickets.example/" />')
  expect(dataIn(page)).toMatchObject({
    '@type': 'WebSite',
    potentialAction: {
      '@type': 'SearchAction',
      target: { urlTemplate: 'https://tickets.example/?q={search_term_string}' },
    },
  })
  expect(await html('/?q=bayern')).toBe(INDEX)
})
