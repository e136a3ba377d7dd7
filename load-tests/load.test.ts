/** The parts of `npm run load` and `npm run crowd` that need neither k6 nor an Onsale; the whole is in on-sale.e2e.test.ts. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bestRows, chooseSeats } from '../dev/crowd/choice.ts'
import { projectRoot } from '../dev/data-folder.ts'
import { smallHouse } from '../shared/seats/small-house.ts'
import { encodeDiff, encodeSnapshot } from '../shared/wire/seat-frames.ts'
import { SeatState } from '../shared/wire/seat-state.ts'
import { chanceOf } from './chance.ts'
import { tooManyFor } from './load/bounds.ts'
import { diffHead, Follower, snapshotHead } from './on-sale/follower.ts'
import { House } from './on-sale/house.ts'
import { parseDuration, parseThreshold } from './on-sale/settings.ts'

interface Ran {
  code: number | null
  said: string
}

let folder: string
const servers: Server[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onsale-load-test-'))
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(script: string, args: string[], env: Record<string, string | undefined>): Promise<Ran> {
  const child = spawn(process.execPath, [join(projectRoot, script), ...args], { env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += String(data)))
  return new Promise(resolve => child.once('close', code => resolve({ code, said })))
}

/** A PATH whose k6 only says its version: for what is checked before k6 runs. */
function pathWith(version: string): string {
  const bin = join(folder, version)
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'k6'), `#!/bin/sh\necho "k6 v${version} (go1.26, linux/amd64)"\n`)
  chmodSync(join(bin, 'k6'), 0o755)
  return `${bin}:${process.env['PATH']}`
}

const load = (args: string[], env: Record<string, string> = {}) =>
  run('load-tests/load.mjs', args, { PATH: pathWith('1.8.1'), ...env })
const crowd = (args: string[], env: Record<string, string> = {}) =>
  run('dev/crowd.mjs', args, { PATH: process.env['PATH'], ...env })

function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ),
  )
}

/** An Onsale with one event, so far as the tools ask before their first fan. */
function stub(told: {
  publishableKey?: string
  status?: string
  hot?: boolean
  onAdmin?: () => void
}): Promise<string> {
  const answers: Record<string, unknown> = {
    '/config.json': {
      realtimeUrl: 'ws://127.0.0.1:1',
      stripePublishableKey: told.publishableKey ?? null,
    },
    '/events/7e43ef84835b': {
      eventId: '7e43ef84835b',
      name: 'The match',
      status: told.status ?? 'onsale',
      queue: { state: 'off' },
      links: { map: '/map' },
    },
    '/map': smallHouse(),
    '/events/search': { events: [] },
  }
  return serve((request, response) => {
    const [path = '', query = ''] = request.url?.split('?') ?? []
    if (query === 'status=onsale&pageSize=1')
      answers[path] = { events: [{ eventId: '7e43ef84835b', status: 'onsale', hot: told.hot ?? true }] }
    if (path.startsWith('/admin/')) told.onAdmin?.()
    const status = path.startsWith('/admin/') ? 401 : answers[path] === undefined ? 404 : 200
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answers[path] ?? { code: 'admin_invalid', detail: 'wrong' }))
  })
}

describe('k6', () => {
  test('[L1] that is not on PATH is told with the install line of each system', async () => {
    const { code, said } = await run('load-tests/load.mjs', [], { PATH: folder })
    expect(code).toBe(1)
    expect(said).toContain('k6 is not on PATH')
    for (const line of ['brew install k6', 'apt-get install k6', 'dnf install k6', 'winget install k6'])
      expect(said).toContain(line)
    expect(said).toContain('go install go.k6.io/k6@v')
  })

  test('[L1] that is too old is told with what is needed', async () => {
    const { code, said } = await run('load-tests/load.mjs', [], { PATH: pathWith('0.49.0') })
    expect(code).toBe(1)
    expect(said).toContain('k6 on PATH is 0.49.0; this needs 1.0 or newer')
  })
})

