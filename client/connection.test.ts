import { describe, expect, test } from 'vitest'
import { EVENT, World } from './world-fixture.ts'

function start(world: World) {
  const onsale = world.onsale()
  onsale.watchSeats(EVENT)
  return onsale
}

describe('the socket', () => {
  test('[W32] opens when it is needed and ends when it is not', async () => {
    const world = new World()
    const onsale = world.onsale()
    await world.pass(1_000)
    expect(world.sockets).toHaveLength(0)
    const seats = onsale.watchSeats(EVENT)
    await world.pass(100)
    expect([world.socket.url, onsale.connection]).toEqual(['ws://site/ws', 'open'])
    seats.close()
    expect([world.socket.isClosed, onsale.connection]).toEqual([true, 'idle'])
    await world.pass(60_000)
    expect(world.sockets).toHaveLength(1)
  })

  test('[W65] what was closed is forgotten: closing all ends only what is open', async () => {
    const world = new World()
    const onsale = world.onsale()
    const first = onsale.watchSeats(EVENT)
    onsale.watchSeats('another1')
    onsale.queue(EVENT)
    await world.pass(100)
    first.close()
    onsale.close()
    const unwatched = world.socket.said.flatMap(one => (one.type === 'unwatch' ? [one.eventId] : []))
    expect(unwatched).toEqual([EVENT, 'another1'])
    expect([world.socket.isClosed, onsale.connection]).toEqual([true, 'idle'])
  })

  test('[W33] comes back with full jitter: at a random moment of a time that doubles to 30 s', async () => {
    const world = new World(() => 0.999)
    start(world)
    await world.pass(0)
    world.blocked = true
    world.socket.end(1006)
    const opened: number[] = []
    let known = world.sockets.length
    const from = world.now
    for (let t = 0; t < 120_000; t += 100) {
      await world.pass(100)
      if (world.sockets.length > known) opened.push(Math.round((world.now - from) / 1_000))
      known = world.sockets.length
    }
    expect(opened).toEqual([1, 2, 4, 8, 16, 32, 62, 92])
  })

  test('[W34] a goodbye is followed at its own moment, before the server closes, and elsewhere', async () => {
    const world = new World()
    const onsale = start(world)
    await world.pass(0)
    const first = world.socket
    first.say({ type: 'goodbye', afterMs: 2_000 })
    await world.pass(1_900)
    expect(first.isClosed).toBe(false)
    await world.pass(700)
    expect([first.isClosed, world.sockets.length, onsale.connection]).toEqual([true, 2, 'open'])
  })

  test('[W35] closed amid a goodbye it waits for the moment it was given', async () => {
    const world = new World()
    start(world)
    await world.pass(0)
    world.socket.say({ type: 'goodbye', afterMs: 3_000 })
    world.socket.end(1012)
    await world.pass(2_900)
    expect(world.sockets).toHaveLength(1)
    await world.pass(300)
    expect(world.sockets).toHaveLength(2)
  })

  test('[W36] who was ended for reading too slowly or for a bad message stays away for 15 s and polls', async () => {
    for (const code of [1013, 4400, 4429]) {
      const world = new World()
      start(world)
      await world.pass(100)
      const calls = world.calls.length
      world.socket.end(code)
      await world.pass(14_000)
      expect(world.sockets).toHaveLength(1)
      expect(world.calls.length).toBeGreaterThan(calls)
      await world.pass(3_000)
      expect(world.sockets).toHaveLength(2)
    }
  })

  test('[W37] a socket that has gone silent is asked, and given up where nobody answers', async () => {
    const world = new World()
    const onsale = start(world)
    await world.pass(100)
    await world.pass(120_000)
    expect(world.sockets).toHaveLength(1)
    world.socket.dead = true
    await world.pass(36_000)
    expect(world.sockets).toHaveLength(2)
    expect(onsale.connection).toBe('open')
  })

  test('[W38] it knows the server’s clock', async () => {
    const world = new World()
    const onsale = start(world)
    expect(onsale.serverNow()).toBe(world.now)
    await world.pass(10)
    expect(onsale.serverNow()).toBe(world.now + world.ahead)
  })

  test('[W39] without a session no socket is tried; a new session opens it, and another one anew', async () => {
    const world = new World()
    const onsale = world.onsale({ token: undefined })
    onsale.watchSeats(EVENT)
    await world.pass(10_000)
    expect([world.sockets.length, onsale.connection]).toEqual([0, 'offline'])
    world.answers.set('POST /sessions', { status: 201, body: { token: 'new', visitorId: 'v' } })
    const made = Promise.all([onsale.createSession(), onsale.createSession()])
    await world.pass(0)
    expect(await made).toEqual([
      { token: 'new', visitorId: 'v' },
      { token: 'new', visitorId: 'v' },
    ])
    expect(world.calls.filter(({ path }) => path === '/sessions')).toHaveLength(1)
    await world.pass(0)
    expect([world.socket.protocols[1], onsale.connection]).toEqual(['bearer.new', 'open'])
    void onsale.createSession()
    await world.pass(10)
    expect(world.sockets).toHaveLength(2)
  })
})

