import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeSnapshot } from '../shared/wire/seat-frames.ts'
import type { OnsaleError } from './http.ts'
import type { OnsaleOptions } from './onsale.ts'
import type { LostSeat, SeatChange, SeatState, WatchStatus } from './seats.ts'
import { EVENT, look, World } from './world-fixture.ts'

function watch(world: World, options = {}, platform: Partial<OnsaleOptions> = {}) {
  const changes: SeatChange[] = []
  const statuses: WatchStatus[] = []
  const errors: OnsaleError[] = []
  const onsale = world.onsale(platform)
  const seats = onsale.watchSeats(EVENT, {
    onChange: change => changes.push(change),
    onStatus: status => statuses.push(status),
    onError: error => errors.push(error),
    ...options,
  })
  return { onsale, seats, changes, statuses, errors }
}

describe('a watch', () => {
  test('[S35] subscribes first, then fetches, then applies what came between', async () => {
    const world = new World()
    world.cached = encodeSnapshot({ epoch: 1, seq: 0, seats: 16, state: new Uint8Array(4), areas: [10] })
    const { seats, changes, statuses } = watch(world)
    await world.pass(0)
    world.change([3, 1])
    world.cached = undefined
    await world.pass(1_000)
    expect(look(seats.state)).toBe(look(world.seats.state))
    expect(changes.at(0)).toEqual({ kind: 'all' })
    expect(statuses).toEqual(['live'])
    expect(world.socket.protocols).toEqual(['onsale.v1', 'bearer.token'])
  })

  test('[S36] a snapshot of a cache that is older than the subscription is asked again, as a diff', async () => {
    const world = new World()
    world.cached = encodeSnapshot({ epoch: 1, seq: 0, seats: 16, state: new Uint8Array(4), areas: [10] })
    world.change([0, 2])
    world.change([1, 2])
    const { seats } = watch(world)
    await world.pass(50)
    world.change([2, 1])
    expect(seats.state.seq).toBe(0)
    world.cached = undefined
    await world.pass(1_000)
    expect(look(seats.state)).toBe(look(world.seats.state))
    expect(world.calls.at(-1)?.path).toBe(`/events/${EVENT}/seats?since=1.0`)
  })

  test('[W140] who has chosen or holds seats is told once which of them is lost, and why', async () => {
    const world = new World()
    world.change([3, 1, 9, 3])
    const told: LostSeat[][] = []
    const { seats } = watch(world, { onLost: (lost: LostSeat[]) => told.push(lost) })
    seats.mind({ chosen: [0, 1, 2, 9], held: [3, 4] })
    expect(told).toEqual([])
    await world.pass(1_000)
    // Blocked already, and a hold that was never there.
    expect(told.splice(0)).toEqual([
      [
        { index: 9, was: 'chosen', why: 'blocked' },
        { index: 4, was: 'held', why: 'ended' },
      ],
    ])
    world.change([1, 1])
    world.change([2, 2])
    await world.pass(1_000)
    expect(told.splice(0).flat()).toEqual([
      { index: 1, was: 'chosen', why: 'held' },
      { index: 2, was: 'chosen', why: 'sold' },
    ])
    // Bought, and nobody's loss; what is minded no more is told of no more.
    world.change([3, 2, 1, 0])
    world.change([1, 1])
    await world.pass(1_000)
    seats.mind({ held: [5] })
    world.change([0, 2])
    await world.pass(1_000)
    expect(told.splice(0).flat()).toEqual([{ index: 5, was: 'held', why: 'ended' }])
  })

  test('[S37] whatever frames are dropped, doubled or reordered and whenever sockets die, the map ends as the truth', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('change'), seat: fc.nat(15), status: fc.nat(3) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom('drop', 'double', 'hold'),
          seat: fc.nat(15),
          status: fc.nat(3),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constantFrom('cut', 'dead', 'rebuild', 'refuse'),
          seat: fc.nat(15),
          status: fc.nat(3),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('pass'), seat: fc.nat(2_000), status: fc.nat(3) }),
      },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (steps, chance) => {
          const world = new World(() => chance.next().value ?? 0.5)
          const { seats, onsale } = watch(world)
          await world.pass(0)
          const held: { socket: typeof world.socket; frame: Uint8Array }[] = []
          for (const { do: what, seat, status } of steps) {
            const { socket } = world
            if (what === 'pass') await world.pass(seat)
            else if (what === 'cut') socket.end(1006)
            else if (what === 'dead') socket.dead = true
            else if (what === 'refuse') world.offline = !world.offline
            else if (what === 'rebuild') {
              world.seats.rebuild()
              for (const one of world.sockets)
                if (one.watches) one.say({ type: 'resync', eventId: EVENT, epoch: world.seats.epoch, seq: 0 })
            } else {
              socket.fate = frame => {
                if (what === 'hold') held.push({ socket, frame })
                return what === 'change' ? [frame] : what === 'double' ? [frame, frame] : []
              }
              world.change([seat, status])
              socket.fate = frame => [frame]
            }
          }
          for (const { socket, frame } of held) socket.frame(frame)
          // After quiet: a dead socket is found out, a last lost diff by the version that the server tells.
          world.offline = false
          await world.pass(60_000)
          const { epoch, seq } = world.seats
          world.socket.say({ type: 'resync', eventId: EVENT, epoch, seq })
          await world.pass(60_000)
          expect(look(seats.state)).toBe(look(world.seats.state))
          expect(seats.status).toBe('live')
          onsale.close()
        },
      ),
      { numRuns: 300 },
    )
  })

  test('[S38] without a socket it polls, and says so; with one again it is live and has missed nothing', async () => {
    const world = new World()
    world.blocked = true
    const { seats, statuses } = watch(world)
    await world.pass(10_000)
    expect(statuses).toEqual(['polling'])
    world.change([5, 2])
    await world.pass(10_000)
    expect(look(seats.state)).toBe(look(world.seats.state))
    world.blocked = false
    await world.pass(40_000)
    expect(statuses).toEqual(['polling', 'live'])
    const polls = world.calls.length
    await world.pass(20_000)
    expect(world.calls).toHaveLength(polls)
  })

  test('[S39] while the server cannot see changes it is paused, not live', async () => {
    const world = new World()
    const { seats, statuses } = watch(world)
    await world.pass(100)
    world.socket.say({ type: 'paused', eventId: EVENT, paused: true })
    expect(seats.status).toBe('paused')
    world.socket.say({ type: 'paused', eventId: EVENT, paused: false })
    world.seats.rebuild()
    world.socket.say({ type: 'resync', eventId: EVENT, epoch: 2, seq: 0 })
    await world.pass(2_000)
    expect(statuses).toEqual(['live', 'paused', 'live'])
    expect(look(seats.state)).toBe(look(world.seats.state))
  })

  test('[W30] refused for want of a pass it stops asking, and goes on with the pass it is given', async () => {
    const world = new World()
    const { seats, statuses, errors } = watch(world)
    await world.pass(100)
    const socket = world.socket
    socket.watches = false
    socket.say({ type: 'error', code: 'waiting_room_required', detail: 'join', eventId: EVENT })
    expect(seats.status).toBe('refused')
    expect(errors[0]?.code).toBe('waiting_room_required')
    const calls = world.calls.length
    world.seats.change([1, 1], 0)
    await world.pass(60_000)
    expect(world.calls).toHaveLength(calls)
    seats.setPass('the-pass')
    await world.pass(2_000)
    expect(world.socket.said.filter(({ type }) => type === 'watch').at(-1)).toMatchObject({
      pass: 'the-pass',
    })
    expect(world.calls.at(-1)?.headers['x-onsale-pass']).toBe('the-pass')
    expect(statuses.at(-1)).toBe('live')
    expect(look(seats.state)).toBe(look(world.seats.state))
  })

  test.each(['unavailable', 'queue_unavailable', 'too_many_requests'])(
    '[W31] a watch that cannot be served just now is asked again after Retry-After, and polled meanwhile: %s',
    async code => {
      const world = new World()
      world.refusal = { type: 'error', code, detail: 'away', eventId: EVENT, retryAfter: 4 }
      const { seats, errors } = watch(world)
      await world.pass(3_900)
      expect(errors.map(error => error.code)).toEqual([code])
      expect(seats.state.filled).toBe(true)
      world.refusal = undefined
      await world.pass(4_100)
      expect(world.socket.said.filter(({ type }) => type === 'watch')).toHaveLength(2)
      expect(seats.status).toBe('live')
    },
  )

  const hasTheTruth = (world: World, { state }: { state: SeatState }) =>
    expect(look(state)).toBe(look(world.seats.state))

  test('[W66] a resync to an earlier version is obeyed, also where others have taken its numbers since', async () => {
    for (const after of [0, 1, 2, 3]) {
      const world = new World()
      const { seats, changes } = watch(world)
      await world.pass(100)
      for (const seat of [1, 2, 3]) world.change([seat, 2])
      expect(seats.state.seq).toBe(3)
      world.seats.goBack(2)
      world.socket.say({ type: 'resync', eventId: EVENT, epoch: 1, seq: 1 })
      for (let i = 0; i < after; i++) world.change([8 + i, 1])
      expect([seats.state.seq, seats.state.get(8)]).toEqual([3, 0])
      await world.pass(1_000)
      hasTheTruth(world, seats)
      expect(world.calls.at(-1)?.path).toBe(`/events/${EVENT}/seats?since=0.1`)
      expect(changes.at(-1)).toEqual({ kind: 'all' })
      const calls = world.calls.length
      world.change([15, 3])
      hasTheTruth(world, seats)
      await world.pass(10_000)
      expect([world.calls.length, seats.status]).toEqual([calls, 'live'])
    }
  })

  test('[W66] what was fetched or buffered before that resync does not answer it', async () => {
    const world = new World()
    const { fetch } = world.platform()
    let slow = true
    const { seats } = watch(
      world,
      {},
      {
        fetch: async (url, init) => {
          const answer = await fetch(url, init)
          if (slow) await new Promise<void>(resolve => void world.platform().after(300, resolve))
          return answer
        },
      },
    )
    world.change([1, 2])
    world.change([2, 2])
    await world.pass(100)
    world.change([3, 2])
    world.seats.goBack(2)
    world.socket.say({ type: 'resync', eventId: EVENT, epoch: 1, seq: 1 })
    slow = false
    world.change([9, 1])
    await world.pass(2_000)
    hasTheTruth(world, seats)
    world.change([10, 1])
    hasTheTruth(world, seats)
  })

  test('[W66] who polls, or comes back to an earlier version, takes that too', async () => {
    const world = new World()
    const { seats } = watch(world)
    await world.pass(100)
    for (const seat of [1, 2, 3]) world.change([seat, 2])
    world.blocked = true
    world.socket.end(1006)
    world.seats.goBack(2)
    await world.pass(15_000)
    hasTheTruth(world, seats)
    world.change([4, 2])
    world.change([5, 2])
    await world.pass(15_000)
    hasTheTruth(world, seats)
    world.offline = true
    world.seats.goBack(1)
    world.blocked = false
    await world.pass(40_000)
    world.offline = false
    await world.pass(40_000)
    hasTheTruth(world, seats)
    world.change([6, 1])
    hasTheTruth(world, seats)
    expect(seats.status).toBe('live')
  })
})
