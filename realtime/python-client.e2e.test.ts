import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { projectRoot } from '../dev/data-folder.ts'
import { ownRedis } from '../dev/test-parts.ts'
import { testTiers } from './test-tiers-fixture.ts'
import type { NodeProcess, Tiers } from './tiers-fixture.ts'

const FOLDER = join(projectRoot, 'realtime/python-client')
const hasPython = spawnSync('python3', ['--version']).status === 0
const SOON = { timeout: 15_000 }

let redis: Awaited<ReturnType<typeof ownRedis>>
let tiers: Tiers
let node: NodeProcess

beforeAll(async () => {
  if (!hasPython) return
  redis = await ownRedis()
  tiers = await testTiers({ redisUrl: redis.url })
  node = await tiers.startNode('a')
})
afterAll(async () => {
  await tiers?.close()
  await redis?.stop()
})
beforeEach(({ skip }) => skip(!hasPython && process.env['ONSALE_CI'] !== '1', 'no python3'))

interface Told {
  [key: string]: unknown
  map?: [number, number]
  seats?: string
  areas?: number[]
  position?: number
}

/** The program, its lines, and what is said to it. */
function python() {
  const told: Told[] = []
  const child = spawn('python3', [
    '-B',
    join(FOLDER, 'onsale_client.py'),
    tiers.httpUrl,
    node.url,
    tiers.eventId,
  ])
  let rest = ''
  let faults = ''
  child.stdout.on('data', data => {
    const lines = (rest + data).split('\n')
    rest = lines.pop() ?? ''
    told.push(...lines.map(line => JSON.parse(line) as Told))
  })
  child.stderr.on('data', data => {
    faults += data
  })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const say = (line: string) => child.stdin.write(`${line}\n`)
  const hears = (key: string, value?: unknown) =>
    expect
      .poll(
        () => `${faults}${told.some(one => key in one && (value === undefined || one[key] === value))}`,
        SOON,
      )
      .toBe('true')
  /** Its map, once it says that nothing is missing. */
  const map = async () => {
    const before = told.length
    say('show')
    await expect.poll(() => `${faults}${told.slice(before).some(one => 'map' in one)}`, SOON).toBe('true')
    const { map, seats, areas } = told.slice(before).find(one => 'map' in one)!
    return { seats, areas, epoch: map?.[0], seq: map?.[1] }
  }
  const quit = async () => {
    say('quit')
    expect([await ended, faults]).toEqual([0, ''])
  }
  return { told, say, hears, map, quit }
}

type Python = ReturnType<typeof python>

async function isTrue(client: Python) {
  const truth = await tiers.truth()
  await expect.poll(client.map, SOON).toEqual(truth)
}

test('[W105] a client written from SPEC.md alone reads every vector as we do', () => {
  const args = ['-B', join(FOLDER, 'onsale_client.py'), 'vectors', join(projectRoot, 'shared/wire')]
  const told = JSON.parse(execFileSync('python3', args, { encoding: 'utf8' })) as object
  expect(told).toMatchObject({ wrong: [] })
})

test('[W106] its map is Redis’s and Postgres’s bit by bit under a sale, also after lost frames, new sockets and a lost Redis', async () => {
  const client = python()
  await client.hears('watching')
  const sale = tiers.sell(4, 1)
  await expect.poll(async () => Number((await client.map()).seq), SOON).toBeGreaterThan(50)
  client.say('drop 3')
  await client.hears('dropped')
  client.say('reconnect')
  await expect.poll(() => client.told.filter(one => 'watching' in one).length, SOON).toBe(2)
  await tiers.redis.flushall()
  await client.hears('resync')
  await tiers.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await client.hears('paused', false)
  const { bought, givenBack } = await sale.end()
  expect(Math.min(bought, givenBack)).toBeGreaterThan(0)
  await isTrue(client)
  // The last frame of all is lost: nothing follows that would show the gap but the word of the version.
  client.say('drop 1')
  const last = tiers.sell(1, 2)
  await expect.poll(() => client.told.filter(one => 'dropped' in one).length, SOON).toBe(4)
  await last.end()
  await isTrue(client)
  await client.quit()
})

test('[W107] it joins a line, finds its position in ticks as the line has it, is let in, and watches with its pass', async () => {
  const settings = (body: object) =>
    fetch(`${tiers.httpUrl}/admin/events/${tiers.eventId}/queue`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${tiers.environment['ADMIN_TOKEN']}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    })
  expect((await settings({ state: 'open', rate: 0.0001, burst: 1, cap: 100 })).status).toBe(200)
  const ahead = python()
  ahead.say('join')
  await ahead.hears('admitted')
  const line: Python[] = []
  for (let place = 0; place < 5; place++) {
    const client = python()
    client.say('join')
    await client.hears('place', 'waiting')
    await client.hears('position', place)
    await client.hears('found', place)
    line.push(client)
  }
  expect(line[4]?.told.find(one => one['place'] === 'waiting')).toMatchObject({ told: 4 })
  await line[0]?.quit()
  expect((await settings({ rate: 50, burst: 50 })).status).toBe(200)
  for (const client of line.slice(1)) await client.hears('admitted')
  for (const client of line.slice(1)) await client.hears('watching')
  await isTrue(line[4]!)
  for (const client of [ahead, ...line.slice(1)]) await client.quit()
})
