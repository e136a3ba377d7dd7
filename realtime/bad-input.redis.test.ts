import fc from 'fast-check'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'
import { parseText } from './parse-message.ts'
import { frame, handshake, PING, Raw, TEXT } from './raw-fixture.ts'

const CONTINUED = 0
const BINARY = 2

let node: TestNode

beforeAll(async () => {
  node = await makeNode({ environment: { ALLOWED_ORIGINS: 'https://fans.example' } })
})
afterAll(() => node.close())

async function open(): Promise<Raw> {
  const raw = new Raw(node.port)
  raw.open(node.visitor().token)
  await raw.hears('welcome')
  return raw
}

/** Whatever was done to the node, somebody else is served. */
async function othersAreServed(): Promise<void> {
  const fan = new Fan(node.port, node.visitor().token)
  await fan.next('welcome')
  fan.say({ type: 'watch', eventId: node.eventId })
  await fan.next('watching')
  fan.say({ type: 'time', at: 7 })
  expect(await fan.next('time')).toMatchObject({ at: 7 })
  fan.close()
}

async function metric(name: string): Promise<number> {
  const text = await node.deps.metrics.text()
  const line = text.split('\n').find(one => one.startsWith(`onsale_${name}`) && !one.startsWith('#'))
  return Number(line?.split(' ').at(-1) ?? 0)
}

test('[W113] whatever is said as text is served, or told what is wrong with it and ended with 4400', async () => {
  const said = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.json().map(json => json.slice(0, -1)),
  )
  fc.assert(
    fc.property(said, text => {
      const parsed = parseText(text)
      expect(parsed.ok || parsed.detail.length < 500).toBe(true)
    }),
    { numRuns: 2_000 },
  )
  for (const text of [
    ...fc.sample(said, 30),
    '{"type":"__proto__"}',
    '{"type":"time","at":1e999}',
    '[]',
    '""',
  ]) {
    const raw = await open()
    raw.say(text.toWellFormed())
    await raw.closed
    expect([raw.code, raw.text.includes('"code":"invalid_request"')], text).toEqual([4400, true])
  }
  await othersAreServed()
})

test('[W114] text that is no UTF-8 ends the socket', async () => {
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x7b, 0xf4, 0x90, 0x80, 0x80]]) {
    const raw = await open()
    raw.write(frame(TEXT, Uint8Array.from(bytes)))
    await raw.closed
    expect([1006, 1007, 4400]).toContain(raw.code)
  }
})

