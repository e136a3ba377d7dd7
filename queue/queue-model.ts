/**
 * The line as it should be, in memory, for tests: what the verbs of lua/ promise, said once more and as plainly as can be.
 * Whoever wants to know what a verb does reads it here. Both keep the same contract (line.redis.test.ts), and random runs
 * compare them after every step (model.redis.test.ts). Seats, payments, limits of a network and the draw are not in it.
 *
 * Times are ms, visitors and nodes are names. Nothing here is fast.
 */
export interface LineSettings {
  state: 'open' | 'paused' | 'closing'
  joins: boolean
  rate: number
  cap: number
  burst: number
  pass: number
  stay: number
  claim: number
  grace: number
}

export type Told =
  | { state: 'none' | 'refused' }
  | { state: 'waiting'; ahead: number }
  | { state: 'admitted'; until: number }

/** Who stands where; deadlines beside names. */
export interface Standing {
  line: string[]
  returned: string[]
  parked: string[]
  active: Record<string, { until: number; claimed: boolean }>
  away: Record<string, number>
  polls: Record<string, number>
  asked: Record<string, number>
}

interface Slot {
  score: number
  until: number
  since: number | undefined
}

type Scores = Map<string, number>

const EVERY = 250
const REFILL_AT_MOST = 2_000
const JUMP = 5_000
const POLL_CLAIM = 45_000
const LEASE = 3_000
const LENT_LEASE = 10_000
const ASK = 2_000
const RECOVERY_AT_MOST = 60_000
/** Nodes answer for a dead one's visitors within it. */
const ANSWER = 1_000

export class LineModel {
  now: number
  readonly recovery: number
  settings: LineSettings
  generation = 1
  /** The score of whoever came last, in this line's whole life. */
  latest = 0
  frontier = Number.NEGATIVE_INFINITY
  tokens: number
  line: Scores = new Map()
  parked: Scores = new Map()
  returned: Scores = new Map()
  away: Scores = new Map()
  polls: Scores = new Map()
  asked: Scores = new Map()
  active = new Map<string, Slot>()
  leases: Scores = new Map()
  rosters = new Map<string, Set<string>>()
  /** Postgres: each place that has admitted. */
  records = new Map<string, { who: string; score: number; since: number; until: number; ended: boolean }>()
  /** Best score that has admitted before Redis was lost. */
  spent: Scores = new Map()
  #admittedAt: number
  #sweptAt: number | undefined
  /** Nobody loses a place until then: a clock that jumped has ended graces that are not over. */
  #calmUntil = 0
  #recoverUntil = 0
  #askedUntil = 0
  #restoreUntil = 0
  #restoring: Scores = new Map()

  constructor(now: number, recovery: number, settings: LineSettings) {
    this.now = now
    this.recovery = recovery
    this.settings = settings
    this.tokens = settings.burst
    this.#admittedAt = now
  }

  // ---- visitors ----

  /** `memory`: the score and generation of a receipt. */
  join(who: string, door: { node: string } | 'poll', memory?: { score: number; generation: number }): Told {
    const counts = this.isRestoring && memory !== undefined && memory.generation < this.generation
    const own =
      counts && !(memory.score <= (this.spent.get(who) ?? Number.NEGATIVE_INFINITY))
        ? memory.score
        : undefined
    this.#miss(who)
    const told = this.#find(who)
    if (told.state === 'admitted') return this.#grant(who)
    if (told.state === 'waiting') {
      this.#arrive(who, door)
      // Of two places the better one stays.
      if (own !== undefined && own < (this.line.get(who) ?? Number.NEGATIVE_INFINITY)) this.#restore(who, own)
      return this.#find(who)
    }
    const { state, joins } = this.settings
    if (own === undefined && !(joins && state !== 'closing')) return { state: 'refused' }
    this.active.delete(who)
    if (own === undefined) {
      this.latest = Math.max(this.latest + 1, this.now * 1_000)
      this.line.set(who, this.latest)
    } else {
      this.#restore(who, own)
    }
    if (door === 'poll') this.polls.set(who, this.now + this.settings.grace)
    else this.#enrol(door.node, who)
    return this.#find(who)
  }

