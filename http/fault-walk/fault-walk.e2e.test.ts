/**
 * Processes that die at each step of each flow, one at a time and for real; then a worker does what is left, and an audit that
 * waits for nothing must be clean. FAULT_WALK=full dies with and without a fan who comes back; without it each death has one.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STEPS, type StepName } from '../bookings/steps.ts'
import type { Orders } from './actor-fixture.ts'
import { Lane } from './lane-fixture.ts'
import { SCENARIOS, type Scenario } from './scenarios-fixture.ts'
import type { Scene } from './scene-fixture.ts'

const LANES = 3
/** Of one scenario's name, to look into it. */
const only = process.env['FAULT_WALK_ONLY']
const isFull = process.env['FAULT_WALK'] === 'full'
/** Which steps each scenario takes. */
const taken = new Map<Scenario, Set<StepName>>()
const lanes: Lane[] = []

interface Death {
  step: StepName
  when: 'before' | 'after'
  fan: 'comes back' | 'is gone'
  scenario: Scenario
}
interface Told extends Death {
  saw: string
  then: string
  verdict: string
}
const table: Told[] = []

beforeAll(async () => {
  lanes.push(...(await Promise.all(Array.from({ length: LANES }, () => Lane.open()))))
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
  await Promise.all(lanes.map(lane => lane.close()))
  if (table.length > 0) console.log(drawn(table))
})

async function sceneOf(lane: Lane, scenario: Scenario): Promise<Scene> {
  const scene = { lane, ...(await lane.fresh()), booking: '', intent: '' }
  await scenario.before?.(scene)
  return scene
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
  const stage = await lane.observed(ordersOf(scenario, scene), seen)
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
  let then = '-'
  if (scenario.role === 'http' && fan === 'comes back') {
    const url = lane.shop.webhookUrl.replace('/webhooks/stripe', '')
    // Told to come again, as where Stripe failed, they do.
    for (let calls = 0; calls < 3 && !/^[24]/.test(then); calls++)
      then = await scenario.act(scene, { url, ended: Promise.resolve() })
    await calm(scene, scenario)
  }
  if (fan === 'is gone') await lane.timeIsOver()
  const faults = await lane.heal()
  const isRefused = /^5\d\d/.test(then)
  const verdict = [
    ...(isDead ? [] : ['did not die']),
    ...(isRefused ? [`refused: ${then}`] : []),
    ...faults.map(({ kind, place, detail }) => `${kind} ${place} ${detail}`),
  ]
  return { step, when, fan, scenario, saw, then, verdict: verdict.join('; ') || 'clean' }
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

function drawn(all: Told[]): string {
  const rows = [
    ['step', 'death', 'who', 'what', 'saw', 'the fan', 'then', 'verdict'],
    ...all.map(({ step, when, scenario, saw, fan, then, verdict }) => [
      step,
      when,
      scenario.role,
      scenario.name,
      saw,
      fan,
      then,
      verdict,
    ]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
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
            table.push(await die(lane, death))
        }),
      )
      expect(
        table
          .filter(({ verdict }) => verdict !== 'clean')
          .map(told => `${told.step} ${told.when} (${told.scenario.name}): ${told.verdict}`),
      ).toEqual([])
    },
    isFull ? 3_600_000 : 900_000,
  )
})
