/**
 * What every node does for every queue that is on, whether it has visitors here or not: rounds of admission several times a
 * second, and once a second the sweep, the tick and a look at the settings. No node leads: the scripts decide.
 */
import type { QueueNode } from '../queue/queue.ts'
import type { Chance, Clock } from '../shared/clock.ts'
import type { EventId } from '../shared/ids.ts'
import type { Log } from '../shared/log.ts'
import { ADMIT_EVERY_MS, BEAT_MS } from './bounds.ts'
import type { QueueFeed } from './queue-feed.ts'

interface Parts {
  queue: Pick<QueueNode, 'admit' | 'sweep' | 'events'>
  queues: QueueFeed
  clock: Clock
  chance: Pick<Chance, 'fraction'>
  log: Log
}

export class QueueBeat {
  readonly #parts: Parts
  readonly #end = new AbortController()
  /** Work under way, by what and for whom: a slow Redis shall not be asked twice at once. */
  readonly #running = new Set<string>()
  #on: EventId[] = []
  #beats = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  start(): void {
    const { queue, queues } = this.#parts
    void this.#every(BEAT_MS, () => {
      this.#do('events', async () => {
        this.#on = await queue.events()
      })
      queues.prune()
      for (const event of this.#on) this.#do(`sweep ${event}`, () => queue.sweep(event))
      const lines = queues.events()
      // Another one first each time: where telling all would take too much, none is always the last.
      this.#beats++
      for (const i of lines.keys()) {
        const event = lines[(i + this.#beats) % lines.length]
        if (event === undefined) continue
        this.#do(`look ${event}`, () => queues.look(event))
        this.#do(`tick ${event}`, () => queues.tick(event))
      }
    })
    void this.#every(ADMIT_EVERY_MS, () => {
      for (const event of this.#on) this.#do(`admit ${event}`, () => queue.admit(event))
    })
  }

  close(): void {
    this.#end.abort()
  }

  async #every(ms: number, work: () => void): Promise<void> {
    const { clock, chance } = this.#parts
    const { signal } = this.#end
    while (!signal.aborted) {
      work()
      // Apart from the other nodes, which started in the same second.
      await clock.sleep(ms * (0.9 + chance.fraction() / 5), signal)
    }
  }

  #do(name: string, work: () => Promise<void>): void {
    if (this.#running.has(name)) return
    this.#running.add(name)
    work()
      .catch((err: unknown) => this.#parts.log.debug({ err, name }, 'a beat of the queue was lost'))
      .finally(() => this.#running.delete(name))
  }
}