test('[W115] a message may come in fragments; past 4 KB in all, or as a frame that says it will be, it ends the socket', async () => {
  const raw = await open()
  const bytes = Buffer.from(JSON.stringify({ type: 'time', at: 4.5 }))
  raw.write(frame(TEXT, bytes.subarray(0, 3), { final: false }))
  raw.write(frame(PING, Buffer.from('between')))
  for (const byte of bytes.subarray(3, -1)) raw.write(frame(CONTINUED, Uint8Array.of(byte), { final: false }))
  raw.write(frame(CONTINUED, bytes.subarray(-1)))
  await raw.hears('"at":4.5')
  raw.write(frame(TEXT, Buffer.alloc(1_000, 32), { final: false }))
  for (let i = 0; i < 4; i++) raw.write(frame(CONTINUED, Buffer.alloc(1_000, 32), { final: false }))
  await raw.closed
  for (const claims of [5_000, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    const liar = await open()
    liar.write(frame(TEXT, Buffer.alloc(0), { claims }))
    await liar.closed
    expect([1006, 1009], `${claims}`).toContain(liar.code)
    expect(liar.lasted).toBeLessThan(5_000)
  }
  await othersAreServed()
})

test('[W116] what is no frame ends the socket: unmasked, of reserved kinds or bits, continued from nothing, long pings', async () => {
  const masked = frame(TEXT, Buffer.from('{}'))
  const wrong = {
    'reserved kind 3': frame(3, Buffer.from('{}')),
    'reserved kind 11': frame(11, Buffer.alloc(0)),
    'reserved bits': Buffer.concat([Buffer.of((masked[0] ?? 0) | 0x70), masked.subarray(1)]),
    'continued from nothing': frame(CONTINUED, Buffer.from('{}')),
    'a ping in parts': frame(PING, Buffer.alloc(3), { final: false }),
    'a ping of 200 bytes': frame(PING, Buffer.alloc(200)),
    unmasked: Buffer.from([0x81, 2, 0x7b, 0x7d, 0, 0, 0, 0]),
    noise: Buffer.alloc(300, 0xa5),
    binary: frame(BINARY, Buffer.alloc(20)),
  }
  for (const [what, bytes] of Object.entries(wrong)) {
    const raw = await open()
    raw.write(bytes)
    await Promise.race([raw.closed, new Promise(resolve => setTimeout(resolve, 5_000))])
    expect(raw.isClosed, what).toBe(true)
  }
  await othersAreServed()
})

test('[W117] pings and pongs count as messages: a flood of them is ended with 4429', async () => {
  for (const kind of [PING, 10]) {
    const raw = await open()
    for (let i = 0; i < 1_000; i++) raw.write(frame(kind, Buffer.alloc(100)))
    await raw.closed
    expect(raw.code).toBe(4429)
    // Of a thousand, some fifty were answered.
    expect(raw.bytes).toBeLessThan(20_000)
  }
  const honest = await open()
  for (let i = 0; i < 10; i++) honest.write(frame(PING, Buffer.alloc(0)))
  honest.say({ type: 'time', at: 3 })
  await honest.hears('"at":3')
  honest.socket.destroy()
})

test('[W118] of ten thousand subscriptions on one socket a node looks at a few dozen, and ends it with 4429', async () => {
  const before = await metric('messages_received_total{type="watch"')
  const raw = await open()
  for (let i = 0; i < 10_000 && !raw.isClosed; i++) raw.say({ type: 'watch', eventId: `event${i}` })
  await raw.closed
  expect(raw.code).toBe(4429)
  expect((await metric('messages_received_total{type="watch"')) - before).toBeLessThan(60)
  expect(await metric('seat_feeds')).toBeLessThanOrEqual(2)
  await othersAreServed()
})

test('[W119] what one may not watch is refused by its code: no such event, off sale, without a pass, with another’s', async () => {
  const { eventId } = await node.addEvent('forbidden')
  const { eventId: later } = await node.addEvent('laterone', 'offsale')
  await node.queue.configure(eventId, { state: 'open', rate: 50, burst: 50, cap: 50 }, 'test')
  const guest = new Fan(node.port, node.visitor().token)
  await guest.next('welcome')
  guest.say({ type: 'join', eventId })
  const told = await guest.next('place')
  const { pass } = told.place.state === 'admitted' ? told.place : await guest.next('admitted')
  const fan = new Fan(node.port, node.visitor().token)
  await fan.next('welcome')
  const refusal = async (message: object) => {
    fan.say({ type: 'watch', ...message })
    const { code, eventId: named } = await fan.next('error')
    return [code, named]
  }
  expect(await refusal({ eventId: 'nosuchone' })).toEqual(['event_not_found', 'nosuchone'])
  expect(await refusal({ eventId: later })).toEqual(['not_on_sale', later])
  expect(await refusal({ eventId })).toEqual(['waiting_room_required', eventId])
  expect(await refusal({ eventId, pass })).toEqual(['pass_foreign', eventId])
  expect(await refusal({ eventId, pass: `${pass.slice(0, -3)}xxx` })).toEqual(['pass_invalid', eventId])
  guest.say({ type: 'watch', eventId, pass })
  expect(await guest.next('watching')).toMatchObject({ eventId })
  await node.inventory.mark((await node.deps.events.find(eventId))!.stock, [1], 3)
  await guest.diff()
  expect(fan.heard.some(one => 'frame' in one)).toBe(false)
  fan.close()
  guest.close()
})

test('[W120] half-open connections end: silent or slow in the handshake, silent in a frame; who answers pings stays', async () => {
  const silent = new Raw(node.port)
  const half = new Raw(node.port)
  half.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nUpg')
  const slow = new Raw(node.port)
  slow.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nX: ')
  const [midFrame, dead, alive] = [await open(), await open(), await open()]
  midFrame.write(frame(TEXT, Buffer.from('{"ty'), { claims: 30 }))
  const beat = setInterval(() => {
    slow.write('a')
    alive.pong()
  }, 3_000)
  const began = performance.now()
  await Promise.all([silent, half, slow, midFrame, dead].map(raw => raw.closed))
  expect(performance.now() - began).toBeLessThan(50_000)
  clearInterval(beat)
  alive.say({ type: 'time', at: 9 })
  await alive.hears('"at":9')
  alive.socket.destroy()
}, 60_000)

test('[W121] pages of foreign origins open no door: /ws, Socket.IO, the operators’', async () => {
  const { token } = node.visitor()
  const origins = ['https://evil.example', 'null', 'https://fans.example.evil.example', 'http://fans.example']
  for (const origin of origins) {
    expect(await handshake(node.port, { token, headers: [`Origin: ${origin}`] }), origin).toMatchObject({
      status: 403,
      code: 'origin_forbidden',
    })
    const path = '/socket.io/?EIO=4&transport=websocket'
    expect((await handshake(node.port, { token, headers: [`Origin: ${origin}`], path })).status).toBe(403)
  }
  expect((await handshake(node.port, { token, headers: ['Origin: https://fans.example'] })).status).toBe(101)
  const admin = io(`http://127.0.0.1:${node.port}/admin`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth: { token: node.adminToken },
    extraHeaders: { origin: 'https://evil.example' },
  })
  const refused = await new Promise<Error>(resolve => admin.on('connect_error', resolve))
  expect(refused.message).toBe('websocket error')
  admin.disconnect()
})