  status(who: string, door: 'socket' | 'poll'): Told {
    this.#miss(who)
    const told = this.#find(who)
    if (told.state === 'admitted') return this.#grant(who)
    if (told.state === 'waiting' && door === 'poll') this.#arrive(who, door)
    return told
  }

  /** Is here and takes the pass. */
  claim(who: string): Told {
    return this.#find(who).state === 'admitted' ? this.#grant(who) : { state: 'none' }
  }

  /** Does something, late in the slot: it is as long as a new one, up to the longest stay. */
  renew(who: string): boolean {
    if (this.#find(who).state !== 'admitted') return false
    const slot = this.active.get(who)!
    const { pass, stay } = this.settings
    slot.until = Math.max(slot.until, Math.min(this.now + pass, slot.since! + stay))
    return true
  }

  /** Leaves, has bought, or is thrown out; `admittedUntil` bounds the late word of a purchase. */
  end(who: string, admittedUntil?: number): void {
    const slot = this.active.get(who)
    const late = admittedUntil !== undefined && !this.#isMeant(who, admittedUntil)
    // Who waits has no admission to end.
    const waits = this.#waits(who) && slot === undefined && !late
    if (!late) {
      for (const places of [this.line, this.parked, this.returned, this.away, this.polls, this.asked])
        places.delete(who)
      this.active.delete(who)
    }
    if (waits) return
    for (const record of this.records.values()) {
      const isOver = slot !== undefined && !late
      if (record.who === who && (isOver || record.since <= (admittedUntil ?? record.since)))
        record.ended = true
    }
  }

  /** Whether the slot that the visitor has now is the one of that time: records know, as no jump of the clock moves them. */
  #isMeant(who: string, at: number): boolean {
    const slot = this.active.get(who)
    const own = [...this.records.values()].filter(record => record.who === who && record.since <= at)
    const [latest] = own.sort((a, b) => b.since - a.since)
    if (latest !== undefined) return slot?.score === latest.score
    return slot?.since !== undefined && slot.since <= at
  }

  // ---- nodes ----

