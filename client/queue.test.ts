import { describe, expect, test } from 'vitest'
import type { PlaceInfo, QueueTick } from '../shared/wire/messages.ts'
import { positionOf, rankAt } from '../shared/wire/position.ts'
import { encodeTick } from '../shared/wire/queue-frames.ts'
import type { PlaceJson } from '../shared/wire/queue-json.ts'
import type { QueueView } from './queue.ts'
import { EVENT, World } from './world-fixture.ts'

const waiting = (position: number, score: number, more = {}): PlaceInfo & PlaceJson => ({
  state: 'waiting',
  position,
  score,
  receipt: `receipt-${score}`,
  generation: 1,
  wait: null,
  ...more,
})

const tick = (world: World, knots: number[], more: Partial<QueueTick> = {}): QueueTick => ({
  type: 'tick',
  eventId: EVENT,
  generation: 1,
  state: 'open',
  waiting: 1_000,
  active: 5,
  frontier: 0,
  soldOut: false,
  knots,
  rate: 0,
  leaving: 0,
  bound: 'rate',
  serverTime: world.now + world.ahead,
  ...more,
})

async function joined(world: World, place = waiting(10, 500)) {
  const views: QueueView[] = []
  const onsale = world.onsale()
  const queue = onsale.queue(EVENT, { onChange: view => views.push(view) })
  queue.join()
  await world.pass(10)
  world.socket.say({ type: 'place', eventId: EVENT, place })
  const joins = () => world.sockets.flatMap(({ said }) => said.filter(({ type }) => type === 'join'))
  return { queue, views, joins, onsale }
}

