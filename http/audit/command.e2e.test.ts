import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTemporaryFolder } from '../../dev/data-folder.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import { type House, makeShop, type Shop, until } from '../bookings/sale-fixture.ts'

let shop: Shop
let house: House
let folder: string
beforeAll(async () => {
  folder = makeTemporaryFolder('onsale-audit')
  shop = await makeShop()
  house = await shop.house()
  const fan = await house.fan()
  const booking = await fan.held(0)
  await fan.pay(booking)
  await until('captured', async () => {
    await shop.work()
    return shop.atStripe(booking)?.status === 'succeeded'
  })
  await shop.work()
})
afterAll(async () => {
  await shop.close()
  await rm(folder, { recursive: true })
})

type Environment = Record<string, string | undefined>

async function run(
  environment: Environment,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['dev/audit.mjs', ...args], {
    env: { PATH: process.env['PATH'], ...environment },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => (out += String(chunk)))
  child.stderr.on('data', chunk => (err += String(chunk)))
  const [code] = await once(child, 'exit')
  return { code, out, err }
}

/** Of the shop, and nothing of its secrets. */
function stores(): Environment {
  const { DATABASE_URL, REDIS_URL, KEY_PREFIX, STRIPE_SECRET_KEY, STRIPE_API_BASE, INSTANCE } =
    shop.deps.config
  const STRIPE_WEBHOOK_SECRET = 'whsec_one'
  return {
    DATABASE_URL,
    REDIS_URL,
    KEY_PREFIX,
    STRIPE_SECRET_KEY,
    STRIPE_API_BASE,
    STRIPE_WEBHOOK_SECRET,
    INSTANCE,
  }
}

test('[A15] npm run audit ends with 0 where all is well, 1 where it names faults, and 2 where it cannot look.', async () => {
  const clean = await run(stores())
  expect([clean.code, clean.err]).toEqual([0, ''])
  expect(clean.out).toMatch(
    /^Looked at 1 bookings, 1 payments, the seats of 1 events.*\nClean: no faults\.\n$/,
  )
  await shop.deps.inventory.mark(house.stock, [0], STATUS.available)
  const faulty = await run(stores())
  expect(faulty.code).toBe(1)
  expect(faulty.out).toMatch(
    /FAULT 1 seats that Redis shows otherwise.*\n {2}house\d+-0: shown available, sold to booking .{36}\n1 fault\.\n$/,
  )
  const json = JSON.parse((await run(stores(), '--json')).out)
  expect(json).toMatchObject({ clean: false, faults: [{ kind: 'seat_wrong', place: `${house.eventId}-0` }] })
  const mended = await run(stores(), '--repair')
  expect([mended.code, mended.out]).toEqual([
    1,
    expect.stringContaining(`repair of seat_wrong ${house.eventId}-0: marked in Redis`),
  ])
  expect((await run(stores())).code).toBe(0)
  for (const [environment, args, why] of [
    [{ ...stores(), REDIS_URL: undefined }, [], 'REDIS_URL'],
    [{ ...stores(), STRIPE_API_BASE: 'http://127.0.0.1:9' }, [], 'Stripe'],
    [stores(), ['--days', 'many'], '--days'],
    [stores(), ['--nothing'], '--nothing'],
  ] as [Environment, string[], string][]) {
    const { code, err } = await run(environment, ...args)
    expect([code, err]).toEqual([2, expect.stringContaining(why)])
    expect(err).not.toContain('    at ')
  }
})

test('[A16] With no store in the environment it looks at the Onsale that npm start runs from this clone.', async () => {
  const nowhere = await run({ ONSALE_DATA: folder })
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('DATABASE_URL')])
  const lines = Object.entries(stores()).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  await writeFile(join(folder, 'environment'), lines.join('\n'))
  const own = await run({ ONSALE_DATA: folder })
  expect([own.code, own.err]).toEqual([0, ''])
})
