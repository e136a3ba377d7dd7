/** Redis forgets everything while the nodes live: how soon places are back, when the first are let in, and whether anybody was passed. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { newsOf } from '../../../queue/news.ts'
import type { Remembered } from '../../../queue/queue.ts'
import { verbKeys, verbs } from '../../../queue/verbs.ts'
import { visitorId } from '../../../shared/ids.ts'
import { connectSubscriber } from '../../../shared/redis.ts'
import type { Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'

const A_CALL = 1_000
const NODES = 2
/** As long as the doors wait: see redis-queue.ts. */
const WINDOW_S = 15
const NEWCOMERS = 100
const LET_IN_S = 5
const GIVE_UP_S = 120

export async function recovery(ground: Ground, places: number): Promise<Target[]> {
  const { redis, keys } = ground
  const nodes = Array.from({ length: NODES }, (_, i) => ground.queue(`node${i}`))
  const [first] = nodes
  if (first === undefined) throw new Error('no node')
  const event = await ground.event(first, { state: 'open', rate: 1_000, cap: 1_000_000, graceSeconds: 120 })
  const { generation } = await first.settings(event)
  const remembered: Remembered[][] = nodes.map(() => [])
  const order: string[] = []
  for (let at = 0; at < places; at += A_CALL) {
    const visitors = Array.from({ length: A_CALL }, () => visitorId(randomUUID()))
    const members = visitors.map(visitor => first.member(event, visitor))
    const answer = (await verbs.join.run(redis, verbKeys(keys, event, 'node0'), [
      generation,
      'socket',
      Buffer.concat(members),
    ])) as (string | number)[]
    for (const [i, visitor] of visitors.entries()) {
      remembered[i % NODES]?.push({ visitorId: visitor, score: Number(answer[4 * i + 2]) })
      order.push(members[i]?.toString('hex') ?? '')
    }
  }
  const letIn: string[] = []
  let firstAt = 0
  const subscriber = connectSubscriber(ground.environment['REDIS_URL'] ?? '', ground.log)
  subscriber.on('messageBuffer', (_channel: Buffer, message: Buffer) => {
    const news = newsOf(message)
    if (news.kind !== 'admitted') return
    if (firstAt === 0) firstAt = performance.now()
    letIn.push(...news.members)
  })
  await subscriber.subscribe(keys.queue(event).channel)

  await redis.flushall()
  const began = performance.now()
  const since = (at: number) => (at - began) / 1_000
  const end = new AbortController()
  const every = async (ms: number, work: () => Promise<unknown>) => {
    while (!end.signal.aborted) {
      await work().catch(() => undefined)
      await wait(ms)
    }
  }
  const beats = [
    ...nodes.map(node => every(1_000, () => node.sweep(event))),
    every(300, () => first.admit(event)),
    every(100, () =>
      Promise.all(Array.from({ length: NEWCOMERS / 10 }, () => first.join(event, visitorId(randomUUID())))),
    ),
  ]
  const counts = await Promise.all(nodes.map((node, i) => node.reassert(event, remembered[i] ?? [])))
  const backAt = performance.now()
  const back = counts.reduce((sum, count) => sum + count, 0)
  while (firstAt === 0 && since(performance.now()) < GIVE_UP_S) await wait(50)
  await wait(LET_IN_S * 1_000)
  end.abort()
  await Promise.all(beats)
  subscriber.disconnect()
  const inversions = letIn.filter((member, i) => order[i] !== member).length
  return [
    {
      name: `${places.toLocaleString('en-US')} places are back`,
      bound: { most: 10 },
      measured: since(backAt),
      unit: 's',
      note: `${back} from ${NODES} nodes’ memory in one process, after FLUSHALL`,
    },
    {
      name: 'the first let in after the window',
      bound: { most: 20 },
      measured: firstAt === 0 ? Number.POSITIVE_INFINITY : since(firstAt) - WINDOW_S,
      unit: 's',
      note: `the window is ${WINDOW_S} s`,
    },
    {
      name: 'inversions',
      bound: { most: 0 },
      measured: inversions + (places - back),
      unit: '',
      note: `of ${letIn.length} let in, newcomers beside them; or places lost`,
    },
  ]
}
