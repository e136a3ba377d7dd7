/**
 * Everything the simulated account remembers, in memory, and copied to a SQLite file when one is given, so that
 * a restart finds the same payments. A crash loses at most the last FLUSH_MS.
 *
 * Bounded: each table has a cap. Past it the oldest object that is over (a payment succeeded or canceled, any
 * event) is dropped; where none of the oldest SEARCHED is over, the oldest goes all the same.
 */
import { DatabaseSync } from 'node:sqlite'
import type Stripe from 'stripe'

const FLUSH_MS = 100
const SEARCHED = 1_000

/** With every table full the heap holds 344 MB (25,000 sales opened from their file). */
export interface Caps {
  payments: number
  events: number
  answers: number
}

export const DEFAULT_CAPS: Caps = { payments: 25_000, events: 60_000, answers: 60_000 }

/** A PaymentIntent, and what Stripe knows of it but does not show. */
export interface Payment {
  intent: Stripe.PaymentIntent
  /** Oldest first. */
  chargeIds: string[]
  returnUrl: string | null
  /** The 3-D Secure page it waits at: the id stands in the page's address, and cannot be guessed. */
  challenge: string | null
  /** While `processing`: how it will end, and whether 3-D Secure was passed. */
  processing: { outcome: 'succeeds' | 'fails'; authenticated: boolean } | null
}

export interface PaymentMethod {
  method: Stripe.PaymentMethod
  /** The test card's id, as cards.ts knows it. */
  card: string
  /** The PaymentIntent that it paid: a payment method without a customer pays once. */
  usedBy: string | null
}

export interface Charge {
  charge: Stripe.Charge
  refundIds: string[]
  /** The test card's id. */
  card: string
  disputeId: string | null
}

/** What happens by itself, and when. */
export interface Deadline {
  kind: 'authorization' | 'processing' | 'refund' | 'dispute'
  /** Of the PaymentIntent, refund or charge. */
  id: string
  /** ms */
  at: number
}

export interface StoredEvent {
  id: string
  type: string
  created: number
  /** The event as JSON, as it was when it happened. */
  json: string
  /** Not delivered yet. */
  pending: boolean
}

export interface KeptAnswer {
  key: string
  path: string
  fingerprint: string
  status: number
  body: string
  requestId: string
  /** ms */
  at: number
}

export interface Table<Value> {
  get(id: string): Value | undefined
  /** Also after changing a value in place: the copy on disk is taken then. */
  put(id: string, value: Value): void
  delete(id: string): void
  /** In order of creation. */
  values(): IterableIterator<Value>
  readonly size: number
}

export interface Store {
  payments: Table<Payment>
  paymentMethods: Table<PaymentMethod>
  charges: Table<Charge>
  refunds: Table<Stripe.Refund>
  disputes: Table<Stripe.Dispute>
  /** The PaymentIntent that a 3-D Secure page belongs to, by the challenge's id. */
  challenges: Table<string>
  deadlines: Table<Deadline>
  events: Table<StoredEvent>
  answers: Table<KeptAnswer>
  /** Writes what is left and closes the file. */
  close(): void
}

/** Without a file nothing is kept. Throws where the file is not ours or cannot be written. */
export function openStore(file: string | undefined, caps: Caps = DEFAULT_CAPS): Store {
  const disk = file === undefined ? undefined : openDisk(file)
  const charges = table<Charge>(
    'charge',
    caps.payments * 2,
    disk,
    () => true,
    charge => {
      for (const id of charge.refundIds) refunds.delete(id)
      if (charge.disputeId !== null) disputes.delete(charge.disputeId)
    },
  )
  const refunds = table<Stripe.Refund>('refund', caps.payments * 2, disk)
  const disputes = table<Stripe.Dispute>('dispute', caps.payments, disk)
  const payments = table<Payment>('payment', caps.payments, disk, isOver, payment => {
    for (const id of payment.chargeIds) charges.delete(id)
  })
  return {
    payments,
    charges,
    refunds,
    disputes,
    paymentMethods: table<PaymentMethod>('payment_method', caps.payments * 2, disk),
    challenges: table<string>('challenge', caps.payments * 2, disk),
    deadlines: table<Deadline>('deadline', caps.payments * 4, disk),
    events: table<StoredEvent>('event', caps.events, disk),
    answers: table<KeptAnswer>('answer', caps.answers, disk),
    close: () => disk?.close(),
  }
}

function isOver({ intent }: Payment): boolean {
  return intent.status === 'succeeded' || intent.status === 'canceled'
}

function table<Value>(
  kind: string,
  cap: number,
  disk: Disk | undefined,
  over: (value: Value) => boolean = () => true,
  dropped: (value: Value) => void = () => undefined,
): Table<Value> {
  const values = new Map<string, Value>(disk?.read(kind) as [string, Value][] | undefined)

  const drop = (id: string) => {
    const value = values.get(id)
    if (value === undefined) return
    values.delete(id)
    disk?.forget(kind, id)
    dropped(value)
  }
  return {
    get: id => values.get(id),
    put(id, value) {
      if (!values.has(id) && values.size >= cap) drop(oldest(values, over))
      values.set(id, value)
      disk?.write(kind, id, value)
    },
    delete: drop,
    values: () => values.values(),
    get size() {
      return values.size
    },
  }
}

function oldest<Value>(values: Map<string, Value>, over: (value: Value) => boolean): string {
  let first = ''
  let seen = 0
  for (const [id, value] of values) {
    if (over(value)) return id
    if (seen === 0) first = id
    if (++seen === SEARCHED) break
  }
  return first
}

interface Disk {
  read(kind: string): [string, unknown][]
  write(kind: string, id: string, value: unknown): void
  forget(kind: string, id: string): void
  close(): void
}

function openDisk(file: string): Disk {
  const database = new DatabaseSync(file)
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = normal;
    create table if not exists objects (
      position integer primary key, kind text not null, id text not null, json text not null, unique (kind, id)
    ) strict`)
  const select = database.prepare('select id, json from objects where kind = ? order by position')
  const upsert = database.prepare(
    'insert into objects (kind, id, json) values (?, ?, ?) on conflict (kind, id) do update set json = excluded.json',
  )
  const remove = database.prepare('delete from objects where kind = ? and id = ?')
  /** By kind and id; null stands for one to remove. */
  const changes = new Map<string, { kind: string; id: string; value: unknown }>()

  const flush = () => {
    if (changes.size === 0) return
    database.exec('begin')
    for (const { kind, id, value } of changes.values()) {
      if (value === null) remove.run(kind, id)
      else upsert.run(kind, id, JSON.stringify(value))
    }
    database.exec('commit')
    changes.clear()
  }
  const timer = setInterval(flush, FLUSH_MS).unref()

  return {
    read: kind =>
      select.all(kind).map(row => [String(row['id']), JSON.parse(String(row['json'])) as unknown]),
    write: (kind, id, value) => void changes.set(`${kind} ${id}`, { kind, id, value }),
    forget: (kind, id) => void changes.set(`${kind} ${id}`, { kind, id, value: null }),
    close() {
      clearInterval(timer)
      flush()
      database.close()
    },
  }
}
