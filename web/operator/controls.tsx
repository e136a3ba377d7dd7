/** The queue's switch, rate, cap and message: what is typed is checked, confirmed where it matters, and sent as one change. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { asOnsaleError } from '../../client/http.ts'
import { MinusIcon, PlusIcon } from '../icons.tsx'
import { notify } from '../notices.tsx'
import { told } from '../page-states.tsx'
import type { Desk, QueueChange, QueueSettings } from './desk.ts'
import {
  capOf,
  consequence,
  draftOf,
  type Faults,
  faultsOf,
  followed,
  MOST_MESSAGE,
  rateOf,
  rateText,
  read,
  type Switch,
  stepped,
  unsaved,
} from './settings.ts'
import { StateSwitch } from './state-switch.tsx'
import { isTokenRefused } from './token.ts'

interface ControlsProps {
  desk: Desk
  /** As they are saved. */
  settings: QueueSettings
  /** As it is now: another operator may have switched it. */
  state: string
  waiting: number
  changed: (settings: QueueSettings) => void
  refused: (code: string) => void
}

export function Controls({ desk, settings, state, waiting, changed, refused }: ControlsProps) {
  const saved = draftOf(settings)
  const [draft, setDraft] = useState(saved)
  const [faults, setFaults] = useState<Faults>({})
  const [busy, setBusy] = useState(false)
  const form = useFocusKept(busy)
  const before = useRef(saved)
  useEffect(() => {
    setDraft(typed => followed(typed, before.current, saved))
    before.current = saved
  }, [saved.rate, saved.cap, saved.message])

  const send = async (change: QueueChange, done: string) => {
    setBusy(true)
    setFaults({})
    try {
      const now = await desk.configure(settings.eventId, change)
      // What was sent is what was typed: it is saved now, as the server writes it.
      if (change.rate !== undefined) setDraft(draftOf(now))
      changed(now)
      notify(done, 'good')
    } catch (failure) {
      if (isTokenRefused(failure)) refused(failure.code)
      else setFaults(faultsOf(asOnsaleError(failure), told(failure)))
    }
    setBusy(false)
  }
  /** All that is typed, or undefined with the faults shown and the first one's field in focus. */
  const checked = () => {
    const typed = read(draft)
    if (typed.ok) return typed.change
    setFaults(typed.faults)
    const first = typed.faults.rate === undefined ? 'cap' : 'rate'
    form.current?.querySelector<HTMLElement>(`[name=${first}]`)?.focus()
    return undefined
  }
  const turn = (next: Switch) => {
    // Open lets people in at the rate that stands in the field, not at one that is nowhere to be seen.
    const change = next === 'open' ? checked() : {}
    if (change !== undefined) void send({ state: next, ...change }, `The queue is ${next}.`)
  }
  const open = unsaved(draft, saved)
  const [rate, cap] = [rateOf(draft.rate), capOf(draft.cap)]
  return (
    <section class="pane" aria-labelledby="controls-title">
      <h2 id="controls-title">Queue</h2>
      <form
        ref={form}
        noValidate
        onSubmit={event => {
          event.preventDefault()
          const change = checked()
          if (change !== undefined) void send(change, 'Settings saved.')
        }}
      >
        <fieldset class="controls" disabled={busy} aria-busy={busy}>
          <legend class="visually-hidden">Queue</legend>
          <StateSwitch
            state={state}
            words={next => consequence(next, waiting, { rate: numberOf(rate), cap: numberOf(cap) })}
            note={next => noteOf(next, open)}
            ready={next => next !== 'open' || checked() !== undefined}
            change={turn}
          />
          <Stepped
            name="rate"
            label="Admissions per second"
            text={draft.rate}
            hint={rate.ok ? rateText(rate.value) : 'fractions are allowed'}
            fault={faults.rate}
            step={direction => rate.ok && String(stepped(rate.value, direction, 0.1))}
            change={text => setDraft({ ...draft, rate: text })}
          />
          <Stepped
            name="cap"
            label="Most active at once"
            text={draft.cap}
            hint="lowering it ejects nobody"
            fault={faults.cap}
            step={direction => cap.ok && String(stepped(cap.value, direction, 1))}
            change={text => setDraft({ ...draft, cap: text })}
          />
          <label>
            Message to those who wait
            <textarea
              name="message"
              rows={2}
              maxLength={MOST_MESSAGE}
              value={draft.message}
              aria-invalid={faults.message !== undefined}
              onInput={event => setDraft({ ...draft, message: event.currentTarget.value })}
              data-testid="message"
            />
            {faults.message !== undefined && <span class="fault">{faults.message}</span>}
          </label>
          {draft.message.trim() !== '' && (
            <div class="preview">
              <p class="soft">So they see it:</p>
              <blockquote class="operator-message">{draft.message.trim()}</blockquote>
            </div>
          )}
          {faults.form !== undefined && (
            <p class="alert bad" role="alert">
              {faults.form}
            </p>
          )}
          <p class="save">
            <button type="submit" class="button primary" data-testid="save-settings">
              {busy ? 'Saving …' : 'Save settings'}
            </button>
            {open.length > 0 && (
              <>
                <span class="soft">Not saved: {open.join(', ')}</span>
                <button type="button" class="bare" onClick={() => setDraft(saved)}>
                  Undo
                </button>
              </>
            )}
          </p>
        </fieldset>
      </form>
    </section>
  )
}

