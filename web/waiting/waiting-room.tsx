/** The waiting room: where one stands, how long it takes, and that nothing is lost. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { QueueView } from '../../client/queue.ts'
import { waiting as waitingText } from '../format/durations.ts'
import { ShieldIcon } from '../icons.tsx'
import { kept, tab } from '../kept.ts'
import { told } from '../page-states.tsx'
import type { ShopEvent } from '../shop.ts'
import { DoorsMove, InTheDraw, Planned, Proof } from './before-doors.tsx'
import { lineWords } from './line-words.ts'
import { Closed, Crowded, Outside } from './outside.tsx'
import type { Place } from './place.ts'
import { type Room, roomOf, stateWords } from './room.ts'

/** A position that spoke at each change would never be silent. */
const SPOKEN_EVERY_MS = 15_000

export function WaitingRoom({ event, place }: { event: ShopEvent; place: Place }) {
  const { view } = place
  const room = roomOf(view)
  if (room === 'outside') return <Outside place={place} />
  if (room === 'closed') return <Closed place={place} />
  if (room === 'crowded') return <Crowded place={place} />
  return (
    <div class="waiting-room" data-testid="waiting-room">
      <div class="waiting-card">
        <p class="eyebrow">
          Waiting room <Live place={place} />
        </p>
        <p class="visually-hidden" role="status">
          {SPOKEN[room]}
        </p>
        <Standing room={room} event={event} view={view} />
        {view.message !== undefined && view.message !== '' && (
          <blockquote class="operator-message" data-testid="queue-message">
            {view.message}
          </blockquote>
        )}
        <Proof event={event} view={view} />
        <Assurance place={place} planned={room === 'planned'} />
        {room !== 'planned' && <LeaveButton leave={place.leave} drawn={room === 'draw'} />}
      </div>
    </div>
  )
}

/** A face that changes by itself is told to who does not see it; a place in a moving line tells itself. */
const SPOKEN: Partial<Record<Room, string>> = {
  planned: 'The line has not formed yet. This page joins it by itself.',
  draw: 'You are in the draw.',
  early: 'You have a place. The doors are not open yet.',
}

/** One after the other: a switch of the room is another face, and not the same one with other words. */
function Standing({ room, event, view }: { room: Room; event: ShopEvent; view: QueueView }) {
  switch (room) {
    case 'planned':
      return <Planned event={event} view={view} />
    case 'draw':
      return <InTheDraw event={event} view={view} />
    case 'finding':
      return <p class="place-number soft">Finding your place …</p>
    default:
      return (
        <>
          <Position
            view={view}
            eventId={event.eventId}
            first={room === 'early' ? 'You are first' : 'You are next'}
          />
          {room === 'early' && <DoorsMove event={event} view={view} />}
          <State view={view} />
        </>
      )
  }
}

function Position({ view, eventId, first }: { view: QueueView; eventId: string; first: string }) {
  const { position, wait } = view
  const done = useProgress(eventId, position)
  const words = useSpokenPosition(view, first)
  return (
    <>
      <h2 class="visually-hidden">Your place</h2>
      {position === undefined ? (
        <p class="place-number soft">Your place is being worked out</p>
      ) : position === 0 ? (
        <p class="place-number" data-testid="position" data-position="0">
          {first}
        </p>
      ) : (
        <p class="place">
          <span class="place-number" data-testid="position" data-position={position}>
            {position.toLocaleString('en')}
          </span>
          <span class="place-words">
            {position === 1 ? 'person is ahead of you' : 'people are ahead of you'}
          </span>
        </p>
      )}
      <div class="progress" aria-hidden="true">
        <span style={{ transform: `scaleX(${done})` }} />
      </div>
      <dl class="place-facts">
        <div>
          <dt>Estimated wait</dt>
          <dd data-testid="wait">{wait === null ? 'not known yet' : waitingText(wait.p50, wait.p90)}</dd>
        </div>
        <div>
          <dt>In the line</dt>
          <dd data-testid="in-line">{lineWords(view)}</dd>
        </div>
        <div>
          <dt>Choosing seats now</dt>
          <dd>{view.active.toLocaleString('en')}</dd>
        </div>
      </dl>
      <p class="visually-hidden" aria-live="polite">
        {words}
      </p>
    </>
  )
}

/** The share of the way done since this tab first saw a position; it survives a reload. */
function useProgress(eventId: string, position: number | undefined): number {
  const name = `position:${eventId}`
  const first = useRef(Number(kept(tab, name) ?? 0))
  if (position === undefined) return 0
  if (first.current < position) {
    first.current = position
    tab.set(name, String(position))
  }
  return first.current === 0 ? 1 : 1 - position / (first.current + 1)
}

function useSpokenPosition({ position, wait }: QueueView, first: string): string {
  const [words, setWords] = useState('')
  const spokenAt = useRef(0)
  useEffect(() => {
    const now = performance.now()
    if (
      position === undefined ||
      (position > 0 && spokenAt.current > 0 && now - spokenAt.current < SPOKEN_EVERY_MS)
    )
      return
    spokenAt.current = now
    const ahead = position === 0 ? `${first}.` : `${position} ahead of you.`
    setWords(wait === null ? ahead : `${ahead} Estimated wait: ${waitingText(wait.p50, wait.p90)}.`)
  }, [position, wait, first])
  return words
}

function State({ view }: { view: QueueView }) {
  const text = stateWords(view)
  return text === undefined ? null : (
    <p class="queue-state" role="status">
      {text}
    </p>
  )
}

function Live({ place }: { place: Place }) {
  const live = place.connection === 'open'
  return <span class={`liveness ${live ? 'live' : 'slow'}`}>{live ? 'live' : 'reconnecting'}</span>
}

function Assurance({ place, planned }: { place: Place; planned: boolean }) {
  const { connection, error } = place
  if (connection === 'offline' || connection === 'connecting') {
    return (
      <p class="assurance" role="status" data-testid="place-safe">
        <ShieldIcon />
        <span>
          <strong>Connection lost.{planned ? '' : ' Your place is safe.'}</strong> We reconnect by ourselves
          {error === undefined ? '.' : `. ${told(error)}`}
        </span>
      </p>
    )
  }
  if (planned) return null
  return (
    <p class="assurance">
      <ShieldIcon />
      <span>
        Keep this page open. Reloading it, or opening it twice, neither loses nor gains a place. You go on to
        the seats by yourself when it is your turn.
      </span>
    </p>
  )
}

function LeaveButton({ leave, drawn }: { leave: () => void; drawn: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null)
  return (
    <>
      <button type="button" class="button quiet" onClick={() => dialog.current?.showModal()}>
        Leave the line
      </button>
      <dialog ref={dialog} aria-labelledby="leave-title">
        <form method="dialog">
          <h2 id="leave-title">Leave the line?</h2>
          <p>
            {drawn
              ? 'Your place in the draw is given up. Whoever joins again may stand behind those who stayed.'
              : 'Your place is given up. Whoever joins again starts at the end.'}
          </p>
          <p class="actions">
            <button type="submit" class="button quiet">
              Stay
            </button>
            <button type="submit" class="button danger" onClick={leave}>
              Leave
            </button>
          </p>
        </form>
      </dialog>
    </>
  )
}
