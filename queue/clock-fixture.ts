/**
 * A Redis whose clock the test moves: scripts and TIME read it instead of the real one, so graces, claims and jumps of an
 * hour need no waiting. The time comes with each call, as two keys behind the verb's own, so a FLUSHALL does not lose it.
 * Lives of keys (TTL) stay real.
 */
import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../shared/clock.ts'
import type { Redis } from '../shared/redis.ts'

/** Longer than what a beat waits for on stores of a test. */
const SOON_MS = 100

export interface MovableTime {
  /** ms, of Redis; the nodes' clocks go with it, but where it jumped. */
  now: number
  jumped: number
  /** A node's own clock, so far ahead of Redis's; its sleeps end soon. */
  clock(ahead?: number): Clock
}

export function movableTime(now: number): MovableTime {
  const time: MovableTime = {
    now,
    jumped: 0,
    clock: (ahead = 0) => ({
      now: () => time.now - time.jumped + ahead,
      sleep: (ms, signal) => systemClock.sleep(Math.min(ms, SOON_MS), signal),
    }),
  }
  return time
}

export interface ClockedRedis {
  redis: Redis
  /** Scripts under way, and all that ever ended. */
  calls: { open: number; ended: number }
}

export function clockedRedis(real: Redis, time: MovableTime): ClockedRedis {
  const calls = { open: 0, ended: 0 }
  const mapped = new Map<string, string>()
  const seconds = () => String(Math.floor(time.now / 1_000))
  const micros = () => String((time.now % 1_000) * 1_000)

  async function evaluate(source: string, count: number, ...rest: (string | number | Buffer)[]) {
    const sha = createHash('sha1').update(source).digest('hex')
    const moved = source.replaceAll(`redis.call('TIME')`, '{ KEYS[#KEYS - 1], KEYS[#KEYS] }')
    mapped.set(sha, createHash('sha1').update(moved).digest('hex'))
    return await counted(real.eval(moved, ...timed(count, rest)))
  }

  async function evaluateKnown(sha: string, count: number, ...rest: (string | number | Buffer)[]) {
    const known = mapped.get(sha)
    if (known === undefined) throw new Error('NOSCRIPT of the clocked Redis')
    return await counted(real.evalsha(known, ...timed(count, rest)))
  }

  function timed(
    count: number,
    rest: (string | number | Buffer)[],
  ): [number, ...(string | number | Buffer)[]] {
    return [count + 2, ...rest.slice(0, count), seconds(), micros(), ...rest.slice(count)]
  }

  async function counted<T>(work: Promise<T>): Promise<T> {
    calls.open += 1
    try {
      return await work
    } finally {
      calls.open -= 1
      calls.ended += 1
    }
  }

  const instead: Record<string | symbol, unknown> = {
    eval: evaluate,
    evalsha: evaluateKnown,
    time: () => Promise.resolve([seconds(), micros()]),
  }
  const redis = new Proxy(real, {
    get(whole, name) {
      const other = instead[name]
      if (other !== undefined) return other
      const found: unknown = Reflect.get(whole, name)
      return typeof found === 'function' ? found.bind(whole) : found
    },
  })
  return { redis, calls }
}
