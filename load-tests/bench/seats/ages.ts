/**
 * How old each change of seats was when each watcher had it: by the script's clock, which the channel tells, and that of this
 * process, on the same machine. What all watchers hear is counted once a frame, so that counting does not slow the crowd.
 */
import { Redis } from 'ioredis'
import { parseDiff } from '../../../shared/seats/diff.ts'
import { DIFF_FRAME } from '../../../shared/wire/seat-frames.ts'

export interface ToldAges {
  /** Changes that the channel said. */
  changes: number
  /** Changes times watchers that did not come, or came out of order. */
  missed: number
  p50: number
  p99: number
  most: number
  /** Mean bytes of a frame, and frames to each. */
  frameBytes: number
  frames: number
}

interface HeardFrame {
  from: number
  to: number
  bytes: number
  /** When, ms -> by how many. */
  arrivals: Map<number, number>
}

export class Ages {
  #redis: Redis | undefined
  /** The script's clock by seq. */
  readonly #said = new Map<number, number>()
  readonly #frames = new Map<number, HeardFrame>()
  /** What each has by now. */
  readonly #has = new Map<object, number>()
  #missed = 0

  async follow(redisUrl: string, channel: string): Promise<void> {
    this.#said.clear()
    this.#frames.clear()
    this.#has.clear()
    this.#missed = 0
    this.#redis = new Redis(redisUrl)
    this.#redis.on('message', (_, text: string) => {
      const { seq, now } = parseDiff(text)
      this.#said.set(seq, now)
    })
    await this.#redis.subscribe(channel)
  }

  heard(watcher: object, frame: Buffer): void {
    if (this.#redis === undefined || frame[0] !== DIFF_FRAME) return
    const [from, to] = [frame.readUInt32LE(8), frame.readUInt32LE(12)]
    const has = this.#has.get(watcher)
    if (has !== undefined && from > has + 1) this.#missed += from - has - 1
    // One that says the version alone.
    if (from > to) return
    this.#has.set(watcher, to)
    let known = this.#frames.get(to)
    if (known === undefined) {
      known = { from, to, bytes: frame.length, arrivals: new Map() }
      this.#frames.set(to, known)
    }
    const now = Date.now()
    known.arrivals.set(now, (known.arrivals.get(now) ?? 0) + 1)
  }

  end(watchers: Iterable<object>): ToldAges {
    this.#redis?.disconnect()
    this.#redis = undefined
    const last = Math.max(0, ...this.#said.keys())
    for (const watcher of watchers) this.#missed += last - (this.#has.get(watcher) ?? last - this.#said.size)
    const byAge = new Map<number, number>()
    for (const { from, to, arrivals } of this.#frames.values())
      for (let seq = from; seq <= to; seq++) {
        const said = this.#said.get(seq)
        if (said === undefined) continue
        for (const [at, count] of arrivals) byAge.set(at - said, (byAge.get(at - said) ?? 0) + count)
      }
    const sorted = [...byAge].sort(([a], [b]) => a - b)
    const frames = [...this.#frames.values()]
    return {
      changes: this.#said.size,
      missed: this.#missed,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      most: sorted.at(-1)?.[0] ?? 0,
      frameBytes: frames.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, frames.length),
      frames: frames.length,
    }
  }
}

/** Of ages and how often each was. */
function quantile(sorted: [number, number][], share: number): number {
  const all = sorted.reduce((sum, [, count]) => sum + count, 0)
  let passed = 0
  for (const [age, count] of sorted) {
    passed += count
    if (passed >= share * all) return age
  }
  return 0
}
