import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serve } from '@hono/node-server'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PublishedDraw } from '../../queue/draw-audit.ts'
import { RedisQueue } from '../../queue/redis-queue.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'

let app: TestApp
let queue: RedisQueue
beforeAll(async () => {
  app = await makeApp()
  queue = new RedisQueue({ ...app.deps, door: 'poll' })
})
afterAll(() => app.close())

const look = (path = '') => app.call<PublishedDraw>('GET', `/events/${app.eventId}/queue/draw${path}`)

test('[Q75] the draw is public, step by step, and its entrants are files that never change', async () => {
  expect(await look()).toMatchObject({ status: 404, body: { code: 'draw_not_found' } })
  expect(await look('?generation=2147483647')).toMatchObject({ status: 404 })
  expect(await look('?generation=1570880431468')).toMatchObject({
    status: 400,
    body: { code: 'invalid_request' },
  })
  await queue.configure(app.eventId, { state: 'pre_queue', method: 'random', rate: 0.001 }, 'test')
  const planned = await look()
  expect(planned).toMatchObject({
    status: 200,
    body: {
      method: 'random',
      secret: null,
      root: null,
      seed: null,
      entrants: null,
      drawnAt: null,
      beacon: null,
    },
  })
  expect(planned.headers.get('cache-control')).toBe('public, max-age=2')
  const entries: string[] = []
  for (let i = 0; i < 5; i++) {
    const { token } = await app.session()
    const joined = await app.call('POST', `/events/${app.eventId}/queue`, { token })
    expect(joined.body).toMatchObject({ position: null, place: { position: null, phase: 'pre' } })
    entries.push((joined.body['place'] as { entry: string }).entry)
  }
  expect(await look('/entrants/0?generation=1')).toMatchObject({ status: 404 })
  await queue.configure(app.eventId, { state: 'open' }, 'test')
  await expect
    .poll(
      async () => {
        await queue.sweep(app.eventId)
        return (await readNow()).drawnAt
      },
      { timeout: 10_000 },
    )
    .not.toBeNull()
  const draw = await readNow()
  expect(draw).toMatchObject({
    commitment: planned.body.commitment,
    entrants: 5,
    chunks: 1,
    chunkSize: 8_192,
  })
  const chunk = await app.call<Uint8Array>('GET', `/events/${app.eventId}/queue/draw/entrants/0?generation=1`)
  expect(chunk.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(chunk.headers.get('content-type')).toBe('application/octet-stream')
  expect(Buffer.from(chunk.body).toString('hex')).toBe(entries.join(''))
  expect(await look('/entrants/1?generation=1')).toMatchObject({
    status: 404,
    body: { code: 'draw_not_found' },
  })
  expect(await look('?generation=0')).toMatchObject({ status: 400 })
}, 20_000)

const readNow = async () => (await look()).body

const run = promisify(execFile)
async function verify(...given: string[]): Promise<{ code: number; out: string }> {
  try {
    const { stdout } = await run(process.execPath, ['queue/draw-verify.ts', ...given])
    return { code: 0, out: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout + stderr }
  }
}

test('[Q76] a stranger checks a draw from the site or from saved files, finds an entry, and hears what is wrong', async () => {
  const port = await getPort()
  const server = serve({ fetch: app.app.fetch, port })
  const folder = await mkdtemp(join(tmpdir(), 'draw-'))
  try {
    const address = `http://localhost:${port}/events/${app.eventId}/queue/draw`
    const online = await verify(address, '--save', folder)
    expect(online).toMatchObject({ code: 0, out: expect.stringMatching(/5 entrants[\s\S]*sound/) })
    const third = /^3\. (\w{28})$/m.exec(online.out)![1]!
    expect(await verify(folder, '--entry', third)).toMatchObject({
      code: 0,
      out: expect.stringMatching('number 3 of 5'),
    })
    expect(await verify(folder, '--entry', 'ab'.repeat(14))).toMatchObject({
      code: 1,
      out: expect.stringMatching('not among'),
    })
    const bytes = await readFile(join(folder, 'entrants-0.bin'))
    bytes[3]! ^= 1
    await writeFile(join(folder, 'entrants-0.bin'), bytes)
    expect(await verify(folder)).toMatchObject({ code: 1, out: expect.stringMatching('wrong: the root') })
    expect(await verify(`${address}s`)).toMatchObject({ code: 1, out: expect.stringMatching('404') })
  } finally {
    server.close()
    await rm(folder, { recursive: true })
  }
}, 20_000)
