/** What every process says, and does, when it cannot start. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import getPort from 'get-port'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '../dev/data-folder.ts'
import { makeSecrets } from '../dev/new-secrets.ts'
import { type TestDatabase, testDatabase, testRedis } from '../dev/test-parts.ts'

const PROCESSES = [
  ['http', 'http/main.ts', 'HTTP_PORT'],
  ['realtime', 'realtime/main.ts', 'REALTIME_PORT'],
  ['worker', 'http/worker.ts', 'WORKER_PORT'],
] as const
const STRIPE = {
  STRIPE_SECRET_KEY: 'sk_test_x',
  STRIPE_WEBHOOK_SECRET: 'whsec_x',
  STRIPE_API_BASE: 'http://127.0.0.1:1',
}

let database: TestDatabase
const running = new Set<ChildProcess>()
beforeAll(async () => {
  database = await testDatabase()
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})
afterAll(() => database.drop())

function start(script: string, environment: Record<string, string>) {
  const { url, keyPrefix } = testRedis()
  const child = spawn(process.execPath, [script], {
    cwd: projectRoot,
    env: {
      ...makeSecrets(),
      ...STRIPE,
      DATABASE_URL: database.url,
      REDIS_URL: url,
      KEY_PREFIX: keyPrefix,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let [logged, complained] = ['', '']
  child.stdout.on('data', part => (logged += String(part)))
  child.stderr.on('data', part => (complained += String(part)))
  return {
    child,
    logged: () => logged,
    /** Its code and the whole of what it complained of. */
    ended: once(child, 'close').then(([code]): [number | null, string] => [
      code as number | null,
      complained,
    ]),
  }
}

const allOf = <T>(run: (one: (typeof PROCESSES)[number]) => Promise<T>) => Promise.all(PROCESSES.map(run))

test('[R112] a busy port ends each process with one line that names the port and its variable', async () => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  const address = busy.address()
  const port = String(typeof address === 'object' ? address?.port : 0)
  await allOf(async ([name, script, variable]) =>
    expect(await start(script, { [variable]: port }).ended).toEqual([
      1,
      `onsale ${name} cannot start: port ${port} (${variable}) is in use.\n`,
    ]),
  )
  busy.close()
})

test('[R113] one fault of the environment is one line in each process, several are a line each; no stack', async () => {
  await allOf(async ([name, script, variable]) => {
    expect(await start(script, { PASS_PRIVATE_KEY: 'x'.repeat(64), [variable]: '0' }).ended).toEqual([
      1,
      `onsale ${name} cannot start: PASS_PRIVATE_KEY: must be an Ed25519 key as base64 of PKCS #8 DER.\n`,
    ])
    expect(await start(script, { [variable]: 'abc', ADMIN_TOKEN: '' }).ended).toEqual([
      1,
      `onsale ${name} cannot start: the environment is not usable:\n  ADMIN_TOKEN: is not set\n  ${variable}: must be a port number, 1 to 65535; got abc\n`,
    ])
  })
  expect(await start('http/main.ts', { WEB_ROOT: '/nowhere/dist' }).ended).toEqual([
    1,
    'onsale http cannot start: WEB_ROOT: there is no folder /nowhere/dist: build the pages with `npm run build`.\n',
  ])
})

test('[R114] each process waits half a minute for Postgres and Redis, then says in one line which it lacks and why, and ends; the worker is not ready meanwhile', async () => {
  const refusing = new URL(database.url)
  refusing.username = 'nobody'
  const WORDS =
    /^onsale (http|realtime|worker) cannot start: Postgres \(DATABASE_URL\) cannot be reached in 30 s: .*"nobody".*\.\n$/
  const gone = start('http/main.ts', { HTTP_PORT: '0', REDIS_URL: 'redis://127.0.0.1:1' })
  const port = await getPort()
  const began = performance.now()
  const ends = allOf(async ([, script, variable]) => {
    const own = variable === 'WORKER_PORT' ? String(port) : '0'
    return start(script, { DATABASE_URL: refusing.href, [variable]: own }).ended
  })
  const asked = async () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      answer => answer,
      () => undefined,
    )
  await expect.poll(async () => (await asked())?.status, { timeout: 15_000 }).toBe(503)
  expect(await (await asked())?.json()).toMatchObject({
    status: 503,
    code: 'unavailable',
    away: ['Postgres', 'the job queue'],
  })
  for (const [code, complaint] of await ends) {
    expect(complaint).toMatch(WORDS)
    expect(code).toBe(1)
  }
  expect(performance.now() - began).toBeGreaterThan(29_000)
  expect(await gone.ended).toEqual([
    1,
    'onsale http cannot start: Redis (REDIS_URL) cannot be reached in 30 s: connect ECONNREFUSED 127.0.0.1:1.\n',
  ])
}, 60_000)

test('[R115] every process is ready in the same form', async () => {
  await allOf(async ([, script, variable]) => {
    const port = await getPort()
    const { child, ended } = start(script, { [variable]: String(port) })
    const ask = async () => fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    await expect.poll(async () => (await ask())?.status, { timeout: 20_000 }).toBe(200)
    const answer = await ask()
    expect(await answer?.json()).toEqual({ status: 'ready' })
    expect(answer?.headers.get('cache-control')).toBe('no-store')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, ''])
  })
})

test('[R116] without Stripe’s keys and without the simulator the http tier and the worker warn once that nothing can be paid', async () => {
  const none = { STRIPE_SECRET_KEY: '', STRIPE_WEBHOOK_SECRET: '', STRIPE_API_BASE: '' }
  for (const [script, variable] of [
    ['http/main.ts', 'HTTP_PORT'],
    ['http/worker.ts', 'WORKER_PORT'],
  ] as const) {
    const { child, logged, ended } = start(script, { ...none, [variable]: '0', LOG_LEVEL: 'info' })
    await expect.poll(logged, { timeout: 20_000 }).toMatch(/"msg":"(serving|working)"/)
    const warnings = logged()
      .split('\n')
      .filter(line => line.includes('"level":40'))
    expect(warnings.map(line => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      expect.stringMatching(/^nothing can be paid: .*STRIPE_SECRET_KEY/),
    ])
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, ''])
  }
})
