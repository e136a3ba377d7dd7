/**
 * Processes that die at each step of each flow, one at a time and for real, and stores and a Stripe that fail there; then a worker
 * does what is left, and an audit that waits for nothing must be clean. FAULT_WALK=full (`npm run fault-walk`) dies with and
 * without a fan who comes back, and fails more flows in more ways.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../bookings/sale-fixture.ts'
import { STEPS, type StepName, straight } from '../bookings/steps.ts'
import type { Orders } from './actor-fixture.ts'
import { Lane } from './lane-fixture.ts'
import {
  FrailLane,
  knobOf,
  type Outage,
  QUICK_STRIPE_FAULTS,
  STRIPE_CALLS,
  STRIPE_FAULTS,
  type StripeFault,
} from './outages-fixture.ts'
import { SCENARIOS, type Scenario } from './scenarios-fixture.ts'
import { type Scene, shopUrl } from './scene-fixture.ts'
import { drawn, type Told, unclean } from './table-fixture.ts'

const LANES = 3
/** Of one scenario's name, to look into it. */
const only = process.env['FAULT_WALK_ONLY']
const isFull = process.env['FAULT_WALK'] === 'full'
/** Which steps each scenario takes. */
const taken = new Map<Scenario, Set<StepName>>()
const LONG_MS = isFull ? 3_600_000 : 900_000
const lanes: Lane[] = []
const frails: FrailLane[] = []

interface Death {
  step: StepName
  when: 'before' | 'after'
  fan: 'comes back' | 'is gone'
  scenario: Scenario
}
const table: Told[] = []

beforeAll(async () => {
  lanes.push(...(await Promise.all(Array.from({ length: LANES }, () => Lane.open()))))
  frails.push(...(await Promise.all(Array.from({ length: LANES }, () => FrailLane.open()))))
  const left = SCENARIOS.filter(({ name }) => only === undefined || name.includes(only))
  await Promise.all(
    lanes.map(async lane => {
      for (let scenario = left.shift(); scenario !== undefined; scenario = left.shift()) {
        const seen = new Set<StepName>()
        await observe(lane, scenario, seen)
        taken.set(scenario, seen)
      }
    }),
  )
}, 120_000)
afterAll(async () => {
  await Promise.all([...lanes, ...frails].map(lane => lane.close()))
  if (table.length > 0) console.log(drawn(table))
})

/** On a machine that others keep busy what comes before may itself be answered too late: then it is made anew. */
async function sceneOf(lane: Lane, scenario: Scenario, tries = 3): Promise<Scene> {
  const scene = { lane, ...(await lane.fresh()), booking: '', intent: '' }
  try {
    await scenario.before?.(scene)
    return scene
  } catch (error) {
    if (tries <= 1) throw error
    lane.shop.simulator.change({ reset: true })
    await lane.heal()
    return sceneOf(lane, scenario, tries - 1)
  }
}

function ordersOf(scenario: Scenario, scene: Scene, death?: Orders['death']): Orders {
  const { role, broken, says, stolen, deed } = scenario
  const { house, seats, booking, intent } = scene
  return {
    role,
    broken,
    says,
    death,
    stolen: stolen && { step: stolen, eventId: house.eventId, seats: seats.slice(2, 3) },
    deed: deed && { kind: deed, booking, intent },
  }
}

async function calm({ lane, ...scene }: Scene, scenario: Scenario): Promise<void> {
  await scenario.after?.({ lane, ...scene })
  lane.shop.simulator.change({ reset: true })
}

async function observe(lane: Lane, scenario: Scenario, seen: Set<StepName>): Promise<void> {
  const scene = await sceneOf(lane, scenario)
  const stage = await lane.here(ordersOf(scenario, scene), (name, work) => {
    seen.add(name)
    return work()
  })
  await scenario.act(scene, stage)
  stage.close()
  await calm(scene, scenario)
  expect(await lane.heal(), scenario.name).toEqual([])
}