describe('calls', () => {
  test('[W40] a problem is one typed error with its stable code, fields and Retry-After', async () => {
    const world = new World()
    const onsale = world.onsale()
    world.answers.set(`POST /bookings/${EVENT}`, {
      status: 409,
      body: { code: 'hold_conflict', detail: 'Taken.', tickets: [`${EVENT}-1`] },
    })
    await expect(onsale.bookings.hold(EVENT, { ticketIds: [`${EVENT}-1`] })).rejects.toMatchObject({
      name: 'OnsaleError',
      code: 'hold_conflict',
      status: 409,
      message: 'Taken.',
      body: { tickets: [`${EVENT}-1`] },
    })
    expect(world.calls[0]).toMatchObject({
      method: 'POST',
      headers: {
        authorization: 'Bearer token',
        'idempotency-key': 'key-0',
        'content-type': 'application/json',
      },
      body: { ticketIds: [`${EVENT}-1`] },
    })
    world.answers.set('GET /events/x', { status: 503, body: null, headers: { 'retry-after': '7' } })
    await expect(onsale.events.get('x')).rejects.toMatchObject({ code: 'internal', retryAfter: 7 })
    world.offline = true
    await expect(onsale.events.get('x')).rejects.toMatchObject({ code: 'unreachable', status: 0 })
  })

  test('[W41] a call nobody answers is given up after 20 s', async () => {
    const world = new World()
    const aborted: boolean[] = []
    const onsale = world.onsale({
      fetch: (_, init) =>
        new Promise((_, reject) => {
          init.signal?.addEventListener('abort', () => {
            aborted.push(true)
            reject(new Error('aborted'))
          })
        }),
    })
    const asked = onsale.events.search({ keyword: 'x y', page: 2 })
    const failed = expect(asked).rejects.toMatchObject({ code: 'unreachable' })
    await world.pass(19_000)
    expect(aborted).toEqual([])
    await world.pass(2_000)
    await failed
    expect(aborted).toEqual([true])
  })

  test('[W64] the deadline is for the body too: a map whose snapshot stands still is fetched again', async () => {
    const world = new World()
    let stalled = 0
    const { fetch } = world.platform()
    const onsale = world.onsale({
      fetch: async (url, init) => {
        const answer = await fetch(url, init)
        const body = () =>
          new Promise<never>((_, reject) => {
            init.signal?.addEventListener('abort', () => reject(new Error('aborted')))
          })
        return stalled++ === 0 ? { ...answer, arrayBuffer: body, json: body } : answer
      },
    })
    const seats = onsale.watchSeats(EVENT)
    await world.pass(19_000)
    expect(seats.status).toBe('loading')
    await world.pass(3_000)
    expect([seats.status, stalled]).toEqual(['live', 2])
    seats.close()
    stalled = 0
    world.answers.set(`GET /events/${EVENT}`, { status: 200, body: {} })
    const failed = expect(onsale.events.get(EVENT)).rejects.toMatchObject({ code: 'unreachable' })
    await world.pass(21_000)
    await failed
  })
})
