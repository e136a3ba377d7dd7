import { connect } from 'node:net'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeSecrets } from '../dev/new-secrets.ts'
import { readConfig } from '../shared/config.ts'
import type { VisitorId } from '../shared/ids.ts'
import { SessionTokens } from '../shared/tokens.ts'
import type { AdminStatus, ServerMessage } from '../shared/wire/messages.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

/** On a busy machine. */
const SOON = { timeout: 10_000 }

let node: TestNode

beforeAll(async () => {
  node = await makeNode({ environment: { ALLOWED_ORIGINS: 'https://fans.example', MAX_SOCKETS: '40' } })
})

afterAll(() => node.close())

interface Handshake {
  protocol?: string
  origin?: string
  cookie?: string
  path?: string
}

/** A handshake by hand: what it is answered, and whether it became a socket. */
async function handshake({ protocol, origin, cookie, path = '/ws' }: Handshake) {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  if (protocol !== undefined) lines.push(`Sec-WebSocket-Protocol: ${protocol}`)
  if (origin !== undefined) lines.push(`Origin: ${origin}`)
  if (cookie !== undefined) lines.push(`Cookie: ${cookie}`)
  const socket = connect(node.port, '127.0.0.1')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  let text = ''
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.on('data', data => {
      text += data
      if (text.startsWith('HTTP/1.1 101')) resolve()
    })
  })
  socket.destroy()
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const status = Number(head.slice(9, 12))
  const code = status === 101 ? undefined : (JSON.parse(body) as { code: string }).code
  return { status, head: head.toLowerCase(), code }
}

describe('a handshake of /ws', () => {
  const token = () => node.visitor().token
  const bearer = () => `onsale.v1, bearer.${token()}`

  test('[W2] a session opens it: as the second subprotocol, or as the cookie', async () => {
    const open = await handshake({ protocol: bearer() })
    expect(open.status).toBe(101)
    expect(open.head).toContain('sec-websocket-protocol: onsale.v1\r\n')
    const cookie = `a=b; onsale_session=${token()}; c=d`
    expect((await handshake({ protocol: 'onsale.v1', cookie })).status).toBe(101)
  })

  test('[W3] without a session it is 401, as with another installation’s, an expired or a cut one', async () => {
    const { keys } = readConfig({ ...makeSecrets(), DATABASE_URL: 'postgres://x', REDIS_URL: 'redis://x' })
    const foreign = new SessionTokens(keys.session, 60).issue(node.visitor().visitorId)
    const expired = new SessionTokens(node.sessionKey, -1).issue(crypto.randomUUID() as VisitorId)
    const codes = []
    for (const given of ['', foreign, expired, token().slice(0, -2)]) {
      const { status, code } = await handshake({ protocol: `onsale.v1, bearer.${given}` })
      codes.push([status, code])
    }
    expect(codes).toEqual([
      [401, 'session_required'],
      [401, 'session_invalid'],
      [401, 'session_expired'],
      [401, 'session_invalid'],
    ])
  })

  test('[W4] another subprotocol, or none, is 400', async () => {
    expect(await handshake({})).toMatchObject({ status: 400, code: 'invalid_request' })
    const other = await handshake({ protocol: `onsale.v9, bearer.${token()}` })
    expect(other).toMatchObject({ status: 400, code: 'invalid_request' })
  })

  test('[W5] pages of other origins are 403; our own, those allowed, and programs without one are let in', async () => {
    const from = async (origin: string) => (await handshake({ protocol: bearer(), origin })).status
    expect(await from('https://evil.example')).toBe(403)
    expect(await from('null')).toBe(403)
    expect(await from('https://fans.example')).toBe(101)
    expect(await from('http://localhost:3000')).toBe(101)
    expect(await from('http://127.0.0.1:3000')).toBe(101)
    expect(await from('http://localhost:3001')).toBe(403)
  })

  test('[W6] beyond MAX_SOCKETS it is 503 with Retry-After, and room is made by who leaves', async () => {
    const fans = Array.from({ length: 40 }, () => new Fan(node.port, token()))
    await Promise.all(fans.map(fan => fan.next('welcome')))
    const full = await handshake({ protocol: bearer() })
    expect(full).toMatchObject({ status: 503, code: 'unavailable' })
    expect(full.head).toContain('retry-after: 1')
    const app = io(`http://127.0.0.1:${node.port}`, {
      transports: ['websocket'],
      reconnection: false,
      auth: { token: token() },
    })
    await new Promise(resolve => app.on('connect_error', resolve))
    for (const fan of fans) fan.close()
    await Promise.all(fans.map(fan => fan.closed))
    await expect.poll(async () => (await handshake({ protocol: bearer() })).status, SOON).toBe(101)
  })
})