  /** The last socket on a node has closed. Answers who is asked for at once: they may be elsewhere. */
  gone(who: string): string[] {
    if (!this.#waits(who)) return []
    this.away.set(who, this.now + this.settings.grace)
    this.#setAside(who)
    return [who]
  }

  back(who: string, node: string): void {
    this.#arrive(who, { node })
  }

  /** Answers who was let in, in order. */
  admit(): string[] {
    const gap = this.now - this.#admittedAt
    if (gap >= 0 && gap < EVERY) return []
    const jumped = Math.abs(gap) > JUMP
    const { rate, cap, burst, state, claim, pass } = this.settings
    // Time that nobody saw gives no tokens and ends no slot.
    const elapsed = jumped ? 0 : Math.max(0, Math.min(gap, REFILL_AT_MOST))
    this.tokens = Math.min(burst, this.tokens + (rate * elapsed) / 1_000)
    if (jumped) this.#moveSlots(gap)
    else this.#expire()
    this.#admittedAt = this.now
    const waits = this.#recovers() || (this.now < this.#askedUntil && this.#askedUntil <= this.now + ANSWER)
    const moves = (state === 'open' || state === 'closing') && rate > 0 && !waits
    const room = moves ? Math.min(Math.floor(this.tokens), cap - this.active.size) : 0
    const called: [string, number][] = []
    for (const [who, score] of sorted(this.returned)) {
      if (called.length >= room) break
      this.returned.delete(who)
      called.push([who, score])
    }
    for (const [who, score] of sorted(this.line)) {
      if (called.length >= room) break
      this.line.delete(who)
      this.frontier = score
      if (this.away.has(who) || this.asked.has(who)) this.parked.set(who, score)
      else called.push([who, score])
    }
    for (const [who, score] of called) {
      const wait = Math.min(claim, pass)
      const until = this.now + (this.polls.has(who) ? Math.max(wait, POLL_CLAIM) : wait)
      this.active.set(who, { score, until, since: undefined })
      this.polls.delete(who)
    }
    this.tokens -= called.length
    return called.map(([who]) => who)
  }

  /** Answers whom the nodes are asked for. */
  sweep(node: string): string[] {
    this.leases.set(node, this.now + LEASE)
    const gap = this.now - (this.#sweptAt ?? this.now)
    this.#sweptAt = this.now
    if (Math.abs(gap) > JUMP) {
      this.#calmUntil = this.now + this.settings.grace
      return []
    }
    this.#expire()
    if (this.now < this.#calmUntil && this.#calmUntil <= this.now + this.settings.grace) return []
    for (const [who, due] of this.asked) {
      if (due > this.now) continue
      for (const places of [this.line, this.parked, this.returned, this.away, this.polls, this.asked])
        places.delete(who)
    }
    const asks: string[] = []
    for (const graces of [this.away, this.polls]) {
      for (const [who, due] of sorted(graces)) {
        if (due > this.now + ASK) continue
        graces.delete(who)
        this.asked.set(who, Math.max(due, this.now + ASK / 2))
        asks.push(who)
      }
    }
    const [dead, over] = sorted(this.leases)[0]!
    if (over > this.now) return asks
    this.leases.set(dead, this.now + LENT_LEASE)
    return [...asks, ...this.#bury(dead)]
  }

  configure(change: Partial<LineSettings>): void {
    this.settings = { ...this.settings, ...change }
  }

  // ---- losses ----

  /** Redis has forgotten everything; Postgres and the visitors have not. */
  lose(): void {
    this.generation += 1
    for (const places of [this.line, this.parked, this.returned, this.away, this.polls, this.asked])
      places.clear()
    this.active.clear()
    this.spent.clear()
    this.rosters.clear()
    this.leases.clear()
    const second = Math.floor(this.now / 1_000) * 1_000
    for (const { who, score, since, until, ended } of this.records.values()) {
      if (!ended && until > second) this.active.set(who, { score, until, since })
      this.spent.set(who, Math.max(score, this.spent.get(who) ?? Number.NEGATIVE_INFINITY))
    }
    this.tokens = 0
    this.frontier = Number.NEGATIVE_INFINITY
    this.#admittedAt = this.now
    this.#sweptAt = undefined
    this.#calmUntil = 0
    this.#restoring.clear()
    this.#askedUntil = 0
    this.#recoverUntil = this.now + this.recovery
    this.#restoreUntil = this.#recoverUntil + this.settings.grace
  }

  /** A node's memory of its visitors' places, after a loss. */
  reassert(node: string, places: [string, number][]): void {
    this.#restoring.delete(node)
    if (!this.isRestoring) return
    for (const [who, score] of places) {
      const over = score <= (this.spent.get(who) ?? Number.NEGATIVE_INFINITY)
      if (over || this.active.has(who) || this.parked.has(who)) continue
      if (score <= this.frontier || score < (this.line.get(who) ?? Number.POSITIVE_INFINITY))
        this.#restore(who, score)
      this.away.delete(who)
      this.#enrol(node, who)
    }
  }

  look(): Standing {
    const names = (places: Scores) => sorted(places).map(([who]) => who)
    const active = [...this.active].map(([who, { until, since }]) => [
      who,
      { until, claimed: since !== undefined },
    ])
    return {
      line: names(this.line),
      returned: names(this.returned),
      parked: names(this.parked),
      active: Object.fromEntries(active),
      away: Object.fromEntries(this.away),
      polls: Object.fromEntries(this.polls),
      asked: Object.fromEntries(this.asked),
    }
  }

  /** The score of a place; undefined where there is none. */
  scoreOf(who: string): number | undefined {
    return this.line.get(who) ?? this.parked.get(who) ?? this.returned.get(who)
  }

  // ---- parts ----

  /** Whoever asks is here: a turn that waited for them is claimed. */
  #find(who: string): Told {
    const slot = this.active.get(who)
    if (slot !== undefined && slot.until > this.now) {
      if (slot.since === undefined) {
        slot.since = this.now
        slot.until = this.now + this.settings.pass
      }
      return { state: 'admitted', until: slot.until }
    }
    if (this.parked.has(who) || this.returned.has(who)) return { state: 'waiting', ahead: 0 }
    const ahead = sorted(this.line).findIndex(([one]) => one === who)
    return ahead < 0 ? { state: 'none' } : { state: 'waiting', ahead }
  }

  /** A pass leaves only after its record; a place whose admission has ended gives no other. */
  #grant(who: string): Told {
    const { score, until, since } = this.active.get(who)!
    const name = `${who} ${score}`
    const known = this.records.get(name)
    if (known?.ended) {
      this.active.delete(who)
      return { state: 'none' }
    }
    this.records.set(name, {
      who,
      score,
      since: known?.since ?? since!,
      until: Math.max(until, known?.until ?? 0),
      ended: false,
    })
    return { state: 'admitted', until }
  }

  #arrive(who: string, door: { node: string } | 'poll'): void {
    if (!this.#waits(who)) return
    if (this.away.has(who) || this.asked.has(who) || this.polls.has(who)) {
      for (const doubts of [this.away, this.asked, this.polls]) doubts.delete(who)
      if (door === 'poll') this.polls.set(who, this.now + this.settings.grace)
      else this.#enrol(door.node, who)
    }
    const score = this.parked.get(who)
    if (score === undefined) return
    this.parked.delete(who)
    this.returned.set(who, score)
  }

  /** Whom the doors have passed is called next; into the line would push others back. */
  #restore(who: string, score: number): void {
    this.line.delete(who)
    if (score <= this.frontier) this.returned.set(who, score)
    else this.line.set(who, score)
  }

  #setAside(who: string): void {
    const score = this.returned.get(who)
    if (score === undefined) return
    this.returned.delete(who)
    this.parked.set(who, score)
  }

