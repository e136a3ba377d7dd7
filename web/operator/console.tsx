/** One event's console: all that goes on in an on-sale, live on one page, and the queue's controls. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { QueueInfo } from '../../shared/wire/messages.ts'
import { Countdown } from '../countdown.tsx'
import { clock, longDay, moment, zoneName } from '../format/dates.ts'
import { told, useTitle } from '../page-states.tsx'
import { type ShopEvent, useShop } from '../shop.ts'
import { AuditLog } from './audit-log.tsx'
import { type Board, EMPTY_BOARD } from './board.ts'
import { Charts } from './charts.tsx'
import { Controls } from './controls.tsx'
import type { Desk, QueueSettings } from './desk.ts'
import { Eject } from './eject.tsx'
import { Feed } from './feed.ts'
import { wallClock } from './figures.ts'
import { Heat } from './heat-map.tsx'
import { KeptBackSeats } from './kept-back-seats.tsx'
import { Nodes } from './nodes.tsx'
import { Numbers } from './numbers.tsx'
import { queueWords } from './switch-words.ts'
import { isTokenRefused } from './token.ts'
import { useSeatMap } from './use-seat-map.ts'

const AGAIN_MS = 3_000
/** A status on its way may tell the state from before what was just saved. */
const SETTLED_MS = 1_500
/** A countdown of days moves nobody. */
const COUNTED_MS = 24 * 3_600_000

export function Console({
  desk,
  eventId,
  refused,
}: {
  desk: Desk
  eventId: string
  refused: (code: string) => void
}) {
  const shop = useShop()
  const board = useBoard(desk, eventId, refused)
  const lastAct = board.status?.lastAct ?? 0
  const [event, eventError] = useAsked(
    () => shop.ask(() => shop.onsale.events.get<ShopEvent>(eventId)),
    [shop, eventId],
  )
  const [asked, settingsError] = useAsked(() => desk.settings(eventId), [desk, eventId, lastAct])
  const [saved, setSaved] = useState<{ settings: QueueSettings; at: number }>()
  const [acts, setActs] = useState(0)
  useEffect(() => {
    if (asked !== undefined) setSaved({ settings: asked, at: Number.NEGATIVE_INFINITY })
  }, [asked])
  useEffect(() => {
    if (isTokenRefused(settingsError)) refused(settingsError.code)
  }, [settingsError, refused])
  const changed = useCallback((settings: QueueSettings) => {
    setSaved({ settings, at: Date.now() })
    setActs(n => n + 1)
  }, [])
  const map = useSeatMap(event?.links.map)
  useTitle(event?.name ?? 'Operator')
  const settling = saved !== undefined && Date.now() - saved.at < SETTLED_MS
  const queue = (settling ? undefined : board.queue) ?? saved?.settings.queue
  const state = queue?.state ?? 'off'
  const zone = event?.venue.timeZone ?? 'UTC'
  const error = [eventError, settingsError, board.fault].find(
    one => one !== undefined && !isTokenRefused(one),
  )
  return (
    <div class="page console">
      <Head event={event} board={board} queue={saved === undefined ? undefined : queue} />
      {error !== undefined && (
        <p class="alert bad" role="alert">
          {told(error)}
        </p>
      )}
      <Numbers
        board={board}
        cap={saved?.settings.cap}
        total={event?.availability.total}
        free={event?.availability.free ?? undefined}
      />
      <div class="console-main">
        <div class="console-wide">
          <Charts moments={board.moments} currency={board.status?.currency ?? event?.currency ?? 'EUR'} />
          <Heat heat={board.heat} map={map} />
          {map !== undefined && !(map instanceof Error) && (
            <KeptBackSeats
              key={event?.links.map}
              desk={desk}
              eventId={eventId}
              map={map}
              version={`${lastAct} ${acts}`}
              done={() => setActs(n => n + 1)}
              refused={refused}
            />
          )}
        </div>
        <div class="console-side">
          {saved !== undefined && (
            <Controls
              desk={desk}
              settings={saved.settings}
              state={state}
              waiting={board.queue?.waiting ?? 0}
              zone={zone}
              now={() => shop.now()}
              changed={changed}
              refused={refused}
            />
          )}
          <Nodes board={board} />
          <Eject desk={desk} eventId={eventId} done={() => setActs(n => n + 1)} refused={refused} />
          <AuditLog desk={desk} eventId={eventId} zone={zone} version={`${lastAct} ${acts}`} />
        </div>
      </div>
    </div>
  )
}

