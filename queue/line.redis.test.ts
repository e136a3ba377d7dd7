/** What the line promises, kept by the model and by Redis alike. Time stands still until a test moves it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BEGIN, type Line, ModelLine, RECOVERY, RealLine, SETTINGS } from './line-fixture.ts'
import { type QueueRig, queueRig } from './queue-fixture.ts'
import type { LineSettings } from './queue-model.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const [a, b] = [{ node: 'a' }, { node: 'b' }]
const HOUR = 3_600_000

/** One second after the other, as nodes live it. */
async function seconds(line: Line, count: number, nodes = ['a', 'b']): Promise<string[]> {
  const called: string[] = []
  for (let second = 0; second < count; second++) {
    line.pass(1_000)
    called.push(...(await line.admit()))
    for (const node of nodes) await line.sweep(node)
  }
  return called
}

describe.each([
  { name: 'the model', make: async (settings: LineSettings): Promise<Line> => new ModelLine(settings) },
  { name: 'Redis', make: (settings: LineSettings): Promise<Line> => RealLine.make(rig, settings) },
])('$name', ({ make }) => {
  async function lineOf(names: string, change: Partial<LineSettings> = {}): Promise<Line> {
    const line = await make({ ...SETTINGS, ...change })
    for (const who of names) await line.join(who, a)
    return line
  }

  test('[Q113] a round lets in as many as tokens and cap allow, in order, and not before a quarter second is over', async () => {
    const line = await lineOf('uvwxyz', { rate: 4, burst: 2, cap: 4, claim: 6_000 })
    line.pass(249)
    expect(await line.admit()).toEqual([])
    line.pass(1)
    expect(await line.admit()).toEqual(['u', 'v'])
    line.pass(250)
    expect(await line.admit()).toEqual(['w'])
    expect(await seconds(line, 1)).toEqual(['x'])
    expect(await line.status('y', 'socket')).toEqual({ state: 'waiting', ahead: 0 })
    await line.end('v')
    expect(await seconds(line, 1)).toEqual(['y'])
    await line.close()
  })

  test('[Q114] whoever joins again while waiting, set aside, called back or admitted has the place of before', async () => {
    const line = await lineOf('xyz', { cap: 1 })
    await line.gone('x', 'a')
    expect(await seconds(line, 1)).toEqual(['y'])
    const { until } = (await line.join('y', a)) as { until: number }
    expect(await line.join('y', b)).toEqual({ state: 'admitted', until })
    expect(await line.join('x', b)).toEqual({ state: 'waiting', ahead: 0 })
    expect(await line.join('x', 'poll')).toEqual({ state: 'waiting', ahead: 0 })
    expect(await line.join('z', b)).toEqual({ state: 'waiting', ahead: 0 })
    const { line: waits, returned, parked, active } = await line.look()
    expect([waits, returned, parked, Object.keys(active)]).toEqual([['z'], ['x'], [], ['y']])
    await line.close()
  })

  test('[Q115] those who were away when called are called next when they come back together, in the order of before', async () => {
    const line = await lineOf('pqrstu', { cap: 1, burst: 1, rate: 1 })
    for (const who of 'prs') await line.gone(who, 'a')
    expect(await seconds(line, 1)).toEqual(['q'])
    await line.claim('q')
    await line.end('q')
    expect(await seconds(line, 1)).toEqual(['t'])
    await line.claim('t')
    for (const who of 'srp') await line.back(who, 'b')
    await line.end('t')
    const order: string[] = []
    for (let turn = 0; turn < 4; turn++) {
      const [who = 'nobody'] = await seconds(line, 1)
      order.push(who)
      await line.claim(who)
      await line.end(who)
    }
    expect(order).toEqual(['p', 'r', 's', 'u'])
    await line.close()
  })

  test('[Q116] a turn waits for its claim, a claimed one has its length, and what one does renews it up to the longest stay', async () => {
    const line = await lineOf('xy', { cap: 2, burst: 2, claim: 2_000, pass: 6_000, stay: 9_000 })
    line.pass(250)
    expect(await line.admit()).toEqual(['x', 'y'])
    line.pass(1_000)
    expect(await line.claim('x')).toEqual({ state: 'admitted', until: BEGIN + 7_250 })
    line.pass(1_000)
    await line.sweep('a')
    expect((await line.look()).parked).toEqual(['y'])
    expect(await seconds(line, 4)).toEqual([])
    expect(await line.renew('x')).toBe(true)
    expect((await line.look()).active).toEqual({ x: { until: BEGIN + 10_250, claimed: true } })
    expect(await seconds(line, 4)).toEqual([])
    expect(await line.renew('x')).toBe(false)
    expect(await line.status('x', 'socket')).toEqual({ state: 'none' })
    await line.close()
  })

  test('[Q117] a visitor whose tab on one node closes is asked for at once, so the other tab keeps the turn', async () => {
    const line = await lineOf('xy', { cap: 1 })
    await line.join('x', b)
    expect(await line.gone('x', 'a')).toEqual(['x'])
    await line.back('x', 'b')
    expect(await seconds(line, 1)).toEqual(['x'])
    await line.close()
  })

  test('[Q118] a place is asked for before its grace ends, and given up where nobody answers; a poll keeps it for a grace', async () => {
    const line = await lineOf('wxy', { state: 'paused', grace: 4_000 })
    await line.join('z', 'poll')
    for (const who of 'xy') await line.gone(who, 'a')
    expect([await line.sweep('a'), await line.sweep('b')]).toEqual([[], []])
    line.pass(1_900)
    await line.status('z', 'poll')
    line.pass(100)
    expect(await line.sweep('a')).toEqual(['x', 'y'])
    await line.back('x', 'b')
    line.pass(1_999)
    await line.sweep('a')
    expect((await line.look()).line).toEqual(['w', 'x', 'y', 'z'])
    line.pass(1)
    await line.sweep('a')
    expect((await line.look()).line).toEqual(['w', 'x', 'z'])
    expect(await seconds(line, 3)).toEqual([])
    expect((await line.look()).line).toEqual(['w', 'x'])
    await line.close()
  })

  test('[Q119] a dead node’s visitors have a grace from its burial, and are asked for at once', async () => {
    const line = await lineOf('x', { state: 'paused', grace: 4_000 })
    await line.sweep('b')
    for (const who of 'yz') await line.join(who, b)
    await line.join('z', a)
    await seconds(line, 2, ['a'])
    line.pass(1_000)
    expect(await line.sweep('a')).toEqual(['y', 'z'])
    await line.back('z', 'a')
    await seconds(line, 3, ['a'])
    expect((await line.look()).line).toEqual(['x', 'y', 'z'])
    await seconds(line, 1, ['a'])
    expect((await line.look()).line).toEqual(['x', 'z'])
    await line.close()
  })

  test('[Q120] after a loss receipts and the nodes’ memory restore the order, newcomers stay behind, and nothing moves before', async () => {
    const line = await lineOf('tuvwxyz', { cap: 2, burst: 2 })
    await seconds(line, 1)
    await line.claim('t')
    await line.claim('u')
    await line.end('u')
    await line.lose()
    await line.join('n', a)
    await line.join('x', a)
    expect(await line.join('t', a, true)).toMatchObject({ state: 'admitted' })
    expect(await line.join('u', a, true)).toEqual({ state: 'waiting', ahead: 2 })
    expect(await line.join('w', b, true)).toEqual({ state: 'waiting', ahead: 0 })
    await line.reassert('b', ['v', 'y', 'u', 't'])
    expect((await line.look()).line).toEqual(['v', 'w', 'y', 'n', 'x', 'u'])
    // Who came in anew and finds the receipt later keeps the better of both places.
    expect(await line.join('x', a, true)).toEqual({ state: 'waiting', ahead: 2 })
    expect((await line.look()).line).toEqual(['v', 'w', 'x', 'y', 'n', 'u'])
    line.pass(RECOVERY - 1)
    expect(await line.admit()).toEqual([])
    line.pass(251)
    expect(await line.admit()).toEqual(['v'])
    await line.close()
  })

  test('[Q250] the word of a purchase ends at once the slot it was made in, also where no node was there or the clock jumped since, and no later one', async () => {
    const line = await lineOf('x', { cap: 1, pass: 60_000, stay: 60_000, claim: 5_000 })
    await seconds(line, 1)
    await line.claim('x')
    // Nobody admits for half a minute; then slots are moved along.
    line.pass(30_000)
    const bought = BEGIN + 31_000
    line.pass(1_000)
    await line.admit()
    expect((await line.look()).active).toEqual({ x: { until: BEGIN + 61_000 + 31_000, claimed: true } })
    await line.end('x', bought)
    expect((await line.look()).active).toEqual({})
    await line.join('x', a)
    expect(await seconds(line, 1)).toEqual(['x'])
    await line.claim('x')
    await line.end('x', bought)
    expect(Object.keys((await line.look()).active)).toEqual(['x'])
    line.jump(-HOUR)
    await line.admit()
    // By the clock as it is now, it was bought before every record.
    await line.end('x', BEGIN + 33_000 - HOUR)
    expect((await line.look()).active).toEqual({})
    await line.close()
  })

  test('[Q121] a clock that jumps an hour ends no turn, no grace and no poll, and gives no tokens', async () => {
    for (const hour of [HOUR, -HOUR]) {
      const line = await lineOf('vwxy', { cap: 2, burst: 2, rate: 1, grace: 4_000, pass: 6_000 })
      await line.join('z', 'poll')
      expect(await seconds(line, 1)).toEqual(['v', 'w'])
      await line.claim('v')
      await line.claim('w')
      await line.gone('y', 'a')
      await line.end('v')
      line.jump(hour)
      expect(await line.admit()).toEqual([])
      for (const node of ['a', 'b']) expect(await line.sweep(node)).toEqual([])
      expect(await line.renew('w')).toBe(true)
      expect(await seconds(line, 1)).toEqual(['x'])
      const { line: waits, active } = await line.look()
      expect(waits).toEqual(['y', 'z'])
      expect(Object.values(active).every(({ until }) => Math.abs(until - BEGIN - hour) < 20_000)).toBe(true)
      await line.status('z', 'poll')
      await line.join('y', b)
      await line.configure({ state: 'paused' })
      await seconds(line, 3)
      expect((await line.look()).line).toEqual(['y', 'z'])
      await line.close()
    }
  })
})
