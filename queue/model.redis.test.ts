/**
 * Random runs of the line on Redis beside its model: after every step both answer the same and everybody stands where the
 * model says; and what must hold in any line holds: see the functions below. A run is replayed by MODEL_SEED, and by MODEL_PATH
 * where the failure names one; MODEL_RUNS asks for more.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Line, ModelLine, RealLine, SETTINGS } from './line-fixture.ts'
import { type QueueRig, queueRig } from './queue-fixture.ts'
import type { LineSettings, Standing, Told } from './queue-model.ts'

let rig: QueueRig
beforeAll(async () => {
  rig = await queueRig()
})
afterAll(() => rig.close())

const SEED = Number(process.env['MODEL_SEED'] ?? 20_271)
const RUNS = Number(process.env['MODEL_RUNS'] ?? 30)
/** A run takes half a second on a machine of its own, and several where others work beside it. */
const RUN_MS = 5_000
const HOUR = 3_600_000
const NAMES = [...'stuvwxyz']

/** What is true outside the line: whose sockets are open where, and how much time has really gone by. */
class World {
  readonly line = new ModelLine()
  readonly sockets = new Map<string, Set<string>>()
  /** The names of both nodes now; a node that comes back has another. */
  nodes = ['a', 'b']
  born = 2
  ms = 0
  readonly admissions: { at: number; count: number }[] = []
  most = { rate: SETTINGS.rate, burst: SETTINGS.burst }
  /** Who waits, present all the time since. */
  readonly present = new Set<string>()

  socketsOf(who: string): Set<string> {
    const sockets = this.sockets.get(who) ?? new Set()
    this.sockets.set(who, sockets)
    return sockets
  }
}

type Step = (line: Line, world: World, isModel: boolean) => Promise<unknown>

/** One step, on both; what it does to the world outside is done once, by `after`. */
class Command implements fc.AsyncCommand<World, RealLine> {
  readonly #name: string
  readonly #step: Step
  readonly #after: (world: World, answer: unknown) => void

  constructor(name: string, step: Step, after: (world: World, answer: unknown) => void = () => {}) {
    this.#name = name
    this.#step = step
    this.#after = after
  }

  check() {
    return true
  }

  async run(world: World, real: RealLine) {
    const before = await real.look()
    const { generation, isRestoring } = world.line.model
    const answer = await this.#step(world.line, world, true)
    const got = await this.#step(real, world, false)
    expect(got).toEqual(answer)
    this.#after(world, got)
    const after = await real.look()
    expect(after).toEqual(await world.line.look())
    if (generation === world.line.model.generation && !isRestoring) ranksNeverRise(before, after)
    nobodyIsLost(world, after)
    expect(real.twice).toEqual([])
  }

  toString() {
    return this.#name
  }
}

function ranksNeverRise(before: Standing, after: Standing): void {
  for (const [rank, who] of after.line.entries()) {
    const was = before.line.indexOf(who)
    if (was >= 0) expect(rank, `rank of ${who}`).toBeLessThanOrEqual(was)
  }
}

function nobodyIsLost(world: World, { line, parked, returned, active }: Standing): void {
  const known = new Set([...line, ...parked, ...returned, ...Object.keys(active)])
  for (const who of world.present) expect(known, 'places').toContain(who)
}

function inOrder(before: Standing, called: string[]): void {
  const fromLine = called.filter(who => before.line.includes(who))
  if (fromLine.length > 0) expect(before.returned.filter(who => !called.includes(who))).toEqual([])
  const last = Math.max(-1, ...fromLine.map(who => before.line.indexOf(who)))
  const passedOver = before.line.slice(0, last + 1).filter(who => !called.includes(who))
  for (const who of passedOver)
    expect([...Object.keys(before.away), ...Object.keys(before.asked)]).toContain(who)
}

/** In any time T no more than rate x T + burst, of the highest that were ever set. */
function withinRate({ admissions, most, ms }: World): void {
  let count = 0
  for (const { at, count: more } of admissions.toReversed()) {
    count += more
    expect(count).toBeLessThanOrEqual((most.rate * (ms - at)) / 1_000 + most.burst)
  }
}