function Head({
  event,
  board,
  queue,
}: {
  event: ShopEvent | undefined
  board: Board
  queue: QueueInfo | undefined
}) {
  const title = useRef<HTMLHeadingElement>(null)
  // Who came by keyboard goes on from here, not from the top of the page.
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement === null) {
      title.current?.focus({ preventScroll: true })
    }
  }, [])
  return (
    <header class="console-head">
      <div>
        <a class="soft" href="/operator">
          ← All events
        </a>
        <h1 ref={title} tabIndex={-1}>
          {event?.name ?? 'Event'}
          {queue !== undefined && (
            <span class={`badge ${BADGES[queue.state] ?? 'waiting'}`} data-testid="queue-state">
              {queueWords(queue.state)}
            </span>
          )}
          {queue !== undefined && <Opens queue={queue} zone={event?.venue.timeZone ?? 'UTC'} />}
        </h1>
        {event !== undefined && (
          <p class="soft">
            {event.venue.name}, {event.venue.city} · {longDay(event.startsAt, event.venue.timeZone)},{' '}
            {clock(event.startsAt, event.venue.timeZone)} {zoneName(event.startsAt, event.venue.timeZone)} ·{' '}
            <a href={`/e/${event.eventId}`}>Page of the event</a>
          </p>
        )}
      </div>
      <Live board={board} />
    </header>
  )
}

/** When a planned line forms and its doors move. */
function Opens({ queue: { state, preQueueAt, opensAt }, zone }: { queue: QueueInfo; zone: string }) {
  const shop = useShop()
  const at = state === 'scheduled' ? (preQueueAt ?? opensAt) : state === 'pre_queue' ? opensAt : undefined
  if (at === undefined) return null
  const what = at === opensAt ? 'opens' : 'forms'
  return (
    <span class="badge waiting" data-testid="queue-opens">
      {what} {moment(at, zone)}
      {at - shop.now() < COUNTED_MS && (
        <>
          , in <Countdown key={at} until={at} label={`Time until the queue ${what}`} />
        </>
      )}
    </span>
  )
}

const BADGES: Record<string, string> = { open: 'good', off: '', paused: 'waiting', recovering: 'bad' }

/** Said as it is: what is shown as live was told within the last seconds. */
function Live({ board: { liveness, heardAt } }: { board: Board }) {
  const since = heardAt === undefined ? '' : ` Numbers of ${wallClock(heardAt)}.`
  const words = {
    connecting: 'Connecting …',
    live: 'Live',
    asking: 'Asking every 2 s',
    lost: `Connection lost.${since}`,
  }[liveness]
  const tone = { connecting: '', live: 'live', asking: '', lost: 'paused' }[liveness]
  return (
    <p class={`liveness ${tone}`} role="status" data-testid="console-liveness">
      {words}
    </p>
  )
}

function useBoard(desk: Desk, eventId: string, refused: (code: string) => void): Board {
  const { realtimeUrl } = useShop().config
  const [board, show] = useState(EMPTY_BOARD)
  useEffect(() => {
    const feed = new Feed(desk, realtimeUrl, eventId, { show, refused })
    return () => feed.close()
  }, [desk, realtimeUrl, eventId, refused])
  return board
}

/** What `ask` answers; asked again where it fails, and when what it depends on changes. The answer before stays till then. */
function useAsked<Answer>(
  ask: () => Promise<Answer>,
  needs: readonly unknown[],
): [Answer | undefined, unknown] {
  const [answer, setAnswer] = useState<Answer>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    let current = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const run = () =>
      void ask().then(
        found => {
          if (!current) return
          setAnswer(() => found)
          setError(undefined)
        },
        (failure: unknown) => {
          if (!current) return
          setError(failure)
          timer = setTimeout(run, AGAIN_MS)
        },
      )
    run()
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, needs)
  return [answer, error]
}
