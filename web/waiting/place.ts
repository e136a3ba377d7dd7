/** The fan's place in an event's line, as the page shows it: the SDK's place, its receipt kept, its failures told. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { ConnectionState } from '../../client/connection.ts'
import type { OnsaleError } from '../../client/http.ts'
import type { QueuePlace, QueueView, ShownPosition } from '../../client/queue.ts'
import { kept, local, tab } from '../kept.ts'
import { isSessionLost, useShop } from '../shop.ts'

export interface Place {
  view: QueueView
  connection: ConnectionState
  /** What went wrong last; none while all is well. */
  error: OnsaleError | undefined
  join(): void
  leave(): void
}

const UNKNOWN: QueueView = {
  queue: undefined,
  waiting: 0,
  active: 0,
  message: undefined,
  preQueueAt: undefined,
  opensAt: undefined,
  soldOut: false,
  place: 'joining',
  refused: undefined,
  position: undefined,
  wait: null,
  draw: undefined,
  entry: undefined,
  slower: undefined,
  pass: undefined,
  until: undefined,
  reason: undefined,
  receipt: undefined,
  shown: undefined,
}

/** Joins while `wanted`. Going to another page keeps the place; only `leave` gives it up. */
export function usePlace(eventId: string, wanted: boolean): Place {
  const shop = useShop()
  const [view, setView] = useState<QueueView>(UNKNOWN)
  const [connection, setConnection] = useState(shop.onsale.connection)
  const [error, setError] = useState<OnsaleError>()
  const place = useRef<QueuePlace>(undefined)

  useEffect(() => shop.onsale.onConnection(setConnection), [shop])
  useEffect(() => {
    if (!wanted) return
    let current = true
    setView(UNKNOWN)
    const join = () => {
      if (current) opened.join()
    }
    const opened = shop.onsale.queue(eventId, {
      receipt: kept(local, `receipt:${eventId}`),
      shown: shownBefore(eventId),
      onChange: next => {
        keep(eventId, next)
        setView({ ...next })
        setError(undefined)
      },
      onError: failure => {
        setError(failure)
        if (isSessionLost(failure)) shop.renew().then(join, () => undefined)
      },
    })
    place.current = opened
    void shop.session().then(join, join)
    return () => {
      current = false
      place.current = undefined
      opened.close()
    }
  }, [shop, eventId, wanted])

  return {
    view: view.place === 'none' && view.queue === undefined ? { ...view, place: 'joining' } : view,
    connection,
    error,
    join: useCallback(() => place.current?.join(), []),
    leave: useCallback(() => place.current?.leave(), []),
  }
}

function shownBefore(eventId: string): ShownPosition | undefined {
  const [score, position] = (kept(local, `shown:${eventId}`) ?? '').split(' ').map(Number)
  return score === undefined || position === undefined ? undefined : { score, position }
}

function keep(eventId: string, { place, receipt, pass, shown }: QueueView): void {
  if (shown !== undefined) local.set(`shown:${eventId}`, `${shown.score} ${shown.position}`)
  if (place === 'waiting' && receipt !== undefined) local.set(`receipt:${eventId}`, receipt)
  if (place === 'ended' || place === 'none') {
    local.remove(`receipt:${eventId}`)
    local.remove(`shown:${eventId}`)
  }
  // For other pages of this tab, and gone with it.
  if (pass !== undefined) tab.set(`pass:${eventId}`, pass)
}
