import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { connect, holdMoney, SECRET_KEY } from './test-shop.ts'

function start(environment: Record<string, string>) {
  const file = new URL('main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: 'pipe',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

test('the process says where it listens, serves, and ends in order on SIGTERM', async () => {
  const child = start({ SIMULATOR_PORT: '0', SIMULATOR_SECRET_KEY: SECRET_KEY })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const url = /^payment simulator ready on (http:\S+)$/.exec(line)?.[1] ?? ''
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  expect(await holdMoney(connect({ port: Number(new URL(url).port) }))).toMatchObject({
    object: 'payment_intent',
  })
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

test.for([
  [{ SIMULATOR_PORT: 'many' }, 'SIMULATOR_PORT'],
  [{ SIMULATOR_PORT: '0', SIMULATOR_WEBHOOK_URL: 'http://127.0.0.1:1/' }, 'SIMULATOR_WEBHOOK_SECRET'],
  [{ SIMULATOR_PORT: '0', SIMULATOR_DATA: '/nowhere/at/all.sqlite' }, 'unable to open database file'],
] as const)('%o ends the start with its fault named', async ([environment, named]) => {
  const child = start(environment)
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  expect(await once(child, 'close')).toEqual([1, null])
  expect(errors).toContain(named)
})