  #expire(): void {
    for (const [who, { until }] of this.active) {
      if (until > this.now) continue
      this.#miss(who)
      this.active.delete(who)
    }
  }

  /** Whoever was called and never came is set aside once the turn is over. */
  #miss(who: string): void {
    const slot = this.active.get(who)
    if (slot === undefined || slot.until > this.now || slot.since !== undefined) return
    this.active.delete(who)
    this.parked.set(who, slot.score)
    if (!this.away.has(who)) this.away.set(who, this.now + this.settings.grace)
  }

  #moveSlots(by: number): void {
    for (const slot of this.active.values()) {
      slot.until += by
      if (slot.since !== undefined) slot.since += by
    }
  }

  /** Each visitor of a dead node has a grace to come back, and is asked for elsewhere. */
  #bury(node: string): string[] {
    const asks: string[] = []
    for (const who of this.rosters.get(node) ?? []) {
      if (!this.#waits(who) || this.polls.has(who) || this.asked.has(who)) continue
      if (!this.away.has(who)) this.away.set(who, this.now + this.settings.grace)
      this.#setAside(who)
      asks.push(who)
    }
    if (asks.length > 0) this.#askedUntil = this.now + ANSWER
    this.rosters.delete(node)
    this.leases.delete(node)
    return asks
  }

  #waits(who: string): boolean {
    return this.line.has(who) || this.parked.has(who) || this.returned.has(who)
  }

  /** Where the clock went back by far, after a loss, it is over. */
  get isRestoring(): boolean {
    return (
      this.now < this.#restoreUntil && this.#restoreUntil <= this.now + this.settings.grace + RECOVERY_AT_MOST
    )
  }

  #recovers(): boolean {
    return this.now < this.#recoverUntil && this.#recoverUntil <= this.now + RECOVERY_AT_MOST
  }

  /** From the first on there is a lease to run out, swept or not. */
  #enrol(node: string, who: string): void {
    const roster = this.rosters.get(node) ?? new Set()
    this.rosters.set(node, roster.add(who))
    if (roster.size === 1 && !this.leases.has(node)) this.leases.set(node, this.now + LEASE)
  }
}

function sorted(places: Scores): [string, number][] {
  return [...places].sort(([one, a], [other, b]) => a - b || (one < other ? -1 : 1))
}
