/**
 * The minutes before, in Redis: a sample every few seconds of each event whose queue is on or whom an operator watches. Any
 * node takes it, under a short lock, so the death of one loses a sample at most; and the counters lie beside each sample,
 * so whoever takes the next knows the rates.
 */
import type { FlowCounts } from '../queue/flow.ts'
import type { EventId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Redis } from '../shared/redis.ts'
import type { AdminSample } from '../shared/wire/messages.ts'
import { type EventFigures, sampleOf } from './admin-figures.ts'
import { ratesBetween } from './admin-rates.ts'
import { SAMPLE_EVERY_MS, SAMPLES_AT_ONCE, SAMPLES_KEPT, SAMPLES_SECONDS } from './bounds.ts'

interface Parts {
  redis: Redis
  keys: Keys
  figures: EventFigures
  node: string
}

interface Kept {
  sample: AdminSample
  flow: FlowCounts
}

export class SampleLog {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Oldest first. */
  async read(event: EventId): Promise<AdminSample[]> {
    const { redis, keys } = this.#parts
    const texts = await redis.lrange(keys.desk(event).samples, 0, SAMPLES_KEPT - 1)
    return texts.map(text => (JSON.parse(text) as Kept).sample).reverse()
  }

  /** Takes the samples that are due and that nobody else takes. To be called every second. */
  async take(events: EventId[]): Promise<void> {
    const { redis, keys, node } = this.#parts
    if (events.length === 0) return
    const locks = redis.pipeline()
    for (const event of events) locks.set(keys.desk(event).sampler, node, 'PX', SAMPLE_EVERY_MS - 100, 'NX')
    const answers = (await locks.exec()) ?? []
    const ours = events.filter((_, i) => answers[i]?.[1] === 'OK')
    for (let at = 0; at < ours.length; at += SAMPLES_AT_ONCE) {
      // One that fails leaves a gap; the next is five seconds away.
      await Promise.allSettled(ours.slice(at, at + SAMPLES_AT_ONCE).map(event => this.#takeOne(event)))
    }
  }

  async #takeOne(event: EventId): Promise<void> {
    const { redis, keys, figures } = this.#parts
    const { samples } = keys.desk(event)
    const [found, last] = await Promise.all([figures.get(event), redis.lindex(samples, 0)])
    if (found === undefined) return
    const before = last === null ? undefined : (JSON.parse(last) as Kept).flow
    const kept: Kept = { sample: sampleOf(found, ratesBetween(before, found.flow)), flow: found.flow }
    await redis
      .multi()
      .lpush(samples, JSON.stringify(kept))
      .ltrim(samples, 0, SAMPLES_KEPT - 1)
      .expire(samples, SAMPLES_SECONDS)
      .exec()
  }
}
