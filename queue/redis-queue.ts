/**
 * The waiting room on Redis and Postgres: each method is one verb in lua/, and what must stand in Postgres before or after
 * it. Any number of processes share one queue. Calls of a moment are gathered, so a crowd costs a script a thousand
 * visitors.
 */

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { writeAudit } from '../shared/audit-log.ts'
import { chunks } from '../shared/chunks.ts'
import { type Chance, type Clock, systemChance } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import { Problem } from '../shared/errors.ts'
import type { BookingId, EventId, VisitorId } from '../shared/ids.ts'
import type { Keys } from '../shared/keys.ts'
import type { Log } from '../shared/log.ts'
import type { Arg } from '../shared/lua.ts'
import type { Pool } from '../shared/postgres.ts'
import type { Redis } from '../shared/redis.ts'
import type { PassTokens } from '../shared/tokens.ts'
import { waitTime } from '../shared/wire/forecast.ts'
import type { EndReason, PlaceInfo, QueueInfo } from '../shared/wire/messages.ts'
import { admittedAt, endAdmission } from './admissions.ts'
import { Adoption } from './adoption.ts'
import { Batcher } from './batcher.ts'
import type { BeaconSource } from './beacon.ts'
import { Caller } from './caller.ts'
import { DrawnPlaces } from './draw-places.ts'
import { Generations } from './generations.ts'
import { Grants } from './grants.ts'
import { Kept } from './kept.ts'
import { Payments } from './payments.ts'
import type {
  Admission,
  Gate,
  JoinedBy,
  Queue,
  QueueChange,
  QueueNode,
  QueueSettings,
  Remembered,
} from './queue.ts'
import { reached } from './reached.ts'
import { type Receipt, Receipts } from './receipt.ts'
import { changeSettings, type StoredSettings } from './settings.ts'
import { fits, hasTail, type LineTick, type Sketch, type Tail, tickOf, tickOfNoQueue } from './sketch.ts'
import { Upkeep } from './upkeep.ts'
import { type Found, MEMBER_BYTES, MEMBERS_A_CALL, parseFound, verbs } from './verbs.ts'

export interface QueueParts {
  redis: Redis
  pool: Pool
  keys: Keys
  passes: PassTokens
  config: Pick<Config, 'keys' | 'NODE_NAME' | 'STRIPE_RPS'>
  /**
   * The name of this process in Redis. By default NODE_NAME and a few random digits: one that was killed and started again
   * within its lease is another node, and what the first left behind is buried.
   */
  life?: string | undefined
  clock: Clock
  log: Log
  /**
   * How this process's visitors show that they are here: through a socket, covered by the node's lease, or by polling,
   * each poll good for a grace.
   */
  door: 'socket' | 'poll'
  /** After Redis was lost the doors wait this long for places to come back. */
  recoveryMs?: number
  /** Makes the secrets of draws, and brings the beacon they may wait for. */
  chance?: Pick<Chance, 'bytes'>
  beacon?: BeaconSource
}

type Active = Extract<Found, { kind: 'active' }>

/** A place, with the generation it was found in. */
type Place = Found & { generation: number }

interface Comer extends JoinedBy {
  visitor: VisitorId
  member: Buffer
}

/** Redis's clock may be so far behind ours. */
const CLOCKS_APART_MS = 10_000
/** A tenth of what a fan notices; some 250,000 joins a second fit through it. */
const WINDOW_MS = 5
/** Calls that may wait: two seconds' worth where Redis is slow. Past it a caller hears it at once. */
const WAITING_AT_MOST = 20_000
/** For callers of one process: with the 0.9 s for which Redis keeps what everyone hears, nobody is told what is older than a second. */
const TICK_MS = 90
/** Redis keeps those behind the front for 5 s. */
const TAIL_MS = 4_000
const RECOVERY_MS = 15_000
const LIFE_BYTES = 4
/** Whoever waits gets a fresh receipt so often, and a minute more. */
const RECEIPT_RENEWED_MS = 6 * 60_000

