/** What a peer in TypeScript hears of Redis: seat changes, each alone, or what came together as one frame, as Onsale makes them. */
import { Redis } from 'ioredis'
import { parseDiff } from '../../../shared/seats/diff.ts'
import type { SeatDiff } from '../../../shared/seats/inventory.ts'
import { encodeDiff, mergeDiffs } from '../../../shared/wire/seat-frames.ts'

/** What Redis sends together is told together. */
const TOGETHER_MS = 2

/** REDIS_URL and CHANNEL say where, EACH whether each alone. */
export async function hearChanges(tell: (frame: Uint8Array<ArrayBuffer>) => void): Promise<void> {
  const { REDIS_URL = '', CHANNEL = '', EACH } = process.env
  const redis = new Redis(REDIS_URL)
  let pending: SeatDiff[] = []
  const flush = () => {
    const frame = encodeDiff(mergeDiffs(pending))
    pending = []
    if (frame !== undefined) tell(frame)
  }
  redis.on('message', (_, text: string) => {
    pending.push(parseDiff(text))
    if (EACH !== undefined) flush()
    else if (pending.length === 1) setTimeout(flush, TOGETHER_MS)
  })
  await redis.subscribe(CHANNEL)
}
