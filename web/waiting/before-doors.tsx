/** The waiting room before its doors move: when the line forms, when doors move, and how an order is drawn by lot. */
import { useState } from 'preact/hooks'
import type { QueueView } from '../../client/queue.ts'
import { Countdown } from '../countdown.tsx'
import { clock, longDay, moment, zoneName } from '../format/dates.ts'
import { type ShopEvent, useShop } from '../shop.ts'

/** A countdown of days moves nobody. */
const COUNTED_MS = 24 * 3_600_000

interface Props {
  event: ShopEvent
  view: QueueView
}

/** The line forms later, and this page joins it then. */
export function Planned({ event, view }: Props) {
  const when = useTimeWords(event)
  const from = view.refused?.from ?? 0
  const { opensAt } = view
  return (
    <div class="before" data-testid="planned">
      <h2 class="place-number">The line forms {when(from)}</h2>
      <Until at={from} label="Time until the line forms" over="It forms any moment." />
      <p>
        Keep this page open: <strong>it joins by itself</strong>. Nothing is gained by loading it again.
      </p>
      {opensAt !== undefined && opensAt > from && (
        <p class="soft">Doors move {when(opensAt)}. Until then nobody is let in.</p>
      )}
    </div>
  )
}

/** The doors of a line in which one has a place. */
export function DoorsMove({ event, view: { opensAt } }: Props) {
  const when = useTimeWords(event)
  if (opensAt === undefined)
    return (
      <p class="queue-state" role="status">
        The doors are not open yet. You are in time, and this page goes on by itself.
      </p>
    )
  return (
    <div class="before" data-testid="doors-move">
      <p class="queue-state">Doors move {when(opensAt)}.</p>
      <Until at={opensAt} label="Time until the doors move" over="Any moment." />
    </div>
  )
}

/** In the draw: everybody has the same chance, and nobody a number. */
export function InTheDraw({ event, view }: Props) {
  const when = useTimeWords(event)
  const { opensAt, waiting, queue } = view
  return (
    <div class="before" data-testid="in-draw">
      <h2 class="place-number">You are in the draw</h2>
      <p>
        Everyone who is here {opensAt === undefined ? 'when the doors open' : 'ten seconds before the doors'}{' '}
        has the same chance. Until then nobody has a number, and there is no need to hurry. Whoever comes
        later stands behind.
      </p>
      {opensAt === undefined ? (
        <p class="queue-state">The organiser says when the doors move. This page goes on by itself.</p>
      ) : (
        <>
          <p class="queue-state">Doors move {when(opensAt)}.</p>
          <Until at={opensAt} label="Time until the doors move" over="The places are being drawn …" />
        </>
      )}
      {queue === 'recovering' && (
        <p class="queue-state" role="status">
          The line is being restored after a fault. Your place is safe.
        </p>
      )}
      {waiting > 0 && <p class="soft">{waiting.toLocaleString('en')} in the draw now</p>}
    </div>
  )
}

/** How anybody can check the draw, with one's own name in it. */
export function Proof({ event, view: { draw, entry } }: Props) {
  if (draw === undefined || entry === undefined) return null
  return (
    <details class="proof">
      <summary>How the draw is made, and proven</summary>
      <p>
        When the line was planned we made a secret and published its fingerprint, so we cannot change it.
        Shortly before the doors the list of names is closed and its fingerprint published. Only then secret
        and list, and a public random number where one was named, give each name its lot, the least first.
        Afterwards the secret is published too: anybody can do the sums again.
      </p>
      <p>
        Your name on the list is <code data-testid="entry">{entry}</code>. It tells nobody who you are.
      </p>
      <p>
        <a href={`/events/${event.eventId}/queue/draw`} target="_blank" rel="noreferrer">
          What is published of this draw
        </a>
      </p>
    </details>
  )
}

function Until({ at, label, over }: { at: number; label: string; over: string }) {
  const shop = useShop()
  // Keyed by the moment: one that was moved is not over.
  const [ended, setEnded] = useState<number>()
  if (at - shop.now() > COUNTED_MS) return null
  return (
    <p class="until">
      {ended === at || at <= shop.now() ? (
        <span role="status">{over}</span>
      ) : (
        <Countdown key={at} until={at} label={label} ended={() => setEnded(at)} />
      )}
    </p>
  )
}

/** "at 10:00 CET" today, "on 12 April, 10:00 CET" else; by the clocks at the venue. */
function useTimeWords({ venue: { timeZone } }: ShopEvent): (at: number) => string {
  const shop = useShop()
  return at =>
    longDay(at, timeZone) === longDay(shop.now(), timeZone)
      ? `at ${clock(at, timeZone)} ${zoneName(at, timeZone)}`
      : `on ${moment(at, timeZone)}`
}