export class RedisQueue implements Queue, QueueNode {
  readonly #parts: QueueParts
  readonly #node: string
  /** As a KeyObject: an HMAC takes a fifth of the time. */
  readonly #placeKey: KeyObject
  readonly #caller: Caller
  readonly #grants: Grants
  readonly #receipts: Receipts
  readonly #drawnPlaces: DrawnPlaces
  readonly #upkeep: Upkeep
  readonly #adoption: Adoption
  readonly #payments: Payments
  readonly #ticks: Kept<EventId, LineTick>
  readonly #tails: Kept<EventId, Tail | undefined>
  readonly #joins: Batcher<EventId, Comer, Place>
  readonly #looks: Batcher<EventId, Buffer, Place>

  constructor(parts: QueueParts) {
    this.#parts = parts
    const node = parts.life ?? `${parts.config.NODE_NAME}.${systemChance.bytes(LIFE_BYTES).toString('hex')}`
    this.#node = node
    this.#placeKey = createSecretKey(parts.config.keys.place)
    const { recoveryMs = RECOVERY_MS } = parts
    this.#caller = new Caller({
      ...parts,
      node,
      generations: new Generations({ ...parts, node, recoveryMs }),
    })
    this.#grants = new Grants(parts)
    this.#receipts = new Receipts(parts.config.keys.receipt)
    this.#drawnPlaces = new DrawnPlaces(parts.pool)
    this.#upkeep = new Upkeep({ ...parts, node, caller: this.#caller })
    this.#adoption = new Adoption({ ...parts, caller: this.#caller })
    this.#payments = new Payments(parts)
    this.#ticks = new Kept({
      read: event => this.#readTick(event),
      forMs: TICK_MS,
      orLast: false,
      clock: parts.clock,
    })
    this.#tails = new Kept({
      read: event => this.#readTail(event),
      forMs: TAIL_MS,
      orLast: false,
      clock: parts.clock,
    })
    this.#joins = this.#batcher((event, comers) => this.#joinAll(event, comers))
    this.#looks = this.#batcher((event, members) => this.#lookAll(event, members))
  }

  settings(event: EventId): Promise<StoredSettings> {
    return this.#caller.settings(event)
  }

  async info(event: EventId, own?: PlaceInfo): Promise<QueueInfo> {
    const { message, preQueueAt, opensAt } = await this.settings(event)
    const { state, waiting, active, soldOut, serverTime } = await this.tick(event)
    const info: QueueInfo = {
      state,
      waiting: own?.state === 'waiting' ? Math.max(waiting, (own.position ?? 0) + 1) : waiting,
      active: own?.state === 'admitted' ? Math.max(active, 1) : active,
    }
    if (message !== '') info.message = message
    // The plan of the line before is nobody's any more.
    if (state === 'off') return info
    if (preQueueAt !== null && preQueueAt > serverTime) info.preQueueAt = preQueueAt
    if (opensAt !== null && opensAt > serverTime) info.opensAt = opensAt
    if (soldOut) info.soldOut = true
    return info
  }

  async configure(event: EventId, change: QueueChange, actor: string): Promise<QueueSettings> {
    await reached(changeSettings(this.#parts.pool, event, change, actor, this.#parts.clock.now()))
    await this.#caller.settle(event)
    this.#ticks.drop(event)
    return await this.settings(event)
  }

  async join(event: EventId, visitor: VisitorId, by: JoinedBy = {}): Promise<PlaceInfo> {
    const member = this.member(event, visitor)
    return await this.#told(event, visitor, await this.#joins.add(event, { ...by, visitor, member }))
  }

  async status(event: EventId, visitor: VisitorId): Promise<PlaceInfo> {
    return await this.#told(event, visitor, await this.#looks.add(event, this.member(event, visitor)))
  }

  async leave(event: EventId, visitor: VisitorId): Promise<void> {
    await this.end(event, visitor, 'left')
  }

  async end(event: EventId, visitor: VisitorId, reason: EndReason, at?: number): Promise<void> {
    const [{ pool }, member] = [this.#parts, this.member(event, visitor)]
    const meant = at === undefined ? undefined : await reached(admittedAt(pool, event, visitor, at))
    const args = [member, reason, at ?? '', meant ?? '']
    const ended = await this.#caller.call(event, verbs.end, () => args)
    // A place in the line has no admission; in every other case, also after a failure half way, the record is ended.
    const [what, latest] = ended?.rest ?? []
    if (what === 'place') return
    const score = latest === undefined ? undefined : Number(latest)
    // A slot that has ended was the one meant, whatever the clock said at its admission.
    const bounds = { admittedUntil: what === 'slot' ? undefined : at, score }
    await reached(endAdmission(pool, event, visitor, reason, bounds))
  }

  adopt(event: EventId, from: VisitorId, to: VisitorId): Promise<void> {
    return this.#adoption.adopt(event, this.#named(event, from), this.#named(event, to))
  }

  async payment(event: EventId, booking: BookingId, endsAt?: number): Promise<void> {
    await this.#payments.note(event, booking, endsAt)
  }

  async eject(event: EventId, visitor: VisitorId, actor: string): Promise<void> {
    // Before the act, as an operator may not throw anybody out unseen.
    await reached(writeAudit(this.#parts.pool, actor, 'queue.eject', event, { visitorId: visitor }))
    await this.end(event, visitor, 'ejected')
  }

  async gate(event: EventId, visitor: VisitorId | undefined, pass: string | undefined): Promise<Gate> {
    const settings = await this.settings(event)
    if (settings.state === 'off') return { ok: true }
    const refused = (code: Exclude<Gate, { ok: true }>['code']): Gate => {
      const next = nextDoor(settings, this.#parts.clock.now())
      return next === undefined ? { ok: false, code } : { ok: false, code, doorsInMs: next }
    }
    if (pass === undefined) return refused('waiting_room_required')
    const checked = this.#parts.passes.check(pass)
    if (!checked.ok) return refused(checked.reason === 'expired' ? 'pass_expired' : 'pass_invalid')
    const { eventId, visitorId, until } = checked.value
    if (eventId !== event || visitorId !== visitor) return refused('pass_foreign')
    const late = until - this.#parts.clock.now() < 500 * settings.passSeconds
    const slots = await this.#caller.call(event, verbs.slots, () => [
      late ? 'renew' : 'look',
      this.member(event, visitorId),
    ])
    // Whoever left, bought or was thrown out has no slot any more, however long the pass would have lasted.
    if (slots !== undefined && slots.rest[0] === '') return refused('waiting_room_required')
    return { ok: true }
  }

  member(event: EventId, visitor: VisitorId): Buffer {
    return createHmac('sha256', this.#placeKey)
      .update(`${event}|${visitor}`)
      .digest()
      .subarray(0, MEMBER_BYTES)
  }

  async passes(event: EventId, visitors: VisitorId[]): Promise<Admission[]> {
    const admissions: Admission[] = []
    for (const some of chunks(visitors, MEMBERS_A_CALL)) {
      const slots = await this.#caller.call(event, verbs.slots, () => [
        'claim',
        ...some.map(one => this.member(event, one)),
      ])
      if (slots === undefined) return admissions
      const granted = some.map(async (visitor, i) => {
        const [until, since, score] = slots.rest.slice(3 * i, 3 * i + 3).map(Number)
        if (until === 0) return undefined
        const slot = { kind: 'active', score: score!, until: until!, since: since! } as const
        return await this.#grant(event, visitor, slots.settings, slot)
      })
      for (const admission of await Promise.all(granted))
        if (admission !== undefined) admissions.push(admission)
    }
    return admissions
  }

  tick(event: EventId): Promise<LineTick> {
    return this.#ticks.get(event)
  }

  admit(event: EventId): Promise<void> {
    return this.#upkeep.admit(event)
  }

  sweep(event: EventId): Promise<void> {
    return this.#upkeep.sweep(event)
  }

  events(): Promise<EventId[]> {
    return this.#upkeep.events()
  }

  away(event: EventId, visitor: VisitorId): void {
    this.#upkeep.note(event, this.member(event, visitor), 'away')
  }

  back(event: EventId, visitor: VisitorId): void {
    this.#upkeep.note(event, this.member(event, visitor), 'back')
  }

  async reassert(event: EventId, places: Remembered[]): Promise<number> {
    let back = 0
    for (let at = 0; at === 0 || at < places.length; at += MEMBERS_A_CALL) {
      const some = places.slice(at, at + MEMBERS_A_CALL)
      const told = some.map(({ visitorId, score }) => ({ member: this.member(event, visitorId), score }))
      const answer = await this.#caller.call(event, verbs.reassert, async settings => {
        const scores = await this.#drawnPlaces.scores(event, settings, told)
        return [
          this.#node,
          at + MEMBERS_A_CALL >= places.length ? '1' : '0',
          ...told.flatMap(({ member, score }, i) => [member, scores[i] ?? score]),
        ]
      })
      back += Number(answer?.rest[0] ?? 0)
    }
    return back
  }

  async receipts(event: EventId, places: Remembered[]): Promise<string[]> {
    const [{ generation }, { unordered }] = [await this.settings(event), await this.tick(event)]
    const phase = unordered === true ? 'pre' : 'line'
    return places.map(({ visitorId, score }) => this.#receipt(event, visitorId, { score, generation, phase }))
  }

  refresh(event: EventId): void {
    this.#caller.refresh(event)
    this.#ticks.drop(event)
    this.#tails.drop(event)
  }

  /** For a node that goes away: its last words of who left are sent, and its lease is given back. */
  close(): Promise<void> {
    return this.#upkeep.close()
  }

  async #readTick(event: EventId): Promise<LineTick> {
    const read = await this.#caller.call(event, verbs.sketch, () => [])
    if (read === undefined) {
      const { generation } = await this.settings(event)
      return tickOfNoQueue(event, generation, this.#parts.clock.now())
    }
    const sketch = JSON.parse(read.rest[0]!) as Sketch
    return tickOf(event, sketch, hasTail(sketch) ? await this.#tailFor(event, sketch) : undefined)
  }

  async #tailFor(event: EventId, sketch: Sketch): Promise<Tail | undefined> {
    const kept = await this.#tails.get(event)
    // Another process has read it since, or the line has another order now.
    const isOld = sketch.tail !== null && sketch.tail[0] !== kept?.scores[0]
    if (kept !== undefined && fits(sketch, kept) && !isOld) return kept
    this.#tails.drop(event)
    const tail = await this.#tails.get(event)
    return tail !== undefined && fits(sketch, tail) ? tail : undefined
  }

  async #readTail(event: EventId): Promise<Tail | undefined> {
    const read = await this.#caller.call(event, verbs.tail, () => [])
    return read === undefined ? undefined : (JSON.parse(read.rest[0]!) as Tail)
  }

  async #joinAll(event: EventId, comers: Comer[]): Promise<Place[]> {
    const answer = await this.#caller.call(event, verbs.join, async settings => {
      const receipts = comers.map(comer => this.#restorable(event, settings, comer))
      const oldest = receipts.some(Boolean) ? await this.#oldestSeen(event, settings) : 0
      const proven = comers.map(({ member }, i) => {
        const receipt = receipts[i]
        return { member, score: receipt !== undefined && receipt.seen >= oldest ? receipt.score : undefined }
      })
      const restored = await this.#drawnPlaces.scores(event, settings, proven)
      const { perNetwork } = settings
      return [
        this.#parts.door,
        Buffer.concat(comers.map(({ member }) => member)),
        ...comers.flatMap(({ network }, i): Arg[] => {
          const [score = '', from = ''] = [restored[i], perNetwork === null ? '' : network]
          return score === '' && from === '' ? [] : [i + 1, score, from]
        }),
      ]
    })
    return placesOf(answer, comers.length)
  }

  async #lookAll(event: EventId, members: Buffer[]): Promise<Place[]> {
    return placesOf(
      await this.#caller.call(event, verbs.status, () => [this.#parts.door, ...members]),
      members.length,
    )
  }

  /**
   * A receipt that may bring its place back: of this line, from a generation that was lost since. Within one generation a
   * missing place was given up, and no receipt undoes that. Places that have admitted are known to the script.
   */
  #restorable(event: EventId, settings: StoredSettings, { visitor, receipt }: Comer): Receipt | undefined {
    const checked = receipt === undefined ? undefined : this.#receipts.check(receipt, event, visitor)
    if (checked === undefined || checked.generation >= settings.generation) return undefined
    return checked.generation >= settings.firstGeneration ? checked : undefined
  }

  /** Whoever was there at the loss has a newer receipt; an older one may be of a place that was given up long before. */
  async #oldestSeen(event: EventId, { graceSeconds }: StoredSettings): Promise<number> {
    const { redis, keys } = this.#parts
    const lostAt = Number((await redis.hget(keys.queue(event).cfg, 'lostAt')) ?? 0)
    return lostAt - 1_000 * graceSeconds - RECEIPT_RENEWED_MS
  }

  async #told(event: EventId, visitor: VisitorId, place: Place): Promise<PlaceInfo> {
    if (place.kind === 'none') return { state: 'none' }
    const settings = await this.settings(event)
    if (place.kind === 'refused') throw refusal(place.why, settings, this.#parts.clock.now())
    if (place.kind === 'active') {
      const admission = await this.#grant(event, visitor, settings, place)
      if (admission === undefined) return { state: 'none' }
      return { state: 'admitted', pass: admission.pass, until: admission.until }
    }
    const { score, generation, phase } = place
    const position = phase === 'pre' ? null : place.position
    const receipt = this.#receipt(event, visitor, { score, generation, phase })
    const wait = position === null ? null : waitTime(position, await this.tick(event))
    return {
      state: 'waiting',
      position,
      score,
      receipt,
      generation,
      wait,
      ...(phase === 'pre' ? { phase } : {}),
      ...(settings.method === 'random' ? { entry: this.member(event, visitor).toString('hex') } : {}),
    }
  }

  #named(event: EventId, visitor: VisitorId) {
    return { visitor, member: this.member(event, visitor) }
  }

  #receipt(eventId: EventId, visitorId: VisitorId, place: Pick<Receipt, 'score' | 'generation' | 'phase'>) {
    return this.#receipts.issue({ ...place, eventId, visitorId, seen: this.#parts.clock.now() })
  }

  async #grant(event: EventId, visitor: VisitorId, { generation }: StoredSettings, active: Active) {
    const member = this.member(event, visitor)
    const { score, until, since } = active
    const slot = { visitor, member, score, generation, admittedAt: since, until }
    const admission = await this.#grants.grant(event, slot)
    // Postgres remembers that this place's turn has ended: Redis must not hold a slot for it.
    if (admission === undefined) await this.#caller.call(event, verbs.end, () => [member, 'expired', '', ''])
    return admission
  }

  #batcher<Item>(run: (event: EventId, items: Item[]) => Promise<Place[]>): Batcher<EventId, Item, Place> {
    return new Batcher({
      run,
      windowMs: WINDOW_MS,
      most: MEMBERS_A_CALL,
      bound: WAITING_AT_MOST,
      full: () => new Problem('queue_unavailable', 'The queue is too busy for the moment', { retryAfter: 2 }),
      clock: this.#parts.clock,
    })
  }
}