describe('a socket of /ws', () => {
  const open = async () => {
    const fan = new Fan(node.port, node.visitor().token)
    await fan.next('welcome')
    return fan
  }

  test('[W7] it is welcomed with its visitor and the server’s time, and told the time when it asks', async () => {
    const { visitorId, token } = node.visitor()
    const fan = new Fan(node.port, token)
    const welcome = await fan.next('welcome')
    expect(welcome).toMatchObject({ visitorId, node: 'test' })
    expect(Math.abs(welcome.serverTime - Date.now())).toBeLessThan(1_000)
    fan.say({ type: 'time', at: 12.5 })
    expect(await fan.next('time')).toMatchObject({ at: 12.5 })
    fan.close()
  })

  test.each([
    ['no JSON', '{'],
    ['an unknown type', { type: 'shout' }],
    ['an event id that is none', { type: 'watch', eventId: '../x' }],
    ['a pass that is no text', { type: 'watch', eventId: 'evening01', pass: 7 }],
    ['null', 'null'],
  ])('[W8] what is no message is told and ended with 4400: %s', async (_, message) => {
    const fan = await open()
    fan.say(message)
    expect(await fan.next('error')).toMatchObject({ code: 'invalid_request' })
    expect(await fan.closed).toBe(4400)
  })

  test('[W9] binary from a client is no message', async () => {
    const fan = await open()
    fan.sayBytes(Uint8Array.of(0x21, 0, 0))
    expect(await fan.next('error')).toMatchObject({ code: 'invalid_request' })
    expect(await fan.closed).toBe(4400)
  })

  test('[W10] a message of more than 4 KB ends the socket', async () => {
    const fan = await open()
    fan.say({ type: 'watch', eventId: 'evening01', pass: 'x'.repeat(5_000) })
    expect([1006, 1009]).toContain(await fan.closed)
  })

  test('[W11] who sends faster than ten a second is told so, and a flood is ended with 4429', async () => {
    const fan = await open()
    for (let i = 0; i < 35; i++) fan.say({ type: 'time', at: i })
    expect(await fan.next('error')).toMatchObject({ code: 'too_many_requests', retryAfter: 1 })
    expect(fan.all('time')).toHaveLength(30)
    for (let i = 0; i < 100; i++) fan.say({ type: 'time', at: i })
    expect(await fan.closed).toBe(4429)
    expect(fan.all('error')).toHaveLength(1)
  })

  test('[W62] each message refused so that names an event is told with it, and served when said again', async () => {
    const fan = await open()
    for (let i = 0; i < 33; i++) fan.say({ type: 'time', at: i })
    const { eventId } = node
    fan.say({ type: 'watch', eventId })
    fan.say({ type: 'join', eventId: 'another1' })
    await fan.next('error')
    const told = { code: 'too_many_requests', retryAfter: 1 }
    expect(await fan.next('error')).toMatchObject({ ...told, eventId })
    expect(await fan.next('error')).toMatchObject({ ...told, eventId: 'another1' })
    await new Promise(resolve => setTimeout(resolve, 1_000))
    fan.say({ type: 'watch', eventId })
    expect(await fan.next('watching')).toMatchObject({ eventId })
    fan.close()
  })
})

describe('the door of Socket.IO', () => {
  const url = () => `http://127.0.0.1:${node.port}`
  const refused = (auth: object, namespace = '') =>
    new Promise<{ message: string; data?: { code: string } }>(resolve => {
      const app = io(url() + namespace, {
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
        auth,
      })
      app.on('connect_error', error => {
        app.disconnect()
        resolve(error as Error & { data?: { code: string } })
      })
    })

  test('[W12] it speaks the same messages as events of their type', async () => {
    const { visitorId, token } = node.visitor()
    const app = io(url(), { transports: ['websocket'], forceNew: true, auth: { token } })
    const heard: ServerMessage[] = []
    app.onAny((_, message: ServerMessage) => heard.push(message))
    await expect
      .poll(() => heard, SOON)
      .toContainEqual(expect.objectContaining({ type: 'welcome', visitorId }))
    app.emit('time', { at: 5 })
    await expect.poll(() => heard.at(-1), SOON).toMatchObject({ type: 'time', at: 5 })
    app.emit('watch', { eventId: 'nosuchevent' })
    await expect.poll(() => heard.at(-1), SOON).toMatchObject({ type: 'error', code: 'event_not_found' })
    const gone = new Promise(resolve => app.on('disconnect', resolve))
    app.emit('watch', 'nonsense')
    expect(await gone).toBe('io server disconnect')
    expect(heard.at(-1)).toMatchObject({ type: 'error', code: 'invalid_request' })
  })

  test('[W13] without a session it refuses, and polling is not offered', async () => {
    expect((await refused({})).data?.code).toBe('session_required')
    expect((await refused({ token: 'x.y.z' })).data?.code).toBe('session_invalid')
    expect((await fetch(`${url()}/socket.io/?EIO=4&transport=polling`)).status).toBe(400)
  })

  test('[W14] /admin opens to an admin token alone, and tells each second how a watched event stands', async () => {
    expect((await refused({}, '/admin')).data?.code).toBe('admin_required')
    expect((await refused({ token: node.visitor().token }, '/admin')).data?.code).toBe('admin_invalid')
    const admin = io(`${url()}/admin`, {
      transports: ['websocket'],
      forceNew: true,
      auth: { token: node.adminToken },
    })
    const statuses: AdminStatus[] = []
    admin.on('status', (status: AdminStatus) => statuses.push(status))
    admin.emit('watch', { eventId: node.eventId })
    await expect.poll(() => statuses.length, { timeout: 5_000 }).toBeGreaterThan(1)
    expect(statuses.at(-1)).toMatchObject({
      eventId: node.eventId,
      queue: { state: 'off', waiting: 0, active: 0 },
      free: 50,
      holds: 0,
      sold: 0,
      nodes: [{ node: 'test' }],
    })
    admin.disconnect()
  })
})

test('[R45] /healthz, /readyz and /metrics answer, anything else is 404', async () => {
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${node.port}${path}`)
    return { status: response.status, text: await response.text() }
  }
  expect(await get('/healthz')).toEqual({ status: 200, text: '{"status":"ok"}' })
  expect((await get('/readyz')).status).toBe(200)
  expect((await get('/metrics')).text).toMatch(/^onsale_sockets\{door="plain"/m)
  expect((await get('/elsewhere')).status).toBe(404)
})
