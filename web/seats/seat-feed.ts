/** The event's seats as the page's parts hear them: one watch, many listeners. */
import { useEffect, useReducer } from 'preact/hooks'
import type { OnsaleError } from '../../client/http.ts'
import type { Onsale } from '../../client/onsale.ts'
import type { LostSeat, SeatChange, SeatState, SeatWatch, WatchStatus } from '../../client/seats.ts'

export type FeedChange = SeatChange | { kind: 'status' }

/** Numbers beside the map need not be newer than an eye can follow. */
const SHOWN_EVERY_MS = 200

export class SeatFeed {
  readonly #watch: SeatWatch
  readonly #listeners = new Set<(change: FeedChange) => void>()
  readonly #losers = new Set<(lost: LostSeat[]) => void>()
  #pass: string | undefined
  error: OnsaleError | undefined

  constructor(onsale: Onsale, eventId: string, pass: string | undefined) {
    this.#pass = pass
    this.#watch = onsale.watchSeats(eventId, {
      pass,
      onChange: change => this.#tell(change),
      onLost: lost => {
        for (const listener of [...this.#losers]) listener(lost)
      },
      onStatus: () => this.#tell({ kind: 'status' }),
      onError: error => {
        this.error = error
        this.#tell({ kind: 'status' })
      },
    })
  }

  get state(): SeatState {
    return this.#watch.state
  }

  get status(): WatchStatus {
    return this.#watch.status
  }

  setPass(pass: string | undefined): void {
    if (pass === this.#pass) return
    this.#pass = pass
    this.#watch.setPass(pass)
  }

  /** After a refusal whose cause is gone. */
  retry(): void {
    this.error = undefined
    this.#watch.setPass(this.#pass)
  }

  on(listener: (change: FeedChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Of the seats given to `mind`, each once. */
  onLost(listener: (lost: LostSeat[]) => void): () => void {
    this.#losers.add(listener)
    return () => this.#losers.delete(listener)
  }

  /** What this fan has chosen and holds, instead of what was given before. */
  mind(seats: { chosen: Iterable<number>; held: Iterable<number> }): void {
    this.#watch.mind(seats)
  }

  close(): void {
    this.#listeners.clear()
    this.#losers.clear()
    this.#watch.close()
  }

  #tell(change: FeedChange): void {
    for (const listener of [...this.#listeners]) listener(change)
  }
}

/** The seats named in a change; undefined where all may have changed. */
export function changedSeats(change: FeedChange): number[] | undefined {
  if (change.kind !== 'some') return undefined
  return change.seats.filter((_, i) => i % 2 === 0)
}

/** Shows the component again after changes, a few times a second at most. */
export function useFeed(feed: SeatFeed): void {
  const [, show] = useReducer((n: number) => n + 1, 0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const off = feed.on(() => {
      timer ??= setTimeout(() => {
        timer = undefined
        show(undefined)
      }, SHOWN_EVERY_MS)
    })
    return () => {
      off()
      clearTimeout(timer)
    }
  }, [feed])
}
