/** The command by which an operator brings an event, as a process of its own. */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeApp, type TestApp } from '../http/app-fixture.ts'
import { makeTemporaryFolder, projectRoot } from './data-folder.ts'

const EXAMPLE = join(projectRoot, 'docs/examples/little-theatre.json')

let it: TestApp
let url: string
let folder: string
let close: () => void
beforeAll(async () => {
  it = await makeApp()
  folder = makeTemporaryFolder('onsale-import')
  url = await new Promise(resolve => {
    const server = serve({ fetch: it.app.fetch, port: 0, hostname: '127.0.0.1' }, info =>
      resolve(`http://127.0.0.1:${(info as AddressInfo).port}`),
    )
    close = () => server.close()
  })
})
afterAll(async () => {
  close()
  rmSync(folder, { recursive: true, force: true })
  await it.close()
})

const run = (
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> =>
  new Promise(resolve => {
    const command = [join(projectRoot, 'dev/events-import.mjs'), ...args]
    const own = { ...process.env, ADMIN_TOKEN: '', ONSALE_DATA: folder, INIT_CWD: folder, ...env }
    execFile(process.execPath, command, { env: own, timeout: 20_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
  })
const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return name
}

test('[E25] --check says offline what is in a right file', async () => {
  const { code, out } = await run([EXAMPLE, '--check'])
  expect(code).toBe(0)
  for (const line of [
    // By the clocks at the venue, as the file has it.
    'The Tempest, Tue 14 May 2030, 19:30 CEST',
    'Balcony: 60 Balcony',
    'Gallery: 40 standing',
    'Adult €32.00 + €1.50, Reduced €20.00',
    '252 seats, 40 standing',
  ])
    expect(out).toContain(line)
})

test('[E26] --check tells every fault of a wrong one and ends with 1; what is no JSON by line and column', async () => {
  const faulty = written('faulty.json', '{"name": "X", "typ": "theatre", "currency": "EURO"}')
  const { code, err } = await run([faulty, '--check'])
  expect(code).toBe(1)
  expect(err).toMatch(/faulty\.json has \d+ faults:\n/)
  for (const line of [
    '  typ: there is no such key here; did you mean "type"?',
    '  currency: "EURO"',
    '  startsAt: is missing',
    '  the file: the house is missing',
  ])
    expect(err).toContain(line)
  expect(err).not.toContain('    at ')
  const broken = await run([written('broken.json', '{\n  "name": "X",\n  type: 1\n}'), '--check'])
  expect(broken).toMatchObject({
    code: 1,
    err: expect.stringMatching(/broken\.json is no JSON: line 3, column 3/),
  })
  expect(await run(['nowhere.json'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/There is no file .*nowhere\.json/),
  })
  expect(await run([])).toMatchObject({ code: 1, err: expect.stringContaining('Usage:') })
})

test('[E27] it brings the event to the Onsale of this clone, says the page, and twice is once', async () => {
  mkdirSync(join(folder, 'own'))
  writeFileSync(join(folder, 'own/instance.json'), JSON.stringify({ url }))
  writeFileSync(join(folder, 'own/secrets.json'), JSON.stringify({ ADMIN_TOKEN: it.adminToken }))
  const own = { ONSALE_DATA: join(folder, 'own') }
  const first = await run([EXAMPLE], own)
  expect(first).toMatchObject({
    code: 0,
    out: expect.stringMatching(/Brought: event tempest2030, onsale\nhttp.*\/e\/tempest2030\n$/),
  })
  expect((await run([EXAMPLE], own)).out).toContain('It is there already, just so')
  expect((await it.call('GET', '/events/tempest2030')).status).toBe(200)
})

test('[E28] another content is told with the way to change it, and --change changes it', async () => {
  const named = ['--target', url, '--token', it.adminToken]
  await run([EXAMPLE, ...named])
  const part = written('part.json', '{"id": "tempest2030", "status": "canceled"}')
  expect(await run([part, '--change', ...named])).toMatchObject({
    code: 0,
    out: expect.stringContaining('Changed: event tempest2030, canceled'),
  })
  const { default: file } = await import(EXAMPLE, { with: { type: 'json' } })
  const other = written('other.json', JSON.stringify({ ...file, name: 'Macbeth' }))
  const refused = await run([other, ...named])
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('npm run events:import other.json -- --change'),
  })
})

test('[E28] how many seats a change leaves out is said', async () => {
  const named = ['--target', url, '--token', it.adminToken]
  const { default: file } = await import(EXAMPLE, { with: { type: 'json' } })
  const own = { ...file, id: 'smaller1' }
  await run([written('own.json', JSON.stringify(own)), ...named])
  const smaller = { ...own, standing: [{ ...file.standing[0], capacity: 30 }] }
  const changed = await run([written('smaller.json', JSON.stringify(smaller)), '--change', ...named])
  expect(changed).toMatchObject({
    code: 0,
    out: expect.stringContaining('Left out of earlier houses: 10 seats and places'),
  })
})

test('[E29] a target that refuses, is no Onsale or has another token is told in words', async () => {
  const refused = await run([EXAMPLE, '--target', `http://127.0.0.1:${await getPort()}`, '--token', 'x'])
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('nothing listens there') })
  const wrong = await run([EXAMPLE, '--target', url, '--token', 'wrong'])
  expect(wrong).toMatchObject({
    code: 1,
    err: expect.stringMatching(/refuses the token \(admin_invalid\)[\s\S]*Cure: --token/),
  })
  const stranger = await run([EXAMPLE, '--target', `${url}/healthz`, '--token', it.adminToken])
  expect(stranger.code).toBe(1)
  const without = await run([EXAMPLE, '--target', url])
  expect(without).toMatchObject({ code: 1, err: expect.stringContaining('No operator') })
  const own = written('faulty2.json', '{"id": "tempest2030", "status": "over"}')
  const change = await run([own, '--change', '--target', url, '--token', it.adminToken])
  expect(change).toMatchObject({ code: 1, err: expect.stringContaining('  status: must be one of "onsale"') })
})
