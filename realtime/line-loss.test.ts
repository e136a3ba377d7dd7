/** What a node does for its line where Redis is lost at an awkward moment; the stores are played, as the moment is. */
import { expect, test } from 'vitest'
import type { Queue, QueueNode, Remembered } from '../queue/queue.ts'
import { type EventId, eventId, type VisitorId, visitorId } from '../shared/ids.ts'
import type { PlaceInfo, ServerMessage } from '../shared/wire/messages.ts'
import type { Connection } from './connection.ts'
import { Line } from './line.ts'
import { LineMember } from './line-member.ts'
import { LinePlaces } from './line-places.ts'
import { LineRepair } from './line-repair.ts'
import type { LineTicks } from './line-ticks.ts'

const EVENT = eventId('e00000001')
const VISITOR = visitorId('00000000-0000-4000-8000-000000000001')
const SCORE = 1_000

/** A line of the first generation in which one visitor waits. */
function lineOf(queue: Partial<Queue & QueueNode>) {
  const line = new Line(EVENT, { place() {}, take() {}, called: () => [] } as unknown as LineTicks, () => {})
  line.state = 'open'
  line.generation = 1
  const member = Object.assign(new LineMember(VISITOR, 'hex', 'waiting'), { score: SCORE })
  line.members.set('hex', member)
  const parts = {
    queue: queue as Queue & QueueNode,
    clock: undefined as never,
    share: undefined as never,
    meters: undefined as never,
  }
  const places = new LinePlaces(parts)
  return { line, member, places, repair: new LineRepair({ ...parts, places }) }
}

const waits: PlaceInfo = {
  state: 'waiting',
  position: 9,
  score: 2_000,
  receipt: '',
  generation: 2,
  wait: null,
}

test('[Q233] a node that finds no place for who waits here gives them none at the end where Redis has lost the line', async () => {
  let generation = 2
  const { line, member, places } = lineOf({
    status: async () => ({ state: 'none' }),
    settings: async () => ({ generation }) as Awaited<ReturnType<Queue['settings']>>,
    join: async () => waits,
  })
  await places.tell(line, member, false)
  expect([member.score, line.remembered()]).toEqual([SCORE, [member]])
  generation = 1
  await places.tell(line, member, false)
  expect(member.score).toBe(waits.score)
})

test('[Q234] what is lost once more while a node brings places back is brought back again', async () => {
  const brought: [EventId, VisitorId[]][] = []
  const { line, repair } = lineOf({
    status: async () => waits,
    passes: async () => [],
    reassert: async (event: EventId, places: Remembered[]) => {
      brought.push([event, places.map(one => one.visitorId)])
      if (brought.length === 1) line.isLost = true
      if (brought.length === 2) throw new Error('Redis is away')
      return places.length
    },
  })
  line.isLost = true
  await repair.restore(line)
  await expect(repair.restore(line)).rejects.toThrow('away')
  await repair.restore(line)
  await repair.restore(line)
  expect(brought).toEqual(Array.from({ length: 3 }, () => [EVENT, [VISITOR]]))
})

test('[Q235] news that is missed once more while a node looks for what it has missed is looked for again', async () => {
  const { line, repair } = lineOf({
    passes: async () => {
      line.newsMissed = true
      return []
    },
  })
  line.members.set('in', new LineMember(VISITOR, 'in', 'admitted'))
  line.newsMissed = true
  await repair.findMissed(line)
  expect([line.newsMissed, line.members.has('in')]).toEqual([true, false])
  await repair.findMissed(line)
  expect(line.newsMissed).toBe(false)
})

test('[Q272] who leaves while their admission is being recorded hears of no pass behind the word that it has ended', async () => {
  const heard: string[] = []
  const { line, member, places } = lineOf({
    passes: async () => {
      places.end(line, [member.hex], 'left')
      return [{ visitorId: VISITOR, pass: 'pass', until: 1 }] as Awaited<ReturnType<QueueNode['passes']>>
    },
  })
  member.add({ send: ({ type }: ServerMessage) => heard.push(type), expel() {} } as unknown as Connection)
  await places.tellAdmitted(line, [member])
  expect(heard).toEqual(['ended'])
})
