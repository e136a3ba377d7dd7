/** One's own booking as the server has it, asked again for as long as it moves by itself. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { OnsaleError } from '../../client/http.ts'
import { useOnReturn } from '../on-return.ts'
import { type OwnBooking, useShop } from '../shop.ts'
import { isMoving } from './stage.ts'

/** Often at first, as most payments settle in a moment. */
const PAUSES_MS = [500, 1_000, 1_000, 1_500, 2_000, 3_000] as const
const FAILED_MS = 3_000
/** Who stands far back in the line to pay asks more seldom: a third of what is left, up to this. */
const LINE_MOST_MS = 15_000

export interface Watched {
  booking: OwnBooking | undefined
  error: Error | undefined
  /** A newer one, from the answer to a call. */
  set(booking: OwnBooking): void
  reload(): void
}

export function useOwnBooking(bookingId: string): Watched {
  const shop = useShop()
  const [booking, setBooking] = useState<OwnBooking>()
  const [error, setError] = useState<Error>()
  const asked = useRef(0)
  const load = useCallback(async () => {
    const mine = ++asked.current
    try {
      const found = await shop.booking(() => shop.onsale.bookings.get(bookingId))
      if (mine !== asked.current) return
      setBooking(found)
      setError(undefined)
    } catch (failure) {
      if (mine === asked.current) setError(failure instanceof Error ? failure : new Error(String(failure)))
    }
  }, [shop, bookingId])

  const reload = useCallback(() => void load(), [load])
  useEffect(() => {
    setBooking(undefined)
    setError(undefined)
    void load()
    return () => {
      asked.current++
    }
  }, [load])

  // Another tab may have paid it or given it back meanwhile.
  useOnReturn(reload)

  const round = useRef(0)
  useEffect(() => {
    const moving = booking !== undefined && isMoving(booking)
    const again = error !== undefined && !(error instanceof OnsaleError && error.status === 404)
    if (!moving) round.current = 0
    if (!moving && !again) return
    const steady = PAUSES_MS[Math.min(round.current++, PAUSES_MS.length - 1)] ?? FAILED_MS
    const inLine = Math.min(((booking?.payQueue?.seconds ?? 0) * 1_000) / 3, LINE_MOST_MS)
    const pause = again ? FAILED_MS : Math.max(steady, inLine)
    const timer = setTimeout(() => void load(), pause)
    return () => clearTimeout(timer)
  }, [booking, error, load])

  const set = useCallback((next: OwnBooking) => {
    // What was asked before the call knows less than its answer.
    asked.current++
    setError(undefined)
    setBooking(next)
  }, [])
  return { booking, error, set, reload }
}
