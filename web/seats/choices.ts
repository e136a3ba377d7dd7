/** The selection of one fan on one event, as the page keeps it: the rules of selection.ts, with words for what happens. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { LostSeat } from '../../client/seats.ts'
import { notify } from '../notices.tsx'
import type { ShopEvent } from '../shop.ts'
import type { OwnSeats } from './own-seats.ts'
import type { SeatFeed } from './seat-feed.ts'
import type { SeatLayout } from './seat-layout.ts'
import { lostTexts, placeName, statusName } from './seat-words.ts'
import {
  type ChosenArea,
  countOf,
  NOTHING,
  priceOf,
  type Selection,
  toggled,
  withArea,
  without,
  withType,
} from './selection.ts'

export interface Choices {
  selection: Selection
  seats: ReadonlySet<number>
  /** For the ear: what the last act has done. */
  said: string
  choose(index: number): void
  setArea(wanted: ChosenArea, left: number): void
  setType(index: number, ticketType: string): void
  /** Other seats in the place of those chosen. */
  swap(seats: readonly number[]): void
  /** Others have them: out of the selection, with a notice. */
  lose(indices: Iterable<number>): void
  /** Loses what the map shows as taken, once a hold is no longer under way. */
  check(): void
}

export function useChoices(
  event: ShopEvent,
  layout: SeatLayout,
  feed: SeatFeed,
  { seats: mine, held }: OwnSeats,
  limit: number,
  /** While a hold is under way, our own seats are told as held before its answer comes. */
  holding: { current: boolean },
): Choices {
  const [selection, setSelection] = useState(NOTHING)
  const [said, setSaid] = useState('')
  const latest = useRef(selection)
  latest.current = selection
  const set = useCallback((next: Selection) => {
    latest.current = next
    setSelection(next)
  }, [])

  const choose = useCallback(
    (index: number) => {
      const place = layout.plan.at(index)
      if (place === undefined) return
      if (mine.has(index)) {
        notify(`${placeName(place)} is already yours.`)
        return
      }
      const ticketType = priceOf(event.prices, place.category)?.ticketType ?? ''
      const { outcome, selection: next } = toggled(
        latest.current,
        { index, ticketType },
        feed.state.get(index),
        limit,
      )
      set(next)
      if (outcome === 'limit') notify(limitText(limit))
      else if (outcome === 'taken')
        notify(`${placeName(place)} is ${statusName(feed.state.get(index), undefined)}.`)
      else
        setSaid(
          `${placeName(place)} ${outcome === 'added' ? 'chosen' : 'removed'}. ${countOf(next)} of ${limit}.`,
        )
    },
    [event, layout, feed, mine, limit, set],
  )
  const setArea = useCallback(
    (wanted: ChosenArea, left: number) => {
      const { outcome, selection: next } = withArea(latest.current, wanted, left, limit)
      set(next)
      if (outcome === 'limit') notify(limitText(limit))
      else if (outcome === 'taken') notify('No more places are left there.')
      else setSaid(`${countOf(next)} of ${limit} chosen.`)
    },
    [limit, set],
  )
  const tell = useCallback(
    (lost: readonly LostSeat[]) => {
      const chosen = lost.filter(({ was }) => was === 'chosen').map(({ index }) => index)
      set(without(latest.current, chosen).selection)
      setTimeout(() => {
        const known = lost.map(one => ({ ...one, why: WHY[feed.state.get(one.index) ?? 0] ?? one.why }))
        for (const text of lostTexts(known, index => layout.plan.at(index))) notify(text, 'bad')
      }, REASON_MS)
    },
    [layout, feed, set],
  )
  /** What is ours is minded anew; of what is lost already it is told at once. */
  const check = useCallback(() => feed.mind({ chosen: chosenIn(latest.current), held }), [feed, held])
  useEffect(
    () =>
      feed.onLost(lost => {
        // The answer says what could not be had; what was lost beside it is found when it has come.
        if (!holding.current) tell(lost)
      }),
    [feed, tell, holding],
  )
  useEffect(check, [check, selection.seats])
  return {
    selection,
    said,
    seats: useMemo(() => new Set(selection.seats.map(seat => seat.index)), [selection]),
    choose,
    setArea,
    setType: useCallback((index, ticketType) => set(withType(latest.current, index, ticketType)), [set]),
    swap: useCallback(
      (seats: readonly number[]) => {
        set({ ...latest.current, seats: [] })
        for (const index of seats) choose(index)
      },
      [set, choose],
    ),
    lose: useCallback(
      (indices: Iterable<number>) => {
        const { lost } = without(latest.current, indices)
        tell(lost.map((index): LostSeat => ({ index, was: 'chosen', why: 'held' })))
      },
      [tell],
    ),
    check,
  }
}

/** Blocks and quick sales are holds at first: the words wait until the map shows what became of the seat. */
const REASON_MS = 1_000
/** By status; free again, and it is as it was told. */
const WHY = [undefined, 'held', 'sold', 'blocked'] as const

function chosenIn({ seats }: Selection): number[] {
  return seats.map(({ index }) => index)
}

function limitText(limit: number): string {
  return `You can take ${limit} ${limit === 1 ? 'ticket' : 'tickets'} at most. Remove one to choose another.`
}
