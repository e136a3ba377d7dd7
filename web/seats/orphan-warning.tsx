/** Says that a choice would leave a seat alone, and offers one that does not. */
import { useMemo } from 'preact/hooks'
import { judgeChoice } from '../../shared/seats/orphan-rule.ts'
import { Stretches } from '../../shared/seats/stretches.ts'
import { type SeatFeed, useFeed } from './seat-feed.ts'
import type { SeatLayout } from './seat-layout.ts'
import { placeName } from './seat-words.ts'
import type { Selection } from './selection.ts'

interface OrphanWarningProps {
  layout: SeatLayout
  feed: SeatFeed
  selection: Selection
  /** The seats to choose in the place of those. */
  swap(seats: readonly number[]): void
}

/** Made when first needed: a stadium's takes a moment. */
const made = new WeakMap<SeatLayout, Stretches>()

function stretchesOf(layout: SeatLayout): Stretches {
  const known = made.get(layout) ?? new Stretches(layout.map)
  made.set(layout, known)
  return known
}

export function OrphanWarning({ layout, feed, selection, swap }: OrphanWarningProps) {
  useFeed(feed)
  const { seats } = selection
  const version = `${feed.state.epoch}.${feed.state.seq}`
  const judged = useMemo(() => {
    if (seats.length === 0) return undefined
    const free = Uint8Array.from({ length: feed.state.seats }, (_, index) =>
      feed.state.get(index) === 0 ? 1 : 0,
    )
    return judgeChoice(
      stretchesOf(layout),
      free,
      seats.map(({ index }) => index),
    )
  }, [layout, feed, seats, version])
  if (judged === undefined || judged.ok) return null
  const places = judged.orphans.flatMap(index => layout.plan.at(index) ?? [])
  const alone = places.map(placeName).join('; ')
  return (
    <div class="alert" role="status" data-testid="orphan">
      <p>
        {alone} would be left alone, and hard for anybody to use.{' '}
        <button type="button" class="button" onClick={() => swap(judged.instead)}>
          Take the seats beside it
        </button>
      </p>
    </div>
  )
}