/** Nodes hear who is asked for, and answer for their sockets. */
async function answer(line: Line, world: World, asked: string[]): Promise<void> {
  for (const who of asked) for (const node of world.socketsOf(who)) await line.back(who, node)
}

async function admit(line: Line, world: World, isModel: boolean): Promise<string[]> {
  if (isModel) return await line.admit()
  const before = await line.look()
  const called = await line.admit()
  inOrder(before, called)
  const active = Object.keys((await line.look()).active).length
  expect(active).toBeLessThanOrEqual(
    Math.max(world.line.model.settings.cap, Object.keys(before.active).length),
  )
  if (called.length > 0) world.admissions.push({ at: world.ms, count: called.length })
  withinRate(world)
  return called
}

async function sweep(line: Line, world: World, node: string): Promise<string[]> {
  const asked = await line.sweep(node)
  await answer(line, world, asked)
  return asked
}

function placed(world: World, who: string, told: Told): void {
  if (told.state === 'waiting' && world.socketsOf(who).size > 0) world.present.add(who)
  else world.present.delete(who)
}

/** Whoever has a claimed turn may lose it by time alone. */
function claimed(world: World, who: string, told: unknown): void {
  if ((told as Told).state === 'admitted') world.present.delete(who)
}

/** A visitor with no socket left is no longer present. */
function closed(world: World, who: string, node: string): void {
  world.socketsOf(who).delete(node)
  if (world.socketsOf(who).size === 0) world.present.delete(who)
}

function pass(line: Line, world: World, ms: number, isModel: boolean): void {
  line.pass(ms)
  if (!isModel) world.ms += ms
}

