/**
 * One way to speak to the model of the line and to the real one, for the tests that run on both: the same words, the same
 * answers. Time stands still until a test moves it.
 */
import { Problem } from '../shared/errors.ts'
import type { EventId, VisitorId } from '../shared/ids.ts'
import { connectSubscriber, type Redis } from '../shared/redis.ts'
import type { PlaceInfo } from '../shared/wire/messages.ts'
import { clockedRedis, type MovableTime, movableTime } from './clock-fixture.ts'
import { newsOf } from './news.ts'
import type { QueueNews } from './queue.ts'
import { log, newVisitor, passes, type QueueRig, secrets, type Waiting } from './queue-fixture.ts'
import { LineModel, type LineSettings, type Standing, type Told } from './queue-model.ts'
import { RedisQueue } from './redis-queue.ts'

export type Door = { node: string } | 'poll'

export interface Line {
  /** Time goes by, ms. */
  pass(ms: number): void
  /** The clock of Redis alone, forward or back, ms. */
  jump(ms: number): void
  configure(change: Partial<LineSettings>): Promise<void>
  /** With the last receipt one was given before the latest loss, or without. */
  join(who: string, door: Door, withReceipt?: boolean): Promise<Told>
  status(who: string, door: 'socket' | 'poll'): Promise<Told>
  claim(who: string): Promise<Told>
  renew(who: string): Promise<boolean>
  end(who: string, admittedUntil?: number): Promise<void>
  /** The last socket on this node closed; answers who is asked for. */
  gone(who: string, node: string): Promise<string[]>
  back(who: string, node: string): Promise<void>
  /** Answers who was let in, in order. */
  admit(): Promise<string[]>
  /** Answers who is asked for. */
  sweep(node: string): Promise<string[]>
  lose(): Promise<void>
  /** What a node remembers of these visitors' places. */
  reassert(node: string, who: string[]): Promise<void>
  look(): Promise<Standing>
  close(): Promise<void>
}

/** A moment far from any real one, so that nothing reads the real clock unseen. */
export const BEGIN = 1_900_000_000_000
export const RECOVERY = 1_500
export const SETTINGS: LineSettings = {
  state: 'open',
  joins: true,
  rate: 4,
  cap: 3,
  burst: 4,
  pass: 6_000,
  stay: 9_000,
  claim: 2_000,
  grace: 4_000,
}

export class ModelLine implements Line {
  readonly model: LineModel
  readonly #receipts = new Map<string, { score: number; generation: number }>()
  readonly #kept = new Map<string, { score: number; generation: number }>()

  constructor(settings: LineSettings = SETTINGS) {
    this.model = new LineModel(BEGIN, RECOVERY, settings)
  }

  pass(ms: number) {
    this.model.now += ms
  }
  jump(ms: number) {
    this.model.now += ms
  }
  async configure(change: Partial<LineSettings>) {
    this.model.configure(change)
  }
  async join(who: string, door: Door, withReceipt = false) {
    const told = this.model.join(who, door, withReceipt ? this.#kept.get(who) : undefined)
    return this.#remembered(who, told)
  }
  async status(who: string, door: 'socket' | 'poll') {
    return this.#remembered(who, this.model.status(who, door))
  }
  async claim(who: string) {
    return this.model.claim(who)
  }
  async renew(who: string) {
    return this.model.renew(who)
  }
  async end(who: string, admittedUntil?: number) {
    this.model.end(who, admittedUntil)
  }
  async gone(who: string) {
    return this.model.gone(who)
  }
  async back(who: string, node: string) {
    this.model.back(who, node)
  }
  async admit() {
    return this.model.admit()
  }
  async sweep(node: string) {
    return [...new Set(this.model.sweep(node))].sort()
  }
  async lose() {
    for (const [who, receipt] of this.#receipts) this.#kept.set(who, receipt)
    this.#receipts.clear()
    this.model.lose()
  }
  async reassert(node: string, names: string[]) {
    const places = names.flatMap(who => {
      const receipt = this.#receipts.get(who) ?? this.#kept.get(who)
      return receipt === undefined ? [] : [[who, receipt.score] as [string, number]]
    })
    this.model.reassert(node, places)
  }
  async look() {
    return this.model.look()
  }
  async close() {}

  #remembered(who: string, told: Told): Told {
    const score = this.model.scoreOf(who)
    if (told.state === 'waiting')
      this.#receipts.set(who, { score: score!, generation: this.model.generation })
    return told
  }
}

/** RedisQueue as several nodes, on a Redis whose clock stands still. */
export class RealLine implements Line {
  readonly event: EventId
  readonly time: MovableTime
  readonly #rig: QueueRig
  readonly #calls: { open: number; ended: number }
  readonly #redis: Redis
  readonly #subscriber: Redis
  readonly #nodes = new Map<string, RedisQueue>()
  readonly #poll: RedisQueue
  readonly #visitors = new Map<string, VisitorId>()
  readonly #names = new Map<string, string>()
  readonly #places = new Map<string, Waiting>()
  readonly #kept = new Map<string, Waiting>()
  /** Places whose admission has ended, as who and score; and those among them that admitted again. */
  readonly over = new Set<string>()
  readonly twice: string[] = []
  #heard: QueueNews[] = []

