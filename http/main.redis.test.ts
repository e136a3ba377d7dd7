import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import getPort from 'get-port'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSecrets } from '../dev/new-secrets.ts'
import { type TestDatabase, testDatabase, testRedis } from '../dev/test-parts.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

interface Process {
  child: ChildProcess
  /** Everything it said. */
  said: () => string
  ended: Promise<number | null>
}

function start(environment: Record<string, string | undefined>): Process {
  const { url, keyPrefix } = testRedis()
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    env: {
      ...makeSecrets(),
      DATABASE_URL: database.url,
      REDIS_URL: url,
      KEY_PREFIX: keyPrefix,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part: Buffer) => (said += part.toString()))
  return { child, said: () => said, ended: once(child, 'exit').then(([code]) => code as number | null) }
}

test('[R33] the tier starts from its environment alone, and on SIGTERM finishes what is under way and ends with 0', async () => {
  const port = await getPort()
  const { child, ended, said } = start({ HTTP_PORT: String(port) })
  const ready = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status,
      () => 0,
    )
  await expect.poll(ready, { timeout: 15_000 }).toBe(200)
  const session = await fetch(`http://127.0.0.1:${port}/sessions`, { method: 'POST' })
  const { token } = (await session.json()) as { token: string }
  const underWay = request(`http://127.0.0.1:${port}/bookings/nothere1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': 2 },
  })
  const answered = once(underWay, 'response')
  underWay.write('{')
  await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  child.kill('SIGTERM')
  await expect.poll(ready, { timeout: 5_000 }).toBe(0)
  underWay.end('}')
  const [response] = (await answered) as [IncomingMessage]
  expect(response.statusCode).toBeGreaterThanOrEqual(400)
  expect(response.statusCode).toBeLessThan(500)
  expect(await ended, said()).toBe(0)
})

test('[R34] a bad environment is told in words, by its names, and ends the process with 1', async () => {
  const { ended, said } = start({ ADMIN_TOKEN: 'short', HOLD_SECONDS: 'long' })
  expect(await ended).toBe(1)
  expect(said()).toMatch(/^onsale http cannot start: /)
  expect(said()).toMatch(/ADMIN_TOKEN: must have at least 16/)
  expect(said()).toMatch(/HOLD_SECONDS/)
  expect(said()).not.toMatch(/ {4}at /)
})

test('[R35] a busy port and an empty database are told in one line, with the cure where there is one', async () => {
  const busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  const address = busy.address()
  const port = String(typeof address === 'object' ? address?.port : 0)
  const empty = new URL(database.url)
  empty.pathname = '/postgres'
  const cases = [
    [start({ HTTP_PORT: port }), `onsale http cannot start: port ${port} (HTTP_PORT) is in use.\n`],
    [
      start({ HTTP_PORT: '0', DATABASE_URL: empty.href }),
      'onsale http cannot start: The database (DATABASE_URL) is empty: run `npm run migrate` on it first.\n',
    ],
  ] as const
  for (const [{ ended, said }, line] of cases) {
    expect(await ended).toBe(1)
    expect(said()).toBe(line)
  }
  busy.close()
})
