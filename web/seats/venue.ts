/** What a seat room needs from the network: the map's geometry, laid out once, and the live feed of its seats. */
import { useCallback, useEffect, useReducer, useState } from 'preact/hooks'
import type { WatchStatus } from '../../client/seats.ts'
import type { SeatMap } from '../../shared/seats/seat-map.ts'
import { isSessionLost, useShop } from '../shop.ts'
import { SeatFeed } from './seat-feed.ts'
import { SeatLayout } from './seat-layout.ts'

/** Laid out maps by path: geometry never changes, and one goes back and forth between checkout and map. */
const layouts = new Map<string, SeatLayout>()
const MOST_LAYOUTS = 3

export function useSeatLayout(path: string): [SeatLayout | Error | undefined, () => void] {
  const shop = useShop()
  const [layout, setLayout] = useState<SeatLayout | Error | undefined>(() => layouts.get(path))
  const [attempt, retry] = useReducer((n: number) => n + 1, 0)
  useEffect(() => {
    let current = true
    const known = layouts.get(path)
    setLayout(known)
    if (known !== undefined) return
    shop
      .ask(() => shop.onsale.events.map<SeatMap>(path))
      .then(map => {
        const made = new SeatLayout(map)
        if (layouts.size >= MOST_LAYOUTS) layouts.clear()
        layouts.set(path, made)
        if (current) setLayout(made)
      })
      .catch((error: unknown) => {
        if (current) setLayout(error instanceof Error ? error : new Error(String(error)))
      })
    return () => {
      current = false
    }
  }, [shop, path, attempt])
  return [layout, useCallback(() => retry(undefined), [])]
}

/** Undefined until there is a session: the seats of an event with a queue are shown to a visitor, not to anybody. */
export function useSeatFeed(eventId: string, pass: string | undefined): SeatFeed | undefined {
  const shop = useShop()
  const [feed, setFeed] = useState<SeatFeed>()
  useEffect(() => {
    let opened: SeatFeed | undefined
    let current = true
    const open = () => {
      if (!current) return
      opened = new SeatFeed(shop.onsale, eventId, pass)
      setFeed(opened)
    }
    // Where no session can be made, the seats of an open sale are shown all the same.
    void shop.session().then(open, open)
    return () => {
      current = false
      opened?.close()
      setFeed(undefined)
    }
    // A newer pass is given to the open feed below.
  }, [shop, eventId])
  useEffect(() => feed?.setPass(pass), [feed, pass])
  useEffect(
    () =>
      feed?.on(change => {
        if (change.kind !== 'status' || feed.status !== 'refused' || !isSessionLost(feed.error)) return
        shop.renew().then(
          () => feed.retry(),
          () => undefined,
        )
      }),
    [feed, shop],
  )
  return feed
}

/** Servers keep an event for a second, and their answer may be kept for another: asked sooner, one might tell of the house before. */
const HOUSE_KNOWN_MS = 2_000

/** Seats that were made anew, which raises their epoch, may be those of another house: the event is asked for. */
export function useNewHouse(feed: SeatFeed | undefined, reload: () => void): void {
  useEffect(() => {
    if (feed === undefined) return
    let { epoch } = feed.state
    let timer: ReturnType<typeof setTimeout> | undefined
    const off = feed.on(({ kind }) => {
      if (kind !== 'all' || feed.state.epoch === epoch) return
      if (epoch > 0) {
        clearTimeout(timer)
        timer = setTimeout(reload, HOUSE_KNOWN_MS)
      }
      epoch = feed.state.epoch
    })
    return () => {
      off()
      clearTimeout(timer)
    }
  }, [feed, reload])
}

/** Shows the component again when the feed's status or its first snapshot has come. */
export function useFeedStatus(feed: SeatFeed | undefined): WatchStatus {
  const [, show] = useReducer((n: number) => n + 1, 0)
  useEffect(
    () =>
      feed?.on(change => {
        if (change.kind !== 'some') show(undefined)
      }),
    [feed],
  )
  return feed?.status ?? 'loading'
}