async function die(lane: Lane, { step, when, fan, scenario }: Death): Promise<Told> {
  const scene = await sceneOf(lane, scenario)
  const stage = await lane.actor(ordersOf(scenario, scene, { step, when }))
  const saw = await Promise.race([scenario.act(scene, stage), stage.ended.then(() => 'no answer')])
  // What it does behind its answer it may not have come to yet.
  const isDead = await Promise.race([
    stage.ended.then(() => true),
    new Promise<boolean>(resolve => setTimeout(() => resolve(false), 5_000)),
  ])
  stage.child.kill('SIGKILL')
  await stage.ended
  await calm(scene, scenario)
  await lane.secondsPass()
  const then = fan === 'comes back' ? await again(scene, scenario) : '-'
  if (fan === 'is gone') await lane.timeIsOver()
  const verdict = await judged(scene, then, isDead ? [] : ['did not die'])
  return { step, fault: `killed ${when}`, fan, scenario, saw, then, verdict }
}

/** The fan comes back; told to come again, as where Stripe failed, they do. */
async function again(scene: Scene, scenario: Scenario): Promise<string> {
  if (scenario.role !== 'http') return '-'
  const url = await shopUrl(scene)
  let then = '-'
  for (let calls = 0; calls < 3 && !/^[24]/.test(then); calls++)
    then = await scenario.act(scene, { url, ended: Promise.resolve() })
  await calm(scene, scenario)
  return then
}

async function judged({ lane, house }: Scene, then: string, faults: string[]): Promise<string> {
  // Where Redis lost them, the seats are looked at as they are brought back.
  await lane.shop.deps.inventory.snapshot(house.stock)
  const found = await lane.heal()
  const verdict = [
    ...faults,
    ...(/^(5|no answer)/.test(then) ? [`refused: ${then}`] : []),
    ...found.map(({ kind, place, detail }) => `${kind} ${place} ${detail}`),
  ]
  return verdict.join('; ') || 'clean'
}

const NOT_STRUCK = 'was not struck'

interface Trouble {
  step: StepName
  scenario: Scenario
  fault: Outage | StripeFault
  /** Of Stripe's faults, the call that meets it. */
  call?: (typeof STRIPE_CALLS)[number]
}

/** The process lives, and what it leans on does not. */
async function suffer(frail: FrailLane, { step, scenario, fault, call }: Trouble): Promise<Told> {
  const { lane, deps } = frail
  const scene = await sceneOf(lane, scenario)
  const strike = call === undefined ? frail.striking(step, fault as Outage) : undefined
  const walker = strike?.walker ?? straight
  const stage = await lane.here(ordersOf(scenario, scene), walker, deps)
  if (call !== undefined) lane.shop.simulator.change(knobOf(fault as StripeFault, call))
  const saw = await scenario.act(scene, stage)
  const isStruck = await Promise.race([
    strike === undefined
      ? until('Stripe failed', () => lane.shop.simulator.change({}).faults.length === 0).then(
          () => true,
          () => false,
        )
      : strike.struck.then(() => true),
    lane.shop.deps.clock.sleep(5_000).then(() => false),
  ])
  stage.close()
  await frail.mend()
  await calm(scene, scenario)
  await lane.secondsPass()
  // Stripe's word to wait is over.
  await deps.redis.del(deps.keys.provider('pay'))
  const then = await again(scene, scenario)
  const verdict = await judged(scene, then, isStruck ? [] : [NOT_STRUCK])
  return { step, fault, fan: 'comes back', scenario, saw, then, verdict }
}

/** Which steps a worker's round takes is chance in part, and a busy machine may be too slow to come to one: then once more. */
async function sufferSurely(frail: FrailLane, trouble: Trouble): Promise<Told> {
  const told = await suffer(frail, trouble)
  return told.verdict.startsWith(NOT_STRUCK) ? suffer(frail, trouble) : told
}

/** These in CI; more in full. */
const SHAKEN = ['holds two seats', 'pays']
const SHAKEN_IN_FULL = [
  ...SHAKEN,
  'holds the best seat',
  'changes a seat of a hold',
  'renews a hold',
  'gives a hold back',
  'pays after a decline',
  'goes to 3-D Secure',
  'gives back what is being paid',
  "hears Stripe's event",
  'does what follows a sale',
  'ends what ran out of time',
  'settles late money',
  'makes a refund',
]

