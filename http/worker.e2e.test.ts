import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import getPort from 'get-port'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Fan, type House, makeShop, type Shop, until } from './bookings/sale-fixture.ts'

let shop: Shop
let house: House
let fan: Fan
const running = new Set<ChildProcess>()

beforeAll(async () => {
  shop = await makeShop()
  house = await shop.house()
  fan = await house.fan()
})
afterEach(async () => {
  for (const worker of running) await stop(worker, 'SIGKILL')
  await shop.deps.pool.query(
    'select graphile_worker.force_unlock_workers(array_agg(locked_by)) from graphile_worker.jobs',
  )
  shop.simulator.change({ reset: true })
  await shop.work()
  expect(await shop.audit()).toEqual([])
})
afterAll(() => shop.close())

interface Worker {
  process: ChildProcess
  url: string
  output: () => string
}

/** The worker as `npm run worker` starts it. */
async function start(environment: Record<string, string> = {}): Promise<Worker> {
  const { config } = shop.deps
  const port = await getPort()
  const child = spawn(process.execPath, ['http/worker.ts'], {
    env: {
      ...Object.fromEntries(Object.entries(config).filter(([, value]) => typeof value === 'string')),
      PATH: process.env['PATH'],
      STRIPE_WEBHOOK_SECRET: config.STRIPE_WEBHOOK_SECRET.join(','),
      NODE_NAME: `worker-${port}`,
      WORKER_PORT: String(port),
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      ...environment,
    } as NodeJS.ProcessEnv,
  })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)))
  return { process: child, url: `http://127.0.0.1:${port}`, output: () => output }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  running.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  child.kill(signal)
  const [code] = await once(child, 'exit')
  return code as number | null
}

async function get(url: string): Promise<number> {
  return fetch(url).then(
    ({ status }) => status,
    () => 0,
  )
}

async function ready(worker: Worker): Promise<void> {
  await until(`ready: ${worker.output()}`, async () => (await get(`${worker.url}/readyz`)) === 200)
}

test('[P47] The worker starts from its environment, captures what was sold, and goes in order on SIGTERM.', async () => {
  const worker = await start()
  await ready(worker)
  expect([await get(`${worker.url}/healthz`), await get(`${worker.url}/metrics`)]).toEqual([200, 200])
  const booking = await fan.held(0)
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  await until('captured', () => shop.atStripe(booking)?.status === 'succeeded')
  expect(await stop(worker.process, 'SIGTERM')).toBe(0)
})

test('[P48] The jobs of a killed worker are done by another within seconds, not hours.', async () => {
  const worker = await start()
  await ready(worker)
  shop.simulator.change({ timeoutNext: { path: '/v1/payment_intents/*/capture' } })
  const booking = await fan.held(1)
  await fan.pay(booking)
  const locked = async (): Promise<string[]> => {
    const { rows } = await shop.deps.pool.query<{ task: string }>(
      'select task_identifier as task from graphile_worker.jobs where locked_by is not null',
    )
    return rows.map(({ task }) => task)
  }
  // A worker killed before its call came to Stripe would leave the timeout to the one that follows it.
  const reached = (): boolean => shop.simulator.change({}).faults.length === 0
  await until(
    'only the capture is under way, at Stripe',
    async () => reached() && String(await locked()) === 'capture',
  )
  await stop(worker.process, 'SIGKILL')
  expect(await locked()).toEqual(['capture'])
  // Ten seconds without a sign of life, for the test in the past.
  await shop.deps.pool.query(`update worker_leases set seen_at = seen_at - interval '20 seconds'`)
  await shop.deps.pool.query(
    `update graphile_worker._private_jobs set locked_at = locked_at - interval '20 seconds' where locked_at is not null`,
  )
  const other = await start()
  await until('captured', () => shop.atStripe(booking)?.status === 'succeeded').catch(async e => {
    console.log(
      other.output(),
      (
        await shop.deps.pool.query(
          'select task_identifier, attempts, last_error, run_at, now(), locked_by, locked_at from graphile_worker.jobs',
        )
      ).rows,
      (await shop.deps.pool.query('select * from worker_leases')).rows,
    )
    throw e
  })
  await stop(other.process, 'SIGTERM')
})

test('[P49] Holds and times to pay that are over are ended by it, with no request.', async () => {
  const [held, paying] = [await fan.held(2), await fan.held(3)]
  await fan.pay(paying, 'pm_card_chargeDeclined')
  await shop.deps.pool.query(
    `update bookings set expires_at = case when pay_until is null then now() else expires_at end, pay_until = now()
     where id = any($1)`,
    [[held, paying]],
  )
  const worker = await start()
  await until('both expired', async () => {
    const [one, other] = [await fan.get(held), await fan.get(paying)]
    return one.status === 'expired' && other.status === 'expired'
  })
  // The rows are written first, the seats shown right after.
  await expect
    .poll(async () => [await house.shown(2), await house.shown(3)])
    .toEqual(['available', 'available'])
  await stop(worker.process, 'SIGTERM')
})

test('an unusable environment ends it with one message that names the variable', async () => {
  const worker = await start({ ONSALE_SECRET: 'short' })
  const [code] = await once(worker.process, 'exit')
  running.delete(worker.process)
  expect([code, worker.output()]).toEqual([1, expect.stringContaining('ONSALE_SECRET')])
})