describe('what one machine cannot send', () => {
  test('[L2] is refused before the first fan: open files, with the cure and how many could come', () => {
    expect(tooManyFor(300, 1_024, 'linux')).toBeUndefined()
    const told = tooManyFor(5_000, 1_024, 'linux')
    expect(told).toContain('5000 fans need 10200 open files, and this shell may have 1024')
    expect(told).toContain('prlimit')
    expect(told).toContain('--fans 412')
    expect(tooManyFor(5_000, 1_024, 'darwin')).toContain('launchctl')
  })

  test('[L2] is refused before the first fan: ports', () => {
    expect(tooManyFor(50_000, Number.POSITIVE_INFINITY, 'linux')).toContain('at most --fans 14000')
  })
})

describe('a target', () => {
  test.each([load, crowd])('[L3] that refuses is told with its cure', async tool => {
    const target = await serve(() => undefined)
    await new Promise(closed => servers.pop()?.close(closed))
    const { code, said } = await tool(['--target', target])
    expect(code).toBe(1)
    expect(said).toContain(`${target}/config.json: the connection is refused: nothing listens there`)
    expect(said).toContain('Cure: ')
    expect(said).not.toContain('    at ')
  })

  test('[L3] that is something else, or no address, is told', async () => {
    const other = await serve((_, response) => response.end('<h1>It works!</h1>'))
    expect((await load(['--target', other])).said).toContain('not as an Onsale does')
    expect((await load(['--target', 'tickets'])).said).toContain('tickets is no address of an Onsale')
  })

  test('[L3] without such an event, or with one that is not on sale, is told', async () => {
    expect((await load(['--target', await stub({}), '--event', 'no such thing'])).said).toContain(
      'has no event on sale by "no such thing"',
    )
    const ended = await stub({ status: 'offsale' })
    expect((await load(['--target', ended, '--event', '7e43ef84835b'])).said).toContain(
      'The match (7e43ef84835b) is not on sale but offsale',
    )
    expect((await load(['--target', await stub({ hot: false })])).said).toContain('has no hot event on sale')
  })

  test.each([load, crowd])('[L3] that takes real money is left alone', async tool => {
    const { code, said } = await tool(['--target', await stub({ publishableKey: 'pk_live_1' })])
    expect(code).toBe(1)
    expect(said).toContain('takes real money')
  })

  test.each([load, crowd])(
    '[L3] that has another admin token is told, and nothing is changed',
    async tool => {
      let asked = 0
      const target = await stub({ onAdmin: () => asked++ })
      const { code, said } = await tool(['--target', target], { ADMIN_TOKEN: 'wrong' })
      expect(code).toBe(1)
      expect(said).toContain('refuses the admin token; nothing was changed')
      expect(asked).toBe(1)
    },
  )
})

test.each([
  [load, ['--fans', '0'], '--fans 0: it must be a whole number from 1 to'],
  [load, ['--duration', 'soon'], '--duration soon: it must be a time'],
  [load, ['--threshold', 'hold'], '--threshold hold is not metric=expression'],
  [load, ['--fnas', '3'], 'Usage: npm run load'],
  [crowd, ['--fans', 'many'], '--fans many: it must be a whole number from 1 to'],
  [crowd, ['--evnet', 'hot'], 'Usage: npm run crowd'],
] as const)('[L4] an option that is wrong is told by its name: %#', async (tool, args, words) => {
  const { code, said } = await tool([...args])
  expect(code).toBe(1)
  expect(said).toContain(words)
})

test('[L4] durations and thresholds are read as k6 writes them', () => {
  expect(['90s', '1m30s', '1.5m', '90', 's', ''].map(parseDuration)).toEqual([
    90_000,
    90_000,
    90_000,
    undefined,
    undefined,
    undefined,
  ])
  expect(parseThreshold('hold=p(95)<300')).toEqual({ metric: 'onsale_hold', expression: 'p(95)<300' })
  expect(parseThreshold('http_req_duration=p(95)<9')?.metric).toBe('http_req_duration')
})

