/** Snapshots as everybody who asks at the same time is given them: the same bytes, of one read of Redis. */
import type { Clock } from '../../shared/clock.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import type { Inventory, SeatSnapshot } from '../../shared/seats/inventory.ts'
import { encodeSnapshot } from '../../shared/wire/seat-frames.ts'
import { FreshReads } from './fresh-reads.ts'

/** Between the beginnings of two reads of one map: in a stampede reading and encoding cost as much as answering, else. */
const APART_MS = 5

export interface SeatRead {
  snapshot: SeatSnapshot
  frame: Uint8Array<ArrayBuffer>
  /** `epoch.seq` as an ETag. */
  tag: string
}

export class SeatReads {
  readonly #inventory: Pick<Inventory, 'snapshot'>
  readonly #reads: FreshReads<SeatRead>

  constructor({ inventory, clock }: { inventory: Pick<Inventory, 'snapshot'>; clock: Pick<Clock, 'sleep'> }) {
    this.#inventory = inventory
    this.#reads = new FreshReads(() => clock.sleep(APART_MS))
  }

  /** Began after it was asked for. */
  read({ eventId, stock }: EventRecord): Promise<SeatRead> {
    return this.#reads.read(eventId, async () => {
      const snapshot = await this.#inventory.snapshot(stock)
      const tag = `"${snapshot.epoch}.${snapshot.seq}"`
      return { snapshot, frame: encodeSnapshot(snapshot), tag }
    })
  }
}
