/** A whole Onsale as end-to-end tests start it: beside whatever else runs, and gone when they end. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Onsale, startOnsale } from './processes.ts'
import { startTime } from './recorded-process.ts'
import { testDatabase } from './test-parts.ts'

let onsale: Onsale
let members: number[] = []
beforeAll(async () => {
  const { url } = await testDatabase({ catalogue: true })
  onsale = await startOnsale({
    ports: 'free',
    env: { DATABASE_URL: url },
    onMembers: now => {
      members = now.map(({ pid }) => pid)
    },
  })
})
afterAll(() => onsale?.stop())

const Search = z.object({ total: z.number(), events: z.array(z.object({ eventId: z.string() })) })

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status

test('[R88] the tiers are ready, and the pages stand at /', async () => {
  const realtimeUrl = onsale.realtimeUrl.replace('ws:', 'http:')
  for (const url of [onsale.httpUrl, realtimeUrl, onsale.workerUrl]) {
    expect(await statusOf(`${url}/readyz`)).toBe(200)
  }
  const page = await fetch(onsale.httpUrl)
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
})

test('[R88] the catalogue is there, and the admin token opens the admin door', async () => {
  const found = Search.parse(await (await fetch(`${onsale.httpUrl}/events/search?pageSize=1`)).json())
  expect(found.total).toBeGreaterThan(5_000)
  const url = `${onsale.httpUrl}/admin/events/${found.events[0]?.eventId}/queue`
  const put = (token: string): Promise<number> =>
    fetch(url, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ state: 'off', rate: 1, cap: 10 }),
    }).then(response => response.status)
  expect(await put('wrong')).toBe(401)
  expect(await put(onsale.adminToken)).toBe(200)
})

test('[R80] a tier that is killed comes back', async () => {
  const before = await onsale.parts.realtime.pid()
  await onsale.parts.realtime.crash()
  expect(await onsale.parts.realtime.pid()).not.toBe(before)
  expect(await statusOf(`${onsale.realtimeUrl.replace('ws:', 'http:')}/readyz`)).toBe(200)
})

test('[R80] a Redis that is killed comes back, and the tiers are ready again', async () => {
  await onsale.parts.redis?.crash()
  await vi.waitFor(async () => expect(await statusOf(`${onsale.httpUrl}/readyz`)).toBe(200), 30_000)
})

test('[R77] stopping leaves no process and no folder', async () => {
  const [pids, folder] = [members, onsale.folder]
  expect(pids.length).toBeGreaterThanOrEqual(5)
  await onsale.stop()
  expect(pids.filter(pid => startTime(pid) !== null)).toEqual([])
  expect(existsSync(folder)).toBe(false)
})
