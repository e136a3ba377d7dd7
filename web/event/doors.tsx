/** The way into an event on sale: straight to the seats while the queue is off, through the waiting room while it is on. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Countdown } from '../countdown.tsx'
import { CheckIcon } from '../icons.tsx'
import { notify } from '../notices.tsx'
import type { Door } from '../search/status-words.ts'
import { SeatRoom } from '../seats/seat-room.tsx'
import type { ShopEvent } from '../shop.ts'
import { usePlace } from '../waiting/place.ts'
import { useFlashingTitle } from '../waiting/title.ts'
import { WaitingRoom } from '../waiting/waiting-room.tsx'

interface DoorsProps {
  event: ShopEvent
  at(door: Door): void
  reload(): void
}

export function Doors({ event, at, reload }: DoorsProps) {
  const [queued, setQueued] = useState(event.queue !== null && event.queue.state !== 'off')
  const place = usePlace(event.eventId, queued)
  const { view } = place
  const waited = useRef(false)
  if (view.place === 'waiting') waited.current = true
  const admitted = queued && view.place === 'admitted'
  const door = admitted ? 'admitted' : queued ? 'waiting' : 'open'
  useEffect(() => at(door), [at, door])

  // Who bought or was thrown out is told so first; everybody else goes on to the seats.
  const closed = view.place === 'ended' ? view.reason === 'queue_off' : view.queue === 'off'
  useEffect(() => {
    if (!queued || !closed) return
    setQueued(false)
    if (waited.current) notify('The waiting room is closed: everybody may go on to the seats.', 'good')
    waited.current = false
  }, [queued, closed])
  useFlashingTitle(admitted && waited.current, 'It is your turn!')

  const toQueue = useCallback(() => {
    setQueued(true)
    // Asked anew: a pass that the server refuses is not the one it would give.
    place.join()
  }, [place.join])

  if (!queued) return <SeatRoom event={event} pass={undefined} toQueue={toQueue} reload={reload} />
  if (admitted && view.pass !== undefined) {
    return (
      <>
        <p class="turn" role="status" data-testid="turn">
          <CheckIcon /> <strong>It is your turn.</strong>
          {view.until !== undefined && (
            <span>
              <Countdown until={view.until} label="Time left to choose" /> left to choose
            </span>
          )}
        </p>
        <SeatRoom event={event} pass={view.pass} toQueue={toQueue} reload={reload} />
      </>
    )
  }
  return <WaitingRoom event={event} place={place} />
}