  static async make(rig: QueueRig, settings: LineSettings = SETTINGS): Promise<RealLine> {
    const line = new RealLine(rig, await rig.event())
    line.#subscriber.on('messageBuffer', (_: Buffer, message: Buffer) => line.#heard.push(newsOf(message)))
    await line.#subscriber.subscribe(rig.keys.queue(line.event).channel)
    await line.configure(settings)
    return line
  }

  private constructor(rig: QueueRig, event: EventId) {
    this.#rig = rig
    this.event = event
    this.time = movableTime(BEGIN)
    const { redis, calls } = clockedRedis(rig.redis, this.time)
    this.#redis = redis
    this.#calls = calls
    this.#subscriber = connectSubscriber(rig.url, log)
    this.#poll = this.#queue('', 'poll')
  }

  node(name: string): RedisQueue {
    const queue = this.#nodes.get(name) ?? this.#queue(name, 'socket')
    this.#nodes.set(name, queue)
    return queue
  }

  visitor(who: string): VisitorId {
    const visitor = this.#visitors.get(who) ?? newVisitor()
    this.#visitors.set(who, visitor)
    this.#names.set(this.#poll.member(this.event, visitor).toString('hex'), who)
    return visitor
  }

  pass(ms: number) {
    this.time.now += ms
  }

  jump(ms: number) {
    this.time.now += ms
    this.time.jumped += ms
  }

  async configure({ pass, stay, claim, grace, ...rest }: Partial<LineSettings>) {
    const seconds = Object.entries({
      passSeconds: pass,
      staySeconds: stay,
      claimSeconds: claim,
      graceSeconds: grace,
    })
      .filter(([, ms]) => ms !== undefined)
      .map(([name, ms]) => [name, ms! / 1_000])
    await this.node('a').configure(this.event, { factor: 9, ...rest, ...Object.fromEntries(seconds) }, 'test')
    this.#refresh()
  }

  async join(who: string, door: Door, withReceipt = false): Promise<Told> {
    const queue = door === 'poll' ? this.#poll : this.node(door.node)
    const receipt = withReceipt ? this.#kept.get(who)?.receipt : undefined
    try {
      return this.#told(who, await queue.join(this.event, this.visitor(who), { receipt }))
    } catch (error) {
      if (error instanceof Problem && error.code === 'queue_closed') return { state: 'refused' }
      throw error
    }
  }

  async status(who: string, door: 'socket' | 'poll') {
    const queue = door === 'poll' ? this.#poll : this.node('a')
    return this.#told(who, await queue.status(this.event, this.visitor(who)))
  }

  async claim(who: string): Promise<Told> {
    const [admission] = await this.node('a').passes(this.event, [this.visitor(who)])
    return admission === undefined ? { state: 'none' } : await this.#admitted(who)
  }

  async renew(who: string) {
    const visitor = this.visitor(who)
    // A pass so near its end that the gate renews the slot.
    const pass = passes.issue({
      visitorId: visitor,
      eventId: this.event,
      until: this.time.clock().now() + 1_000,
    })
    return (await this.node('a').gate(this.event, visitor, pass)).ok
  }

