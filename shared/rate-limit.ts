/** Calls of one network a minute, counted in Redis so that all nodes and tiers count together. */
import { Script } from './lua.ts'
import type { Redis } from './redis.ts'

const countCall = new Script(import.meta.url, './rate-limit.lua')

/** Counts a call. Answers 0 where it may pass, else ms to wait; `weight` 0 asks without counting. */
export async function waitOf(
  redis: Redis,
  key: string,
  perMinute: number,
  weight: 0 | 1 = 1,
): Promise<number> {
  return Number(await countCall.run(redis, [key], [perMinute, weight]))
}
