/** A whole Onsale behind deploy/Caddyfile, by the real Caddy. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { delimiter, join } from 'node:path'
import getPort from 'get-port'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { connectOnsale } from '../client/onsale.ts'
import { Family } from '../dev/child.ts'
import { makeTemporaryFolder, projectRoot } from '../dev/data-folder.ts'
import { type Onsale, startOnsale } from '../dev/processes.ts'
import { testDatabase } from '../dev/test-parts.ts'
import { buyThrough } from './image/purchase.ts'

const caddy = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map(place => join(place, 'caddy'))
  .find(file => existsSync(file))
const CONFIG = ['--config', join(projectRoot, 'deploy/Caddyfile'), '--adapter', 'caddyfile']
const SESSIONS_A_MINUTE = 20

let family: Family
let onsale: Onsale
let origin: string
let env: Record<string, string>

beforeEach(({ skip }) => skip(caddy === undefined && process.env['ONSALE_CI'] !== '1', 'no Caddy'))
beforeAll(async () => {
  if (caddy === undefined) return
  const { url } = await testDatabase({ catalogue: true })
  const port = await getPort()
  origin = `http://localhost:${port}`
  onsale = await startOnsale({
    ports: 'free',
    env: {
      DATABASE_URL: url,
      HTTP_PUBLIC_URL: origin,
      REALTIME_PUBLIC_URL: origin.replace('http', 'ws'),
      TRUSTED_PROXIES: '1',
      SESSIONS_PER_MINUTE: String(SESSIONS_A_MINUTE),
    },
  })
  const folder = makeTemporaryFolder('onsale-proxy')
  family = new Family(process.execPath, projectRoot)
  family.removeAtEnd(folder)
  env = {
    HOME: folder,
    CADDY_ADMIN: `127.0.0.1:${await getPort()}`,
    SITE: `:${port}`,
    HTTP: new URL(onsale.httpUrl).host,
    REALTIME: new URL(onsale.realtimeUrl).host,
    PAYMENTS: new URL(onsale.env['STRIPE_API_BASE'] ?? '').host,
  }
  await family.start({ command: caddy, args: ['run', ...CONFIG], cwd: folder, env })
  await vi.waitFor(async () => expect((await fetch(`${origin}/readyz`)).status).toBe(200), 10_000)
}, 120_000)
afterAll(async () => {
  await family?.end()
  await onsale?.stop()
})

test('[D11] through the proxy fans see the page and the live map by both doors, hold, pay and answer their bank', async () => {
  const { ticketIds } = await buyThrough(origin)
  expect(ticketIds).toHaveLength(2)
})

test('[D11] a reload of the proxy cuts no socket', async () => {
  const fan = connectOnsale({ httpUrl: origin, realtimeUrl: origin.replace('http', 'ws') })
  await fan.createSession()
  const { events } = await fan.events.search({ keyword: 'bayern', pageSize: 1 })
  const watch = fan.watchSeats(events[0]?.eventId ?? '')
  await expect.poll(() => [watch.status, fan.connection], { timeout: 10_000 }).toEqual(['live', 'open'])
  const states: string[] = []
  fan.onConnection(state => states.push(state))
  execFileSync(caddy ?? '', ['reload', '--force', '--address', env['CADDY_ADMIN'] ?? '', ...CONFIG], {
    env,
    stdio: 'pipe',
  })
  const seq = watch.state.seq
  await buyThrough(origin)
  await expect.poll(() => watch.state.seq, { timeout: 10_000 }).toBeGreaterThan(seq)
  expect(states.filter(state => state !== 'open')).toEqual([])
  fan.close()
})

test('[D12] a caller is who the proxy saw, whatever X-Forwarded-For it sends; /metrics is not told to the public', async () => {
  const session = (from: string, claimed: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(origin)
      const headers = { 'x-forwarded-for': claimed }
      request({ host: '127.0.0.1', port, path: '/sessions', method: 'POST', headers, localAddress: from })
        .on('response', answer => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end()
    })
  const statuses: (number | undefined)[] = []
  for (let call = 0; call < 2 * SESSIONS_A_MINUTE; call++) {
    statuses.push(await session('127.0.0.2', `203.0.113.${call}`))
  }
  expect(statuses.filter(status => status === 429).length).toBeGreaterThan(0)
  expect(await session('127.0.0.3', '127.0.0.2')).toBe(201)
  expect((await fetch(`${origin}/metrics`)).status).toBe(404)
  expect((await fetch(`${onsale.httpUrl}/metrics`)).status).toBe(200)
})

test('[D13] the proxy’s file is valid, for this machine alone and for a name with HTTPS', () => {
  for (const SITE of [':8080', 'tickets.example.com']) {
    const said = execFileSync(caddy ?? '', ['validate', ...CONFIG], {
      env: { ...env, SITE },
      encoding: 'utf8',
      stdio: 'pipe',
    })
    expect(said).toContain('Valid configuration')
  }
})