function refusal(
  why: 'state' | 'network',
  { state, joins, opensAt, preQueueAt, perNetwork }: StoredSettings,
  now: number,
): Problem {
  if (why === 'network')
    return new Problem(
      'too_many_places',
      `This event takes at most ${perNetwork} places from one network, and yours has them.`,
      { retryAfter: 60 },
    )
  const from = preQueueAt ?? opensAt
  // The state is as it was set: a line that has formed is closed for another reason.
  return state === 'scheduled' && joins && from !== null && from > now - CLOCKS_APART_MS
    ? new Problem('queue_closed', `The line forms at ${new Date(from).toISOString()}.`, {
        members: { from: new Date(from).toISOString() },
      })
    : new Problem('queue_closed', 'The line takes no newcomers any more; whoever has a place keeps it.')
}

function nextDoor({ state, preQueueAt, opensAt }: StoredSettings, now: number): number | undefined {
  if (state !== 'scheduled' && state !== 'pre_queue') return undefined
  const door = [preQueueAt, opensAt].find(at => at !== null && at > now)
  return typeof door === 'number' ? door - now : undefined
}

function placesOf(answer: Awaited<ReturnType<Caller['call']>>, count: number): Place[] {
  if (answer === undefined) return Array.from({ length: count }, () => ({ kind: 'none', generation: 0 }))
  const { generation } = answer.settings
  return parseFound(answer.rest).map(found => ({ ...found, generation }))
}