  async end(who: string, admittedUntil?: number) {
    const place = await this.#calledAt(who)
    await this.node('a').end(this.event, this.visitor(who), 'purchased', admittedUntil)
    if ((await this.#calledAt(who)) !== place) this.over.add(`${who} ${place}`)
  }

  async gone(who: string, node: string) {
    return await this.#askedBy(() => this.#noted(() => this.node(node).away(this.event, this.visitor(who))))
  }

  async back(who: string, node: string) {
    await this.#noted(() => this.node(node).back(this.event, this.visitor(who)))
  }

  async admit() {
    this.#heard = []
    await this.node('a').admit(this.event)
    return (await this.#news()).flatMap(news => (news.kind === 'admitted' ? this.#namesOf(news.members) : []))
  }

  async sweep(node: string) {
    return await this.#askedBy(() => this.node(node).sweep(this.event))
  }

  /** Its event alone, as FLUSHALL would. */
  async lose() {
    for (const [who, place] of this.#places) this.#kept.set(who, place)
    this.#places.clear()
    const { redis, keys } = this.#rig
    const found = await redis.keys(`${keys.prefix}*{${this.event}}*`)
    await redis.unlink(found)
    this.#refresh()
    await this.node('a').tick(this.event)
    this.#refresh()
  }

  async reassert(node: string, names: string[]) {
    const places = names.flatMap(who => {
      const place = this.#places.get(who) ?? this.#kept.get(who)
      return place === undefined ? [] : [{ visitorId: this.visitor(who), score: place.score }]
    })
    await this.node(node).reassert(this.event, places)
  }

  async look(): Promise<Standing> {
    const q = this.#rig.keys.queue(this.event)
    const [line, returned, parked, active, claimed, away, polls, asked] = await Promise.all(
      [q.line, q.returned, q.parked, q.act, q.since, q.away, q.polls, q.asked].map(key => this.#zset(key)),
    )
    const slots = active!.map(([who, until]) => [
      who,
      { until, claimed: claimed!.some(([one]) => one === who) },
    ])
    return {
      line: line!.map(([who]) => who),
      returned: returned!.map(([who]) => who),
      parked: parked!.map(([who]) => who),
      active: Object.fromEntries(slots),
      away: Object.fromEntries(away!),
      polls: Object.fromEntries(polls!),
      asked: Object.fromEntries(asked!),
    }
  }

  async close() {
    this.#subscriber.disconnect()
  }

  #queue(name: string, door: 'socket' | 'poll'): RedisQueue {
    const [redis, clock] = [this.#redis, this.time.clock()]
    const { pool, keys } = this.#rig
    const config = { keys: secrets, NODE_NAME: name, STRIPE_RPS: 20 }
    const parts = { redis, pool, keys, passes, config, clock, log, door, recoveryMs: RECOVERY }
    return new RedisQueue({ ...parts, life: name })
  }

  #refresh(): void {
    for (const queue of [this.#poll, ...this.#nodes.values()]) queue.refresh(this.event)
  }

  async #zset(key: string): Promise<[string, number][]> {
    const found = await this.#rig.redis.zrangeBuffer(key, 0, '-1', 'WITHSCORES')
    const pairs: [string, number][] = []
    for (let i = 0; i < found.length; i += 2)
      pairs.push([this.#names.get(found[i]!.toString('hex')) ?? 'nobody', Number(found[i + 1])])
    return pairs
  }

  async #admitted(who: string): Promise<Told> {
    const place = `${who} ${await this.#calledAt(who)}`
    if (this.over.has(place)) this.twice.push(place)
    const { act } = this.#rig.keys.queue(this.event)
    return { state: 'admitted', until: Number(await this.#rig.redis.zscore(act, this.#member(who))) }
  }

  #calledAt(who: string): Promise<string | null> {
    return this.#rig.redis.hget(this.#rig.keys.queue(this.event).called, this.#member(who))
  }

  #member(who: string): Buffer {
    return this.#poll.member(this.event, this.visitor(who))
  }

  async #told(who: string, place: PlaceInfo): Promise<Told> {
    if (place.state === 'none') return { state: 'none' }
    if (place.state === 'admitted') return await this.#admitted(who)
    this.#places.set(who, place)
    return { state: 'waiting', ahead: place.position ?? 0 }
  }

  /** A word of presence goes out by itself, soon. */
  async #noted(say: () => void): Promise<void> {
    const before = this.#calls.ended
    say()
    for (let turn = 0; this.#calls.ended === before || this.#calls.open > 0; turn++) {
      if (turn > 100_000) throw new Error('a word of presence never went out')
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  async #askedBy(work: () => Promise<void>): Promise<string[]> {
    this.#heard = []
    await work()
    const asked = (await this.#news()).flatMap(news =>
      news.kind === 'asked' ? this.#namesOf(news.members) : [],
    )
    return [...new Set(asked)].sort()
  }

  /** What was published before now has been heard. */
  async #news(): Promise<QueueNews[]> {
    await this.#subscriber.ping()
    return this.#heard
  }

  #namesOf(members: string[]): string[] {
    return members.map(member => this.#names.get(member) ?? 'nobody')
  }
}