function numberOf(typed: ReturnType<typeof rateOf>): number {
  return typed.ok ? typed.value : 0
}

function noteOf(next: Switch, open: string[]): string | undefined {
  if (open.length === 0) return undefined
  const what = open.join(', ')
  return next === 'open' ? `Saved with it, as typed: ${what}.` : `Stays unsaved: ${what}.`
}

function Stepped({
  name,
  label,
  text,
  hint,
  fault,
  step,
  change,
}: {
  name: 'rate' | 'cap'
  label: string
  text: string
  hint: string
  fault: string | undefined
  /** What one step leads to; false where what is typed is no number. */
  step: (direction: 1 | -1) => string | false
  change: (text: string) => void
}) {
  const take = (direction: 1 | -1) => {
    const next = step(direction)
    if (next !== false) change(next)
  }
  return (
    <div class="stepped">
      <label for={`queue-${name}`}>{label}</label>
      <div class="with-steps">
        <button type="button" aria-label={`${label}: less`} onClick={() => take(-1)}>
          <MinusIcon />
        </button>
        <input
          id={`queue-${name}`}
          name={name}
          inputMode={name === 'rate' ? 'decimal' : 'numeric'}
          autocomplete="off"
          value={text}
          aria-invalid={fault !== undefined}
          aria-describedby={`queue-${name}-hint`}
          onInput={event => change(event.currentTarget.value)}
          data-testid={name}
        />
        <button type="button" aria-label={`${label}: more`} onClick={() => take(1)}>
          <PlusIcon />
        </button>
      </div>
      <p
        id={`queue-${name}-hint`}
        class={fault === undefined ? 'soft' : 'fault'}
        role={fault === undefined ? undefined : 'alert'}
        data-testid={`${name}-hint`}
      >
        {fault ?? hint}
      </p>
    </div>
  )
}

/** What is disabled loses its focus: it has it again afterwards. */
function useFocusKept(busy: boolean) {
  const form = useRef<HTMLFormElement>(null)
  const focused = useRef<HTMLElement | undefined>(undefined)
  useEffect(() => {
    const element = form.current
    const enter = (event: FocusEvent) => {
      focused.current = event.target instanceof HTMLElement ? event.target : undefined
    }
    element?.addEventListener('focusin', enter)
    return () => element?.removeEventListener('focusin', enter)
  }, [])
  useLayoutEffect(() => {
    const last = focused.current
    if (!busy && last?.isConnected && document.activeElement === document.body) last.focus()
  }, [busy])
  return form
}