function outages(kinds: readonly Outage[]): Trouble[] {
  const names = isFull ? SHAKEN_IN_FULL : SHAKEN
  return SCENARIOS.filter(({ name }) => names.includes(name)).flatMap(scenario =>
    [...(taken.get(scenario) ?? [])].flatMap(step => kinds.map(fault => ({ step, scenario, fault }))),
  )
}

function failures(): Trouble[] {
  const kinds = isFull ? (Object.keys(STRIPE_FAULTS) as StripeFault[]) : QUICK_STRIPE_FAULTS
  return STRIPE_CALLS.flatMap(call => {
    const scenario = SCENARIOS.find(({ name }) => name === call.scenario)
    if (scenario === undefined) throw new Error(`no such scenario: ${call.scenario}`)
    if (!taken.has(scenario)) return []
    return kinds.map(fault => ({ step: call.step, scenario, fault, call }))
  })
}

/** What cannot be walked is told like what ends badly, and the others are walked all the same. */
async function toldOf(walk: Omit<Told, 'saw' | 'then' | 'verdict'>, work: Promise<Told>): Promise<Told> {
  const [saw, then] = ['-', '-']
  return work.catch((error: unknown) => {
    const verdict = `not walked: ${error instanceof Error ? error.message : error}`
    return { ...walk, saw, then, verdict }
  })
}

async function walked(left: Trouble[]): Promise<string[]> {
  const told: Told[] = []
  await Promise.all(
    frails.map(async frail => {
      for (let trouble = left.shift(); trouble !== undefined; trouble = left.shift())
        told.push(await toldOf({ ...trouble, fan: 'comes back' }, sufferSurely(frail, trouble)))
    }),
  )
  table.push(...told)
  return unclean(told)
}

function deaths(): Death[] {
  return (Object.keys(STEPS) as StepName[]).flatMap(step => {
    const scenario = SCENARIOS.find(one => taken.get(one)?.has(step))
    if (scenario === undefined) return []
    return (['before', 'after'] as const).flatMap(when => {
      const fans = isFull
        ? (['comes back', 'is gone'] as const)
        : when === 'before'
          ? (['comes back'] as const)
          : (['is gone'] as const)
      return fans.map(fan => ({ step, when, fan, scenario }))
    })
  })
}

describe('the fault walk', () => {
  test('[A17] Every named step of every flow is walked.', () => {
    const walked = new Set([...taken.values()].flatMap(steps => [...steps]))
    expect(Object.keys(STEPS).filter(step => !walked.has(step as StepName))).toEqual([])
  })

  test(
    '[A18] A process killed before or after any step leaves tickets and money that come into step.',
    async () => {
      const left = only === undefined ? deaths() : []
      await Promise.all(
        lanes.map(async lane => {
          for (let death = left.shift(); death !== undefined; death = left.shift())
            table.push(await toldOf({ ...death, fault: `killed ${death.when}` }, die(lane, death)))
        }),
      )
      expect(unclean(table)).toEqual([])
    },
    LONG_MS,
  )

  test(
    '[A20] Redis that loses everything, or starts again, before any step of a hold or a payment loses neither.',
    async () => {
      const kinds = isFull ? (['FLUSHALL', 'Redis restarts'] as const) : (['FLUSHALL'] as const)
      expect(await walked(outages(kinds))).toEqual([])
    },
    LONG_MS,
  )

  test(
    '[A21] Postgres that is away from any step on leaves what comes into step once it is back.',
    async () => {
      expect(await walked(outages(['Postgres is away']))).toEqual([])
    },
    LONG_MS,
  )

  test(
    '[A22] Stripe that fails, limits, hangs up or never answers at any call costs nobody seats or money.',
    async () => {
      expect(await walked(failures())).toEqual([])
    },
    LONG_MS,
  )
})
