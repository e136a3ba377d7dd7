/** One realtime process with a crowd: how fast it takes them, what a waiting fan costs it, and what telling them costs. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import getPort from 'get-port'
import { projectRoot } from '../../../dev/data-folder.ts'
import { startTier } from '../../../dev/tier.ts'
import { cpuOf, type Ground, redisCpu } from '../ground/ground.ts'
import { liveMemory } from '../ground/live-memory.ts'
import type { Target } from '../report/table.ts'
import type { FromFans, ToFans } from './fans.ts'
import type { FromPublisher, ToPublisher } from './plain-publish.ts'

const WARM_UP = 500
/** Fewer than a listening socket's backlog: who is turned away there comes again after a second. */
const AT_ONCE = 400
const QUIET_MS = 10_000
const WINDOW_MS = 20_000

export async function sockets(ground: Ground, fans: number): Promise<Target[]> {
  const { redis } = ground
  const event = await ground.event(ground.queue('console'), { state: 'paused', graceSeconds: 3_600 })
  const [port, inspector] = [await getPort(), await getPort()]
  const tier = await startTier({
    family: ground.family,
    name: 'realtime',
    node: process.execPath,
    script: join(projectRoot, 'realtime/main.ts'),
    cwd: projectRoot,
    env: {
      ...ground.environment,
      NODE_NAME: 'bench-node',
      REALTIME_PORT: String(port),
      NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}`,
    },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  })
  const crowd = await Crowd.start(ground.environment)
  await crowd.come({ port, count: Math.min(WARM_UP, fans), atOnce: 100, event })
  await wait(QUIET_MS)
  const before = await liveMemory(tier.pid, inspector)
  const idle = await window(tier.pid, crowd, QUIET_MS)
  const [serverCpu, redisBefore] = [await cpuOf(tier.pid), await redisCpu(redis)]
  const came = await crowd.come({ port, count: fans, atOnce: AT_ONCE, event })
  const cpu = [(await cpuOf(tier.pid)) - serverCpu, (await redisCpu(redis)) - redisBefore, came.cpuMs]
  await wait(QUIET_MS)
  const resident = (await liveMemory(tier.pid, inspector)) - before
  const { calls, ticks } = await commandsIn(ground, QUIET_MS)
  const heard = await crowd.heard()
  const size = Math.round(heard.bytes / heard.frames)
  const plain = await PlainServer.start(ground, fans, size)
  // Side by side, so that whatever else the machine does falls on both.
  const [told, published] = await Promise.all([
    window(tier.pid, crowd, WINDOW_MS),
    window(plain.pid, plain.crowd, WINDOW_MS),
  ])
  await tier.stop('SIGKILL', 5_000)
  crowd.end()
  plain.end()
  const rest = WINDOW_MS / QUIET_MS
  const ours = (told.cpuMs - idle.cpuMs * rest) / (told.frames - idle.frames * rest)
  const least = published.cpuMs / published.frames
  const cores = cpu.map(ms => (ms / 1_000 / came.seconds).toFixed(2)).join(', ')
  return [
    {
      name: 'fans who connect and join',
      bound: { least: 3_000 },
      measured: fans / came.seconds,
      unit: '/s',
      note: `${fans} on one node; cores of node, Redis, crowd: ${cores}`,
    },
    {
      name: 'a fan who waits, in the node’s memory',
      bound: { most: 2_048 },
      measured: resident / fans,
      unit: 'B',
      note: 'resident, after a collection',
    },
    {
      name: 'a tick to a fan against plain uWS',
      bound: { most: 1.2 },
      measured: ours / least,
      unit: '',
      note: `${(1_000 * ours).toFixed(2)} against ${(1_000 * least).toFixed(2)} us of CPU for ${size} B`,
    },
    {
      name: 'commands to Redis a tick and fan',
      bound: { most: 0.01 },
      measured: calls / ticks / fans,
      unit: '',
      note: `${(calls / ticks).toFixed(1)} a second with ${fans} waiting`,
    },
  ]
}

/** CPU of a process, and frames heard, over a time. */
async function window(pid: number, crowd: Crowd, ms: number): Promise<{ cpuMs: number; frames: number }> {
  const [cpu, heard] = [await cpuOf(pid), await crowd.heard()]
  await wait(ms)
  return { cpuMs: (await cpuOf(pid)) - cpu, frames: (await crowd.heard()).frames - heard.frames }
}

/** What clients ask of Redis; what scripts do within is theirs. */
async function commandsIn({ redis }: Ground, ms: number): Promise<{ calls: number; ticks: number }> {
  const monitor = await redis.monitor()
  let calls = 0
  monitor.on('monitor', (_time: string, _args: string[], source: string) => {
    if (source !== 'lua') calls++
  })
  await wait(ms)
  monitor.disconnect()
  return { calls, ticks: ms / 1_000 }
}

/** The same frame each second from uWS alone to as many. */
class PlainServer {
  readonly crowd: Crowd
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, crowd: Crowd) {
    this.#process = child
    this.crowd = crowd
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  static async start(ground: Ground, count: number, bytes: number): Promise<PlainServer> {
    const child = fork(join(import.meta.dirname, 'plain-publish.ts'))
    const [{ port }] = (await once(child, 'message')) as [FromPublisher]
    const crowd = await Crowd.start(ground.environment)
    await crowd.come({ port, count, atOnce: AT_ONCE })
    child.send({ bytes } satisfies ToPublisher)
    await wait(QUIET_MS / 2)
    return new PlainServer(child, crowd)
  }

  end(): void {
    this.crowd.end()
    this.#process.kill()
  }
}

class Crowd {
  readonly #process: ChildProcess

  private constructor(child: ChildProcess) {
    this.#process = child
  }

  static async start(environment: Record<string, string>): Promise<Crowd> {
    const child = fork(join(import.meta.dirname, 'fans.ts'), {
      env: { PATH: process.env['PATH'], ...environment },
    })
    await once(child, 'message')
    return new Crowd(child)
  }

  async come(
    asked: Omit<Extract<ToFans, { ask: 'come' }>, 'ask'>,
  ): Promise<{ seconds: number; cpuMs: number }> {
    return (await this.#ask({ ask: 'come', ...asked })) as Extract<FromFans, { told: 'come' }>
  }

  async heard(): Promise<Extract<FromFans, { told: 'heard' }>> {
    return (await this.#ask({ ask: 'heard' })) as Extract<FromFans, { told: 'heard' }>
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }

  async #ask(message: ToFans): Promise<FromFans> {
    const answered = Promise.race([
      once(this.#process, 'message'),
      once(this.#process, 'exit').then(([code]) => Promise.reject(new Error(`the crowd ended with ${code}`))),
    ])
    this.#process.send(message)
    const [answer] = (await answered) as [FromFans]
    return answer
  }
}
