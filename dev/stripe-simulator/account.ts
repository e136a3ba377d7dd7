/**
 * The simulated Stripe account as its parts see it: what it remembers, its clock, its knobs, and the one way to
 * announce that something happened.
 */
import type { Chance, Clock } from '../../shared/clock.ts'
import type { EventType, Origin } from './events.ts'
import type { KnobBoard } from './knobs.ts'
import type { Store } from './store.ts'

export interface Account {
  readonly store: Store
  readonly clock: Clock
  readonly chance: Chance
  readonly knobs: KnobBoard
  /** Where a browser reaches the simulator's own pages, without a slash at the end. */
  publicUrl: string
  /** Records an event with the object as it is now, and hands it to the webhook. */
  announce(type: EventType, object: object, origin: Origin): void
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** `pi_3...` and the like; unguessable, since client secrets and 3-D Secure pages are named this way too. */
export function newId(account: { chance: Chance }, prefix: string, length = 24): string {
  let id = prefix
  for (const byte of account.chance.bytes(length)) id += ALPHABET[byte % ALPHABET.length]
  return id
}

/** Stripe's times. */
export function seconds(account: { clock: Clock }): number {
  return Math.floor(account.clock.now() / 1000)
}
