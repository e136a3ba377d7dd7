/** What operators did to this event: newest first, live, earlier ones by the page. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { told } from '../page-states.tsx'
import { actorWords, actWords, merged } from './audit.ts'
import type { AuditEntry, Desk } from './desk.ts'
import { wallClock, wallDay } from './figures.ts'

const PAGE = 15

/** Asked again whenever `version` changes. */
export function AuditLog({
  desk,
  eventId,
  zone,
  version,
}: {
  desk: Desk
  eventId: string
  /** The venue's: plans are told by it. */
  zone: string
  version: string
}) {
  const [entries, setEntries] = useState<readonly AuditEntry[]>()
  const [next, setNext] = useState<number | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const first = useRef(true)
  useEffect(() => {
    let current = true
    desk.audit(eventId, undefined, PAGE).then(
      page => {
        if (!current) return
        setEntries(known => merged(known ?? [], page.entries))
        // Pages fetched before stay: where they end does not change.
        if (first.current) setNext(page.next)
        first.current = false
        setError(undefined)
      },
      (failure: unknown) => current && setError(failure),
    )
    return () => {
      current = false
    }
  }, [desk, eventId, version])
  const earlier = async () => {
    if (next === null) return
    setBusy(true)
    try {
      const page = await desk.audit(eventId, next, PAGE)
      setEntries(known => merged(known ?? [], page.entries))
      setNext(page.next)
      setError(undefined)
    } catch (failure) {
      setError(failure)
    }
    setBusy(false)
  }
  return (
    <section class="pane" aria-labelledby="audit-title">
      <h2 id="audit-title">Log</h2>
      {error !== undefined && <p class="fault">The log was not read: {told(error)}</p>}
      {entries !== undefined && entries.length === 0 && <p class="soft">Nobody has changed anything yet.</p>}
      <ol class="audit">
        {entries?.map(entry => (
          <li key={entry.id} data-testid="audit-entry">
            <p class="soft">
              <time dateTime={entry.at}>
                {wallDay(Date.parse(entry.at))}, {wallClock(Date.parse(entry.at))}
              </time>{' '}
              · {actorWords(entry.actor)}
            </p>
            {actWords(entry, zone).map(words => (
              <p key={words}>{words}</p>
            ))}
          </li>
        ))}
      </ol>
      {next !== null && (
        <button type="button" class="button quiet small" disabled={busy} onClick={() => void earlier()}>
          {busy ? 'Loading …' : 'Earlier'}
        </button>
      )}
    </section>
  )
}