const who = fc.constantFrom(...NAMES)
const side = fc.constantFrom(0, 1)
const kinds = [
  fc.tuple(who, side, fc.boolean()).map(
    ([name, i, withReceipt]) =>
      new Command(
        `join(${name}, ${i}${withReceipt ? ', receipt' : ''})`,
        (line, world) => line.join(name, { node: world.nodes[i]! }, withReceipt),
        (world, told) => {
          world.socketsOf(name).add(world.nodes[i]!)
          placed(world, name, told as Told)
        },
      ),
  ),
  who.map(
    name =>
      new Command(
        `joinByPoll(${name})`,
        line => line.join(name, 'poll'),
        (world, told) => claimed(world, name, told),
      ),
  ),
  who.map(
    name =>
      new Command(
        `poll(${name})`,
        line => line.status(name, 'poll'),
        (world, told) => claimed(world, name, told),
      ),
  ),
  fc.tuple(who, side).map(
    ([name, i]) =>
      new Command(
        `vanish(${name}, ${i})`,
        async (line, world) => {
          const node = world.nodes[i]!
          if (!world.socketsOf(name).has(node)) return
          const elsewhere = [...world.socketsOf(name)].filter(other => other !== node)
          const asked = await line.gone(name, node)
          for (const other of asked.length > 0 ? elsewhere : []) await line.back(name, other)
          return asked
        },
        world => closed(world, name, world.nodes[i]!),
      ),
  ),
  who.map(
    name =>
      new Command(
        `leave(${name})`,
        line => line.end(name),
        world => world.present.delete(name),
      ),
  ),
  fc.tuple(who, fc.constantFrom(0, 700, 5_000)).map(
    ([name, late]) =>
      new Command(
        `bought(${name}, ${late} ms ago)`,
        (line, world) => line.end(name, world.line.model.now - late),
        world => world.present.delete(name),
      ),
  ),
  who.map(
    name =>
      new Command(
        `claim(${name})`,
        line => line.claim(name),
        (world, told) => {
          if ((told as Told).state === 'admitted') world.present.delete(name)
        },
      ),
  ),
  who.map(
    name =>
      new Command(
        `renew(${name})`,
        line => line.renew(name),
        (world, ok) => {
          if (ok) world.present.delete(name)
        },
      ),
  ),
  fc.constant(new Command('admit', admit)),
  side.map(i => new Command(`sweep(${i})`, (line, world) => sweep(line, world, world.nodes[i]!))),
  fc
    .constantFrom(40, 250, 700, 3_000)
    .map(ms => new Command(`wait(${ms})`, async (line, world, isModel) => pass(line, world, ms, isModel))),
  fc.integer({ min: 1, max: 6 }).map(
    seconds =>
      new Command(`live(${seconds} s)`, async (line, world, isModel) => {
        const heard: string[][] = []
        for (let second = 0; second < seconds; second++) {
          pass(line, world, 1_000, isModel)
          const called = await admit(line, world, isModel)
          // A node takes the turn of whoever is here at once.
          const here = called.filter(name => world.socketsOf(name).size > 0)
          for (const name of here) await line.claim(name)
          if (!isModel) for (const name of here) world.present.delete(name)
          heard.push(called)
          for (const node of world.nodes) heard.push(await sweep(line, world, node))
        }
        return heard
      }),
  ),
  fc.constantFrom(HOUR, -HOUR).map(
    ms =>
      new Command(`jump(${ms})`, async (line, world, isModel) => {
        line.jump(ms)
        // Graces and turns are safe once the nodes have seen it.
        const called = await admit(line, world, isModel)
        return [called, await sweep(line, world, world.nodes[0]!)]
      }),
  ),
  side.map(
    i =>
      new Command(
        `crash(${i})`,
        async () => undefined,
        world => {
          for (const name of NAMES) closed(world, name, world.nodes[i]!)
          world.nodes[i] = `${'ab'[i]}${world.born++}`
        },
      ),
  ),
  fc
    .constantFrom<Partial<LineSettings>>(
      { state: 'open' },
      { state: 'open' },
      { state: 'paused' },
      { state: 'closing' },
      { joins: false },
      { joins: true },
      { cap: 1 },
      { cap: 6 },
      { rate: 0.5, burst: 1 },
      { rate: 20, burst: 20 },
    )
    .map(
      change =>
        new Command(
          `configure(${JSON.stringify(change)})`,
          line => line.configure(change),
          world => {
            const { rate, burst } = world.line.model.settings
            world.most = { rate: Math.max(world.most.rate, rate), burst: Math.max(world.most.burst, burst) }
          },
        ),
    ),
  fc.constant(
    new Command(
      'lose',
      line => line.lose(),
      world => world.present.clear(),
    ),
  ),
  side.map(
    i =>
      new Command(`reassert(${i})`, (line, world) => {
        const node = world.nodes[i]!
        return line.reassert(
          node,
          NAMES.filter(name => world.socketsOf(name).has(node)),
        )
      }),
  ),
]

/** Joins and seconds of life come oftener than the rest. */
const [joins, live] = [kinds[0]!, kinds[11]!]
const commands = [
  ...kinds,
  ...Array.from({ length: 6 }, () => joins),
  ...Array.from({ length: 4 }, () => live),
]

test(
  '[Q122] in random runs of joins, turns, losses, crashes and jumps Redis does what the model does, and no promise is broken',
  async () => {
    const path = process.env['MODEL_PATH']
    const report = { seed: SEED, numRuns: RUNS, ...(path === undefined ? {} : { path, endOnFailure: true }) }
    const lines: RealLine[] = []
    try {
      await fc.assert(
        fc.asyncProperty(fc.commands(commands, { maxCommands: 60, size: 'max' }), async steps => {
          const setup = async () => {
            const real = await RealLine.make(rig)
            lines.push(real)
            return { model: new World(), real }
          }
          await fc.asyncModelRun(setup, steps)
        }),
        report,
      )
    } catch (error) {
      throw new Error(`seed ${SEED}: MODEL_SEED=${SEED} replays it`, { cause: error })
    } finally {
      for (const line of lines) await line.close()
    }
  },
  RUNS * RUN_MS,
)
