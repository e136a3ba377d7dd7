import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSecrets } from '../dev/new-secrets.ts'
import { readConfig } from '../shared/config.ts'
import { contentPolicy, pageNotFound, pageRoutes, readSite } from './pages.ts'
import { newRoutes, type Routes } from './routing.ts'

const INDEX = `<!doctype html><title>Onsale</title>${'<!-- -->'.repeat(500)}`
const config = (environment: Record<string, string> = {}) =>
  readConfig({ ...makeSecrets(), DATABASE_URL: 'postgres://x/y', REDIS_URL: 'redis://x', ...environment })

let root: string
let pages: Routes
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'onsale-pages-'))
  await mkdir(join(root, 'assets'))
  await writeFile(join(root, 'index.html'), INDEX)
  await writeFile(join(root, 'assets', 'main-4f3a.js'), 'console.log(1)')
  await writeFile(join(root, 'assets', 'main-4f3a.js.map'), '{}')
  await writeFile(join(root, 'favicon.svg'), '<svg/>')
  pages = pageRoutes(await readSite(root), config())
})
afterAll(() => rm(root, { recursive: true }))

test('[R29] the pages are served at their paths and nowhere else', async () => {
  for (const path of ['/', '/e/evening01', '/checkout/0f8f', '/my-bookings', '/operator']) {
    const response = await pages.request(path)
    expect([response.status, response.headers.get('cache-control')], path).toEqual([200, 'no-cache'])
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await response.text()).toBe(INDEX)
  }
  for (const path of ['/nowhere', '/e', '/e/a/b', '/assets', '/assets/main-4f3a.js.map', '/..%2findex.html'])
    expect((await pages.request(path)).status, path).toBe(404)
})

test('[R65] a wrong address is our page to a browser and a problem to a program, both 404', async () => {
  const app = newRoutes()
  const page = pageNotFound(await readSite(root), config())
  app.notFound(c => page(c) ?? c.json({ code: 'not_found' }, 404))
  const seen = await app.request('/nowhere', {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  })
  expect([seen.status, await seen.text()]).toEqual([404, INDEX])
  for (const init of [
    {},
    { headers: { accept: '*/*' } },
    { method: 'POST', headers: { accept: 'text/html' } },
  ])
    expect(await (await app.request('/nowhere', init)).json()).toEqual({ code: 'not_found' })
})

test('[R30] files named by their content may be kept for ever; everything comes compressed, and 304 where known', async () => {
  const asset = await pages.request('/assets/main-4f3a.js')
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect((await pages.request('/favicon.svg')).headers.get('cache-control')).toBe('public, max-age=3600')
  const zipped = await pages.request('/', { headers: { 'accept-encoding': 'gzip' } })
  expect(zipped.headers.get('content-encoding')).toBe('gzip')
  expect(gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString()).toBe(INDEX)
  const known = await pages.request('/', {
    headers: { 'accept-encoding': 'gzip', 'if-none-match': zipped.headers.get('etag')! },
  })
  expect([known.status, await known.text()]).toEqual([304, ''])
})

test('[R31] pages may load from ourselves alone, connect to our sockets, and use Stripe only where it is set up', async () => {
  const rules = (environment: Record<string, string>) => {
    const entries = contentPolicy(config(environment)).split('; ')
    return Object.fromEntries(entries.map(rule => [rule.split(' ')[0], rule.split(' ').slice(1)]))
  }
  const plain = rules({ REALTIME_PUBLIC_URL: 'wss://live.example:8443' })
  expect(plain).toMatchObject({
    'default-src': ["'self'"],
    'script-src': ["'self'"],
    'connect-src': ["'self'", 'wss://live.example:8443', 'https://live.example:8443'],
    'frame-src': ["'none'"],
    'frame-ancestors': ["'none'"],
  })
  const stripe = rules({ STRIPE_PUBLISHABLE_KEY: 'pk_test_1', STRIPE_API_BASE: 'http://127.0.0.1:3003/v1' })
  expect(stripe['script-src']).toContain('https://js.stripe.com')
  expect(stripe['connect-src']).toContain('https://api.stripe.com')
  expect(stripe['frame-src']).toEqual(
    expect.arrayContaining(['https://hooks.stripe.com', 'http://127.0.0.1:3003']),
  )
  expect((await pages.request('/')).headers.get('content-security-policy')).toBe(contentPolicy(config()))
})

test('[R32] a folder without built pages is refused in words', async () => {
  await expect(readSite(join(root, 'assets'))).rejects.toThrow(/no index\.html: build the pages/)
})
