/**
 * The node's one subscription to Redis: channels are heard while somebody wants them. Pub/sub is at most once and says
 * nothing of what was lost, so its users are told when it was away, and when it hears again.
 */
import type { Clock } from '../shared/clock.ts'
import { Problem } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Redis } from '../shared/redis.ts'
import { HEARTBEAT_EVERY_MS, HEARTBEAT_MS } from './bounds.ts'

export interface ChannelsListener {
  /** Nothing is heard now. */
  away(): void
  /** Every channel is heard again; what was said meanwhile is lost. */
  back(): void
}

export class Channels {
  readonly #redis: Redis
  readonly #clock: Clock
  readonly #log: Log
  readonly #hearers = new Map<string, (message: Buffer) => void>()
  /** Of who asks for a channel now. */
  readonly #asking = new Set<(error: Problem) => void>()
  readonly #listeners: ChannelsListener[] = []
  readonly #end = new AbortController()
  #away: boolean
  /** Raised whenever hearing was interrupted: what was read before and after one number misses nothing. */
  life = 0

  /** The connection is this object's own: see connectSubscriber. */
  constructor({ redis, clock, log }: { redis: Redis; clock: Clock; log: Log }) {
    this.#redis = redis
    this.#clock = clock
    this.#log = log
    this.#away = redis.status !== 'ready'
    redis.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#hear(channel.toString(), message))
    redis.on('close', () => this.#leave())
    redis.on('ready', () => void this.#return())
    void this.#beat()
  }

  get away(): boolean {
    return this.#away
  }

  onChange(listener: ChannelsListener): void {
    this.#listeners.push(listener)
  }

  /** Resolves once Redis has confirmed: whatever is published from then on is heard. @throws Problem unavailable while it is away */
  async listen(channel: string, hear: (message: Buffer) => void): Promise<void> {
    this.#hearers.set(channel, hear)
    if (this.#away) throw interrupted()
    // The connection would go on asking for as long as Redis is away: who waits for it hears that at once.
    const { promise: left, reject } = Promise.withResolvers<never>()
    this.#asking.add(reject)
    const asked = this.#redis.subscribe(channel).then(() => {
      if (!this.#hearers.has(channel)) this.#giveUp(channel)
    })
    await Promise.race([asked, left]).finally(() => this.#asking.delete(reject))
  }

  unlisten(channel: string): void {
    if (this.#hearers.delete(channel) && !this.#away) this.#giveUp(channel)
  }

  #giveUp(channel: string): void {
    this.#redis.unsubscribe(channel).catch((err: unknown) => {
      this.#log.debug({ err, channel }, 'a channel was not given up; nobody hears it')
    })
  }

  close(): void {
    this.#end.abort()
    this.#redis.disconnect()
  }

  /** What cannot be read is left out: the gap shows, and comparing finds it. */
  #hear(channel: string, message: Buffer): void {
    try {
      this.#hearers.get(channel)?.(message)
    } catch (err) {
      this.#log.error({ err, channel }, 'a message of Redis could not be read')
    }
  }

  #leave(): void {
    this.life++
    for (const reject of this.#asking) reject(interrupted())
    if (this.#away) return
    this.#away = true
    for (const listener of this.#listeners) listener.away()
  }

  async #return(): Promise<void> {
    const life = ++this.life
    try {
      // ioredis subscribes again by itself; asking once more tells us when that is done.
      const channels = [...this.#hearers.keys()]
      if (channels.length > 0) await this.#redis.subscribe(...channels)
    } catch (err) {
      this.#log.warn({ err }, 'subscribing again failed')
      if (life === this.life) this.#redis.disconnect(true)
      return
    }
    if (life !== this.life) return
    const was = this.#away
    this.#away = false
    if (was) for (const listener of this.#listeners) listener.back()
  }

  async #beat(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      await this.#clock.sleep(HEARTBEAT_EVERY_MS, signal)
      if (signal.aborted || this.#redis.status !== 'ready') continue
      const late = new AbortController()
      const answered = this.#redis.ping().then(
        () => true,
        () => false,
      )
      const waited = this.#clock.sleep(HEARTBEAT_MS, late.signal).then(() => false)
      const alive = await Promise.race([answered, waited])
      late.abort()
      if (alive || signal.aborted) continue
      this.#log.warn('Redis does not answer on the subscription: connecting anew')
      this.#redis.disconnect(true)
    }
  }
}

function interrupted(): Problem {
  return new Problem('unavailable', 'Live updates are interrupted.', { retryAfter: 2 })
}