test('[L5] the same seed makes the same fans, and each has a chance of their own', () => {
  const first = (seed: number, fan: number) => Array.from({ length: 5 }, chanceOf(seed, fan))
  expect(first(1, 2)).toEqual(first(1, 2))
  expect(first(1, 2)).not.toEqual(first(1, 3))
  expect(first(1, 2)).not.toEqual(first(2, 2))
  const many = Array.from({ length: 4_000 }, (_, fan) => chanceOf(7, fan)())
  expect(many.reduce((sum, one) => sum + one, 0) / many.length).toBeCloseTo(0.5, 1)
})

describe('a fan of the load test', () => {
  const state = new Uint8Array(10)
  const snapshot = (seq: number) => encodeSnapshot({ epoch: 1, seq, seats: 40, state, areas: [10] })
  const diff = (seqFrom: number, seq: number, changes: number[], areas: number[] = []) =>
    encodeDiff({ epoch: 1, seqFrom, seq, now: 5, changes, areas }, { handle: 3 }) as Uint8Array
  const head = (frame: Uint8Array) => {
    const found = diffHead(frame)
    if (found === undefined) throw new Error('no diff')
    return found
  }

  test('[L6] finds a missing frame, also one that is missing while the snapshot is on its way', () => {
    const follower = new Follower()
    follower.watching(3)
    expect([follower.hears(3), follower.hears(4)]).toEqual([true, false])
    expect(follower.frame(head(diff(6, 6, [1, 1])))).toBe('whole')
    expect(follower.snapshot(snapshotHead(snapshot(5)) ?? { epoch: 0, seq: 0 })).toBe('whole')
    expect(follower.frame(head(diff(7, 8, [2, 1])))).toBe('whole')
    expect(follower.frame(head(diff(6, 6, [1, 1])))).toBe('whole')
    expect(follower.frame(head(diff(10, 10, [3, 1])))).toBe('gap')
    expect(follower.snapshot({ epoch: 1, seq: 8 })).toBe('gap')
    expect(follower.snapshot({ epoch: 1, seq: 9 })).toBe('whole')
  })

  test('[L6] chooses only what is free, side by side where it can', () => {
    const house = new House()
    house.snapshot(snapshot(5))
    const taken = [0, 1, 2, 3, 4, 6, 8].flatMap(index => [index, 2])
    house.diff(diff(6, 6, taken, [0, 4]), 1, 6, 6)
    expect(house.pick(2, () => 0)).toEqual([9, 10])
    expect(house.pick(1, () => 0)).toEqual([5])
    expect([house.roomiest(4), house.roomiest(5)]).toEqual([0, undefined])
    const all = Array.from({ length: 40 }, (_, index) => [index, index === 39 ? 0 : 1]).flat()
    house.diff(diff(7, 7, all), 1, 7, 7)
    expect(house.pick(3, () => 0.5)).toEqual([39])
    house.diff(diff(8, 8, [39, 3]), 1, 8, 8)
    expect(house.pick(1, () => 0.9)).toEqual([])
  })
})

test('[L6] a fan of the crowd sits in one row, the closer to the stage the likelier', () => {
  const rows = bestRows(smallHouse())
  expect(rows.map(({ first }) => first)).toEqual([10, 0, 30, 20])
  const seats = new SeatState()
  seats.snapshot({ epoch: 1, seq: 1, seats: 40, state: new Uint8Array(10), areas: [] })
  for (let fan = 0; fan < 200; fan++) {
    const chosen = chooseSeats(rows, seats, 4, chanceOf(1, fan))
    expect(chosen).toHaveLength(4)
    expect(new Set(chosen.map(index => Math.floor(index / 10))).size).toBe(1)
  }
  const changes = Array.from({ length: 40 }, (_, index) => [index, index === 17 ? 0 : 2]).flat()
  seats.diff({ epoch: 1, seqFrom: 2, seq: 2, now: 0, changes, areas: [] })
  expect(chooseSeats(rows, seats, 4, () => 0)).toEqual([17])
})