test('[W122] Socket.IO’s polling is refused, and what it has no name for ends the socket', async () => {
  const site = `http://127.0.0.1:${node.port}/socket.io/`
  const asked = [
    fetch(`${site}?EIO=4&transport=polling`),
    fetch(`${site}?EIO=4&transport=polling&sid=none`, { method: 'POST', body: 'x'.repeat(1_000_000) }),
    fetch(`${site}?EIO=4&transport=websocket`),
    fetch(`${site}?EIO=4&transport=carrier-pigeon`),
  ]
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([400, 400, 400, 400])
  const options = { transports: ['websocket'], reconnection: false, forceNew: true }
  const app = io(`http://127.0.0.1:${node.port}`, { ...options, auth: { token: node.visitor().token } })
  const errors: { code: string }[] = []
  app.on('error', error => errors.push(error))
  const gone = new Promise(resolve => app.on('disconnect', resolve))
  app.emit('shout', { eventId: node.eventId })
  expect(await gone).toBe('io server disconnect')
  expect(errors).toMatchObject([{ code: 'invalid_request' }])
  // Of a transport that never says whose it is nothing is left after its time.
  const raw = new Raw(node.port)
  raw.write(
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await raw.hears('"sid"')
  await raw.closed
  expect(raw.lasted).toBeLessThan(20_000)
})

test('[W123] a handshake with a head of more than 4 KB is 431', async () => {
  for (const headers of [[`X-Large: ${'a'.repeat(100_000)}`], [`Cookie: ${'a=b; '.repeat(2_000)}`]]) {
    const one = new Raw(node.port)
    one.open(node.visitor().token, headers)
    await one.closed
    expect(one.text).toMatch(/^HTTP\/1\.1 431 /)
  }
  await othersAreServed()
})

test('[W124] fifty sockets that flood at once, each in its own way, do not keep a fan from being served', async () => {
  const fan = new Fan(node.port, node.visitor().token)
  await fan.next('welcome')
  const ways: ((raw: Raw) => void)[] = [
    raw => raw.say({ type: 'time', at: 1 }),
    raw => raw.say({ type: 'join', eventId: 'nosuchone' }),
    raw => raw.write(frame(PING, Buffer.alloc(100))),
    raw => raw.write(frame(CONTINUED, Buffer.alloc(0), { final: false })),
    raw => raw.say({ type: 'watch', eventId: node.eventId, pass: 'x'.repeat(2_900) }),
  ]
  const floods = await Promise.all(Array.from({ length: 50 }, open))
  for (const [n, raw] of floods.entries())
    if (n % 5 === 3) raw.write(frame(TEXT, Buffer.of(32), { final: false }))
  let slowest = 0
  for (let round = 0; round < 50; round++) {
    for (const [n, raw] of floods.entries())
      for (let i = 0; i < 20; i++) if (!raw.isClosed) ways[n % 5]?.(raw)
    const asked = performance.now()
    fan.say({ type: 'time', at: round })
    await fan.next('time')
    slowest = Math.max(slowest, performance.now() - asked)
    await new Promise(resolve => setTimeout(resolve, 110))
  }
  expect(slowest).toBeLessThan(2_000)
  // All but those who only ever continue were ended.
  expect(floods.flatMap((raw, n) => (raw.isClosed ? [] : [n % 5]))).toEqual(Array(10).fill(3))
  for (const raw of floods) raw.socket.destroy()
  fan.close()
})