describe('a place', () => {
  test('[W50] is joined once the socket is open, and again with its receipt on each new socket', async () => {
    const world = new World()
    const { queue, joins } = await joined(world)
    expect(joins()).toEqual([{ type: 'join', eventId: EVENT }])
    expect(queue.view).toMatchObject({ place: 'waiting', position: 10, receipt: 'receipt-500' })
    world.socket.end(1006)
    await world.pass(2_000)
    expect(joins()).toHaveLength(2)
    expect(joins()[1]).toEqual({ type: 'join', eventId: EVENT, receipt: 'receipt-500' })
    expect(queue.view.place).toBe('waiting')
  })

  test('[W51] finds its position in ticks, counts on between them, and never shows a higher one', async () => {
    const world = new World()
    const { queue, views } = await joined(world)
    world.socket.say(tick(world, [100, 0, 500, 8, 900, 20], { rate: 1 }))
    expect([queue.view.position, queue.view.wait?.p50]).toEqual([8, 9])
    await world.pass(3_100)
    expect(queue.view.position).toBe(5)
    world.socket.say(tick(world, [100, 0, 500, 7, 900, 20], { rate: 1 }))
    expect(queue.view.position).toBe(5)
    await world.pass(60_000)
    expect(queue.view.position).toBe(0)
    const shown = views.flatMap(({ position }) => position ?? [])
    expect(shown).toEqual([...shown].sort((a, b) => b - a))
  })

  test('[W52] while nobody is admitted it does not count on, and forecasts nothing', async () => {
    const world = new World()
    const { queue } = await joined(world)
    world.socket.say(tick(world, [100, 0, 500, 8], { state: 'paused', rate: 0 }))
    await world.pass(10_000)
    expect(queue.view).toMatchObject({ queue: 'paused', position: 8, wait: null })
  })

  test('[W68] a tick made before the place says nothing of it', async () => {
    const world = new World()
    const { queue } = await joined(world)
    world.socket.say(tick(world, [100, 0, 400, 3]))
    world.socket.say(tick(world, []))
    expect(queue.view.position).toBe(10)
    world.socket.say(tick(world, [100, 0, 500, 9]))
    expect(queue.view.position).toBe(9)
  })

  test('[W90] finds itself in its band’s frame; a frame of another piece says nothing of its position', async () => {
    const world = new World()
    const { queue } = await joined(world, waiting(30_000, 5_000_000))
    const frame = (first: number, scores: number[], eventId = EVENT) => {
      const stretch = { first, shift: 0, scores, end: undefined }
      world.socket.frame(encodeTick({ ...tick(world, []), eventId, waiting: 90_000 }, stretch))
    }
    frame(395, [6_000_000, 7_000_000])
    frame(400, [1_000_000, 2_000_000])
    frame(0, [1_000, 2_000])
    frame(440, [4_000_000, 6_000_000], 'another1')
    expect(queue.view.position).toBe(30_000)
    frame(440, [4_000_000, 6_000_000])
    const { position } = queue.view
    expect(position).toBe(positionOf([4_000_000, rankAt(440), 6_000_000, rankAt(441)], 5_000_000))
    expect(position).toBeLessThan(30_000)
    world.socket.frame(Uint8Array.of(0x22, 1, 2))
    expect(queue.view).toMatchObject({ position, waiting: 90_000 })
  })

  test('[W91] as many wait, as shown, as stand up to the visitor', async () => {
    const world = new World()
    const { queue } = await joined(world)
    expect(queue.view.waiting).toBe(11)
    world.socket.say(tick(world, [], { waiting: 0 }))
    world.socket.say({ type: 'queue', eventId: EVENT, queue: { state: 'open', waiting: 3, active: 1 } })
    expect(queue.view.waiting).toBe(11)
  })

  test('[W100] a login takes the place along: the session is replaced, the socket opened anew, and no end is shown', async () => {
    const world = new World()
    const { queue, views, onsale } = await joined(world)
    world.answers.set('POST /sessions', { status: 201, body: { token: 'user', visitorId: 'u' } })
    const old = world.socket
    const login = onsale.logIn('a.user.token')
    // The server's word to who one was, and nobody asks as them any more.
    old.say({ type: 'ended', eventId: EVENT, reason: 'left' })
    await world.pass(0)
    expect(await login).toEqual({ token: 'user', visitorId: 'u' })
    expect(world.calls).toEqual([
      {
        method: 'POST',
        path: '/sessions',
        headers: expect.objectContaining({ authorization: 'Bearer token' }) as object,
        body: { userToken: 'a.user.token' },
      },
    ])
    await world.pass(10)
    expect([world.sockets.length, onsale.token]).toEqual([2, 'user'])
    expect(world.socket.protocols).toContain('bearer.user')
    expect(world.socket.said).toContainEqual({ type: 'join', eventId: EVENT, receipt: 'receipt-500' })
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(12, 500) })
    expect([queue.view.place, queue.view.position]).toEqual(['waiting', 10])
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(3, 100) })
    expect(queue.view.position).toBe(3)
    expect(views.every(({ place }) => place === 'joining' || place === 'waiting')).toBe(true)
  })

  test('[W101] a login that is refused or unanswered leaves session and place; of two at once each has its turn', async () => {
    const world = new World()
    const { queue, onsale } = await joined(world)
    const refused = { status: 401, body: { code: 'user_token_invalid', detail: 'no' } }
    world.answers.set('POST /sessions', refused)
    await expect(onsale.logIn('wrong')).rejects.toMatchObject({ code: 'user_token_invalid' })
    world.offline = true
    await expect(onsale.logIn('right')).rejects.toMatchObject({ code: 'unreachable' })
    world.offline = false
    await world.pass(10)
    expect([onsale.token, queue.view.place, queue.view.position]).toEqual(['token', 'waiting', 10])
    expect(world.socket.protocols).toContain('bearer.token')
    world.answers.set('POST /sessions', { status: 201, body: { token: 'user', visitorId: 'u' } })
    const [first, second] = [onsale.logIn('right'), onsale.logIn('right')]
    await Promise.all([first, second])
    await world.pass(10)
    expect(world.calls.filter(({ path }) => path === '/sessions')).toHaveLength(4)
    expect(world.socket.protocols).toContain('bearer.user')
    expect(onsale.connection).toBe('open')
  })

  test('[W92] while the draw is to come no number is shown; drawn and not told, it asks', async () => {
    const world = new World()
    const { queue, joins, views } = await joined(world, waiting(10, 500, { phase: 'pre', position: null }))
    world.socket.say(tick(world, [], { state: 'pre_queue', unordered: true }))
    await world.pass(60_000)
    world.socket.say(tick(world, [100, 0, 500, 8], { unordered: true }))
    expect(views.every(({ position }) => position === undefined)).toBe(true)
    expect([queue.view.place, joins().length]).toEqual(['waiting', 1])
    world.socket.say(tick(world, [-900, 0, 500, 8]))
    await world.pass(6_000)
    expect([queue.view.position, joins().length]).toEqual([undefined, 2])
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(70, -300) })
    expect(queue.view.position).toBe(70)
  })

  test('[W93] after a reload no higher position is shown of the same place than before it', async () => {
    const world = new World()
    const { queue } = await joined(world)
    world.socket.say(tick(world, [100, 0, 500, 8]))
    const { shown, receipt } = queue.view
    expect(shown).toEqual({ score: 500, position: 8 })
    const after = world.onsale().queue(EVENT, { shown, receipt })
    after.join()
    await world.pass(10)
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(9, 500) })
    expect(after.view.position).toBe(8)
    // Given up meanwhile, and joined anew.
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(40, 900) })
    expect(after.view.position).toBe(40)
    after.leave()
    expect(after.view.shown).toBeUndefined()
  })

  test('[W94] a renewed receipt takes the place of the one before', async () => {
    const world = new World()
    const { queue, joins } = await joined(world)
    world.socket.say({ type: 'receipt', eventId: EVENT, receipt: 'fresh' })
    expect(queue.view).toMatchObject({ place: 'waiting', position: 10, receipt: 'fresh' })
    world.socket.end(1006)
    await world.pass(2_000)
    expect(joins().at(-1)).toMatchObject({ receipt: 'fresh' })
  })

  test('[W95] between beats twenty seconds apart it counts on', async () => {
    const world = new World()
    const { queue } = await joined(world, waiting(30_000, 500))
    world.socket.say(tick(world, [100, 20_000, 500, 29_000, 900, 31_000], { rate: 100 }))
    await world.pass(20_000)
    expect(queue.view.position).toBe(27_000)
    await world.pass(20_000)
    expect(queue.view.position).toBe(25_000)
  })

  test('[W53] in another life of Redis it joins again with its receipt before it shows a number', async () => {
    const world = new World()
    const { queue, joins } = await joined(world)
    world.socket.say(tick(world, [100, 0], { generation: 2 }))
    await world.pass(0)
    expect(joins().at(-1)).toMatchObject({ receipt: 'receipt-500' })
    expect(queue.view.position).toBe(10)
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(12, 500, { generation: 2 }) })
    expect(queue.view.position).toBe(10)
  })

  test('[W54] called and not told, it asks', async () => {
    const world = new World()
    const { joins } = await joined(world)
    world.socket.say(tick(world, [600, 0], { frontier: 550 }))
    await world.pass(4_000)
    expect(joins()).toHaveLength(1)
    await world.pass(2_000)
    expect(joins()).toHaveLength(2)
  })

  test.each(['first', 'again with its place'])(
    '[W63] a join refused for haste is said again: %s',
    async which => {
      const world = new World()
      const { joins, onsale } = await joined(world, which === 'first' ? { state: 'none' } : undefined)
      if (which === 'first') onsale.queue('another1').join()
      else world.socket.end(1006)
      await world.pass(1_000)
      const said = joins().length
      const eventId = which === 'first' ? 'another1' : EVENT
      world.socket.say({
        type: 'error',
        code: 'too_many_requests',
        detail: 'Slower.',
        retryAfter: 1,
        eventId,
      })
      await world.pass(3_000)
      expect(joins().slice(said)).toEqual([expect.objectContaining({ eventId })])
    },
  )

  test('[W55] admitted, it has the pass until its turn ends', async () => {
    const world = new World()
    const { queue } = await joined(world)
    world.socket.say({ type: 'admitted', eventId: EVENT, pass: 'p', until: 99 })
    expect(queue.view).toMatchObject({ place: 'admitted', pass: 'p', until: 99, position: undefined })
    world.socket.say({ type: 'ended', eventId: EVENT, reason: 'expired' })
    expect(queue.view).toMatchObject({
      place: 'ended',
      reason: 'expired',
      pass: undefined,
      receipt: undefined,
    })
    world.socket.end(1006)
    await world.pass(5_000)
    expect(world.socket.said.some(({ type }) => type === 'join')).toBe(false)
  })

  test('[W56] without a socket it joins and looks by HTTP at the pace the server asks for', async () => {
    const world = new World()
    world.blocked = true
    const queueInfo = { state: 'open', waiting: 5, active: 1 }
    const path = `/events/${EVENT}/queue`
    const answer = (place: PlaceJson) => ({
      status: 200,
      body: { queue: queueInfo, place, refreshIntervalSeconds: 4 },
    })
    world.answers.set(`POST ${path}`, answer(waiting(3, 700)))
    world.answers.set(`GET ${path}`, answer(waiting(2, 700)))
    const queue = world.onsale().queue(EVENT)
    queue.join()
    await world.pass(4_000)
    expect(queue.view).toMatchObject({ place: 'waiting', position: 3, queue: 'open', waiting: 5 })
    await world.pass(20_000)
    expect(queue.view.position).toBe(2)
    const polls = world.calls.filter(({ path: asked, method }) => asked === path && method === 'GET')
    expect(polls.length).toBeGreaterThanOrEqual(3)
    expect(polls.length).toBeLessThanOrEqual(5)
    world.answers.set(
      `GET ${path}`,
      answer({ state: 'admitted', pass: 'p', until: '2027-03-01T10:00:00.000Z' }),
    )
    await world.pass(6_000)
    expect(queue.view).toMatchObject({ place: 'admitted', pass: 'p', until: Date.UTC(2027, 2, 1, 10) })
    // The turn is over: nobody is put into the line again unasked.
    world.answers.set(`GET ${path}`, answer({ state: 'none' }))
    await world.pass(30_000)
    expect(queue.view).toMatchObject({ place: 'ended', reason: 'expired', pass: undefined })
    expect(world.calls.filter(({ path: asked, method }) => asked === path && method === 'POST')).toHaveLength(
      1,
    )
    world.answers.set(`DELETE ${path}`, { status: 204, body: undefined })
    queue.leave()
    await world.pass(0)
    expect(world.calls.at(-1)?.method).toBe('DELETE')
    expect(queue.view.place).toBe('none')
  })

  test('[W57] a queue that is off says so, and a busy one is asked again', async () => {
    const world = new World()
    const queue = world.onsale().queue(EVENT)
    queue.join()
    await world.pass(10)
    world.socket.say({
      type: 'error',
      eventId: EVENT,
      code: 'queue_unavailable',
      detail: 'busy',
      retryAfter: 2,
    })
    await world.pass(4_000)
    expect(world.socket.said.filter(({ type }) => type === 'join')).toHaveLength(2)
    world.socket.say({ type: 'error', eventId: EVENT, code: 'queue_off', detail: 'off' })
    expect(queue.view).toMatchObject({ queue: 'off', place: 'none' })
    await world.pass(60_000)
    expect(world.socket.said.filter(({ type }) => type === 'join')).toHaveLength(2)
  })

  const turnedAway = (world: World, more: object) =>
    world.socket.say({ type: 'error', eventId: EVENT, code: 'queue_closed', detail: 'Not now.', ...more })

  test('[W96] refused until the line forms, it joins by itself within two seconds of that', async () => {
    const world = new World()
    const { queue, joins } = await joined(world, { state: 'none' })
    queue.join()
    await world.pass(10)
    const said = joins().length
    const from = world.now + world.ahead + 30_000
    turnedAway(world, { from })
    expect(queue.view).toMatchObject({ place: 'refused', refused: { code: 'queue_closed', from } })
    await world.pass(30_000)
    expect(joins()).toHaveLength(said)
    await world.pass(2_000)
    expect(joins()).toHaveLength(said + 1)
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(3, 700) })
    expect(queue.view).toMatchObject({ place: 'waiting', position: 3, refused: undefined })
  })

  test('[W97] refused until a far time, it asks each minute whether the plan is another; also without a socket', async () => {
    const world = new World()
    const { queue, joins } = await joined(world, { state: 'none' })
    queue.join()
    await world.pass(10)
    const said = joins().length
    const from = world.now + world.ahead + 86_400_000
    turnedAway(world, { from })
    await world.pass(61_000)
    expect(joins()).toHaveLength(said + 1)

    const polled = new World()
    polled.blocked = true
    const path = `POST /events/${EVENT}/queue`
    polled.answers.set(path, {
      status: 409,
      body: { code: 'queue_closed', from: new Date(from).toISOString() },
    })
    const other = polled.onsale().queue(EVENT)
    other.join()
    await polled.pass(10_000)
    expect(other.view).toMatchObject({ place: 'refused', refused: { from } })
    const asked = () => polled.calls.filter(({ method }) => method === 'POST').length
    const before = asked()
    await polled.pass(120_000)
    expect(asked() - before).toBeGreaterThanOrEqual(1)
    expect(asked() - before).toBeLessThanOrEqual(3)
  })

  test('[W98] refused for good it asks no more until it is told to; where the network is full it asks again', async () => {
    const world = new World()
    const { queue, joins } = await joined(world, { state: 'none' })
    queue.join()
    await world.pass(10)
    turnedAway(world, {})
    const said = joins().length
    expect(queue.view).toMatchObject({ place: 'refused', refused: { from: undefined } })
    await world.pass(600_000)
    world.socket.end(1006)
    await world.pass(10_000)
    expect(joins()).toHaveLength(said)
    queue.join()
    await world.pass(10)
    expect(joins()).toHaveLength(said + 1)
    turnedAway(world, { code: 'too_many_places', retryAfter: 60 })
    expect(queue.view).toMatchObject({ place: 'refused', refused: { code: 'too_many_places' } })
    await world.pass(121_000)
    expect(joins()).toHaveLength(said + 2)
  })

  test('[W99] it knows the times of the line, whether its order is drawn, its entry, and that nothing is left', async () => {
    const world = new World()
    const { queue } = await joined(world, waiting(0, 500, { phase: 'pre', position: null, entry: 'ab12' }))
    const times = { preQueueAt: 3, opensAt: 4 }
    world.socket.say({
      type: 'queue',
      eventId: EVENT,
      queue: { state: 'pre_queue', waiting: 1, active: 0, ...times },
    })
    expect(queue.view).toMatchObject({ ...times, draw: 'to_come', entry: 'ab12', soldOut: false })
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(7, -300, { entry: 'ab12' }) })
    expect(queue.view).toMatchObject({ draw: 'drawn', entry: 'ab12', position: 7, opensAt: 4 })
    world.socket.say(tick(world, [-400, 0], { soldOut: true }))
    expect(queue.view.soldOut).toBe(true)
    world.socket.say({ type: 'place', eventId: EVENT, place: waiting(9, 900, { entry: 'ab12' }) })
    expect(queue.view.draw).toBeUndefined()
  })
})
