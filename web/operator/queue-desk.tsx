/** One event's queue: its switch, its settings, and what goes on in it now. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useEvent } from '../event/event-page.tsx'
import { notify } from '../notices.tsx'
import { told } from '../page-states.tsx'
import type { ShopEvent } from '../shop.ts'
import { type Desk, isTokenWrong, type LiveCounts, type QueueChange, type QueueSettings } from './desk.ts'
import { capOf, rateOf, rateText } from './settings.ts'

type Switch = 'open' | 'paused' | 'off'

const SWITCHES: readonly { state: Switch; name: string; what: string }[] = [
  { state: 'open', name: 'Open', what: 'Fans wait and are let in at the rate.' },
  { state: 'paused', name: 'Paused', what: 'Fans wait; nobody is let in.' },
  { state: 'off', name: 'Off', what: 'No waiting room: everybody sees the seats.' },
]

export function QueueDesk({ desk, eventId, refused }: { desk: Desk; eventId: string; refused: () => void }) {
  const [found] = useEvent(eventId)
  const event = found instanceof Error ? undefined : found
  const [settings, setSettings] = useState<QueueSettings>()
  const [counts, setCounts] = useState<LiveCounts>()
  const [error, setError] = useState<unknown>()
  const give = useRef(refused)
  give.current = refused
  const failed = (failure: unknown) => {
    if (isTokenWrong(failure)) give.current()
    else setError(failure)
  }
  useEffect(() => {
    let current = true
    desk
      .settings(eventId)
      .then(now => current && setSettings(now))
      .catch((failure: unknown) => current && failed(failure))
    const stop = desk.watch(
      eventId,
      now => {
        setCounts(now)
        setError(undefined)
      },
      failed,
    )
    return () => {
      current = false
      stop()
    }
  }, [desk, eventId])

  const change = async (wanted: QueueChange, done: string) => {
    try {
      setSettings(await desk.configure(eventId, wanted))
      setError(undefined)
      notify(done, 'good')
    } catch (failure) {
      failed(failure)
    }
  }
  // Another operator may have switched it.
  const state = counts?.queue.state ?? settings?.state
  return (
    <section class="queue-desk" aria-labelledby="desk-title">
      <header>
        <a class="back" href="/operator">
          All events
        </a>
        <h1 id="desk-title">{event?.name ?? 'Queue'}</h1>
        {event !== undefined && (
          <a class="soft" href={`/e/${eventId}`}>
            Page of the event
          </a>
        )}
      </header>
      {error !== undefined && (
        <p class="alert bad" role="alert">
          {told(error)}
        </p>
      )}
      <Counts counts={counts} event={event} />
      {settings !== undefined && (
        <>
          <StateSwitch
            state={state ?? 'off'}
            waiting={counts?.queue.waiting ?? 0}
            change={next => void change({ state: next }, `The queue is ${next}.`)}
          />
          <Settings key={eventId} settings={settings} change={wanted => change(wanted, 'Settings saved.')} />
        </>
      )}
    </section>
  )
}

function Counts({ counts, event }: { counts: LiveCounts | undefined; event: ShopEvent | undefined }) {
  const seats = counts?.seats
  const free = seats?.free ?? event?.availability.free ?? undefined
  const shown: [name: string, value: number | undefined, id: string][] = [
    ['Waiting', counts?.queue.waiting, 'waiting'],
    ['Active', counts?.queue.active, 'active'],
    ['Free', free, 'free'],
    ['Holds', seats?.holds, 'holds'],
    ['Sold', seats?.sold, 'sold'],
  ]
  return (
    <>
      <dl class="counts">
        {shown.map(([name, value, id]) => (
          <div key={id}>
            <dt>{name}</dt>
            <dd data-testid={`count-${id}`}>{value === undefined ? '–' : value.toLocaleString('en')}</dd>
          </div>
        ))}
      </dl>
      <p class="soft rates">
        {seats === undefined
          ? 'Asked every two seconds.'
          : `${perSecond(seats.rateIn)} join and ${perSecond(seats.rateOut)} are let in a second · ${seats.nodes.length} realtime ${seats.nodes.length === 1 ? 'node' : 'nodes'}`}
      </p>
    </>
  )
}

function perSecond(rate: number): string {
  return rate.toLocaleString('en', { maximumFractionDigits: 1 })
}

function StateSwitch({
  state,
  waiting,
  change,
}: {
  state: string
  waiting: number
  change: (state: Switch) => void
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [wanted, setWanted] = useState<Switch>('open')
  const ask = (next: Switch) => {
    setWanted(next)
    dialog.current?.showModal()
  }
  return (
    <fieldset class="state-switch">
      <legend>Queue</legend>
      <div class="switch wide">
        {SWITCHES.map(({ state: one, name, what }) => (
          <button
            key={one}
            type="button"
            aria-pressed={state === one}
            title={what}
            onClick={() => state !== one && ask(one)}
            data-testid={`queue-${one}`}
          >
            {name}
          </button>
        ))}
      </div>
      <p class="soft">{SWITCHES.find(one => one.state === state)?.what ?? `The queue is ${state}.`}</p>
      <dialog ref={dialog} aria-labelledby="switch-title">
        <form method="dialog">
          <h2 id="switch-title">{QUESTIONS[wanted]}</h2>
          <p>{consequence(wanted, waiting)}</p>
          <p class="actions">
            <button type="submit" class="button quiet">
              Leave it
            </button>
            <button
              type="submit"
              class={`button ${wanted === 'off' ? 'danger' : 'primary'}`}
              onClick={() => change(wanted)}
              data-testid="confirm-switch"
            >
              {SWITCHES.find(one => one.state === wanted)?.name}
            </button>
          </p>
        </form>
      </dialog>
    </fieldset>
  )
}

const QUESTIONS = {
  open: 'Open the queue?',
  paused: 'Pause the queue?',
  off: 'Switch the queue off?',
} as const

function consequence(wanted: Switch, waiting: number): string {
  const those = waiting > 0 ? `${waiting.toLocaleString('en')} waiting` : 'whoever comes'
  if (wanted === 'open') return 'From now on seats are shown and sold only to those who were let in.'
  if (wanted === 'paused') return `Nobody is let in until you open it again; ${those} keep their places.`
  return `The line ends, and ${those} may go on to the seats at once.`
}

function Settings({
  settings,
  change,
}: {
  settings: QueueSettings
  change: (change: QueueChange) => Promise<void>
}) {
  const [rate, setRate] = useState(String(settings.rate))
  const [cap, setCap] = useState(String(settings.cap))
  const [message, setMessage] = useState(settings.message)
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)
  const typedRate = rateOf(rate)
  const save = async () => {
    const typedCap = capOf(cap)
    if (!typedRate.ok) setFault(typedRate.fault)
    else if (!typedCap.ok) setFault(typedCap.fault)
    else {
      setFault(undefined)
      setBusy(true)
      await change({ rate: typedRate.value, cap: typedCap.value, message: message.trim() })
      setBusy(false)
    }
  }
  return (
    <form
      class="settings"
      noValidate
      onSubmit={event => {
        event.preventDefault()
        void save()
      }}
    >
      <div class="pair">
        <label>
          Admissions per second
          <input
            inputMode="decimal"
            value={rate}
            onInput={event => setRate(event.currentTarget.value)}
            data-testid="rate"
          />
          <span class="soft">{typedRate.ok ? rateText(typedRate.value) : 'fractions are allowed'}</span>
        </label>
        <label>
          Most active at once
          <input
            inputMode="numeric"
            value={cap}
            onInput={event => setCap(event.currentTarget.value)}
            data-testid="cap"
          />
          <span class="soft">lowering it ejects nobody</span>
        </label>
      </div>
      <label>
        Message to those who wait
        <textarea
          rows={2}
          maxLength={500}
          value={message}
          onInput={event => setMessage(event.currentTarget.value)}
          data-testid="message"
        />
      </label>
      {fault !== undefined && (
        <p class="alert bad" role="alert">
          {fault}
        </p>
      )}
      <button type="submit" class="button primary" disabled={busy} data-testid="save-settings">
        {busy ? 'Saving …' : 'Save settings'}
      </button>
    </form>
  )
}
