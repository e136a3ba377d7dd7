import { connect } from 'node:net'
import { io } from 'socket.io-client'
import { afterEach, expect, test } from 'vitest'
import { makeSecrets } from '../dev/new-secrets.ts'
import { readConfig } from '../shared/config.ts'
import type { VisitorId } from '../shared/ids.ts'
import { Admittance } from './admittance.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'
import { handshake, Raw } from './raw-fixture.ts'

/** On a busy machine. */
const SOON = { timeout: 10_000 }

let node: TestNode
let opened: TestNode | undefined
afterEach(async () => {
  await opened?.close()
  opened = undefined
})

async function start(options: Parameters<typeof makeNode>[0] = {}): Promise<void> {
  opened = await makeNode(options)
  node = opened
}

async function fans(count: number, token: () => string): Promise<Fan[]> {
  const all = Array.from({ length: count }, () => new Fan(node.port, token()))
  await Promise.all(all.map(fan => fan.next('welcome')))
  return all
}

/** What Socket.IO's client is told. */
function refusedApp(token: string): Promise<{ message: string; data?: { code: string } }> {
  return new Promise(resolve => {
    const app = io(`http://127.0.0.1:${node.port}`, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth: { token },
    })
    app.on('connect', () => {
      app.disconnect()
      resolve({ message: 'connected' })
    })
    app.on('connect_error', error => {
      app.disconnect()
      resolve(error as Error & { data?: { code: string } })
    })
  })
}

test('[W108] a session has ten sockets on a node, of both doors; one more is 429 until one is closed', async () => {
  await start()
  const { token } = node.visitor()
  const [first] = await fans(9, () => token)
  const app = io(`http://127.0.0.1:${node.port}`, { transports: ['websocket'], auth: { token } })
  await new Promise(resolve => app.on('welcome', resolve))
  const refused = await handshake(node.port, { token })
  expect(refused).toMatchObject({ status: 429, code: 'too_many_requests' })
  expect(refused.head).toMatch(/retry-after: \d+/)
  expect((await refusedApp(token)).data?.code).toBe('too_many_requests')
  expect((await handshake(node.port, { token: node.visitor().token })).status).toBe(101)
  first?.close()
  await expect.poll(async () => (await handshake(node.port, { token })).status, SOON).toBe(101)
  app.disconnect()
})

test('[W109] a network has so many sockets on a node; one more is 429, and other networks are let in', async () => {
  await start({ environment: { SOCKETS_PER_NETWORK: '6', TRUSTED_PROXIES: '1' } })
  const from = (address: string) =>
    handshake(node.port, { token: node.visitor().token, headers: [`X-Forwarded-For: ${address}`] })
  const raw = Array.from({ length: 6 }, (_, i) => {
    const one = new Raw(node.port)
    one.open(node.visitor().token, [`X-Forwarded-For: 2001:db8:1:1::${i}`])
    return one
  })
  for (const one of raw) await one.hears('welcome')
  const refused = await from('2001:db8:1:1::99')
  expect(refused).toMatchObject({ status: 429, code: 'too_many_requests' })
  expect(refused.head).toMatch(/retry-after: \d+/)
  expect((await from('2001:db8:1:2::1')).status).toBe(101)
  raw[0]?.socket.destroy()
  await expect.poll(async () => (await from('2001:db8:1:1::99')).status, SOON).toBe(101)
  for (const one of raw) one.socket.destroy()
})

test('[W110] with the defaults 20,000 people behind one address each get a socket', () => {
  const config = readConfig({ ...makeSecrets(), DATABASE_URL: 'postgres://x', REDIS_URL: 'redis://x' })
  const parts = { clock: { now: () => 0 }, chance: { fraction: () => 0 }, descriptors: undefined }
  const sessions = { check: () => ({ ok: false, reason: 'invalid' }) as const }
  let sockets = 0
  const admittance = new Admittance({
    ...parts,
    config,
    sessions: sessions as unknown as ConstructorParameters<typeof Admittance>[0]['sessions'],
    sockets: () => sockets,
  })
  admittance.closed = false
  const network = admittance.network('203.0.113.9', undefined)
  for (; sockets < 20_000; sockets++) {
    expect(admittance.crowded(network)).toBeUndefined()
    admittance.crowd.comeFrom(network)
    admittance.crowd.enter(`${sockets}` as VisitorId)
  }
  expect(admittance.crowded(network)?.status).toBe(429)
  expect(admittance.crowded(admittance.network('203.0.113.10', undefined))).toBeUndefined()
})

test('[W111] a flood of handshakes is answered 503 with Retry-After before its sessions are looked at, and who is there is served', async () => {
  await start({ environment: { ACCEPTS_PER_SECOND: '20' } })
  const [fan] = await fans(1, () => node.visitor().token)
  // With tokens that would be refused, were they looked at.
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => handshake(node.port, { token: 'none' })),
  )
  const told = answers.map(({ status }) => status)
  const turnedAway = answers.filter(({ status }) => status === 503)
  expect(told.filter(status => status === 401).length).toBeLessThan(60)
  expect(turnedAway.length).toBeGreaterThan(30)
  expect(turnedAway.length + told.filter(status => status === 401).length).toBe(100)
  const seconds = turnedAway.map(({ head }) => Number(/retry-after: (\d+)/.exec(head)?.[1]))
  expect([Math.min(...seconds), Math.max(...seconds)]).toEqual([1, 5])
  expect(turnedAway[0]?.code).toBe('unavailable')
  fan?.say({ type: 'time', at: 1 })
  expect(await fan?.next('time')).toMatchObject({ at: 1 })
  const { token } = node.visitor()
  await expect.poll(async () => (await handshake(node.port, { token })).status, SOON).toBe(101)
  // Socket.IO's door counts with it.
  const apps = await Promise.all(Array.from({ length: 60 }, () => refusedApp(node.visitor().token)))
  expect(apps.filter(({ message }) => message === 'websocket error').length).toBeGreaterThan(10)
})

test('[W112] connections that never become sockets leave the node its descriptors: past them they are closed at once', async () => {
  await start({ descriptors: 280 })
  const [fan] = await fans(1, () => node.visitor().token)
  const silent = Array.from({ length: 60 }, () => connect(node.port, '127.0.0.1'))
  let closed = 0
  for (const socket of silent) socket.on('error', () => undefined).on('close', () => closed++)
  // 280 less the half of 500: thirty in all, one of them the fan.
  await expect.poll(() => closed, SOON).toBe(31)
  fan?.say({ type: 'time', at: 1 })
  expect(await fan?.next('time')).toMatchObject({ at: 1 })
  for (const socket of silent) socket.destroy()
  await expect
    .poll(async () => (await handshake(node.port, { token: node.visitor().token })).status, SOON)
    .toBe(503)
  fan?.close()
})
