/** The queue's switch, plan and settings: what is typed is checked, confirmed where it matters, and sent as one change. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { asOnsaleError } from '../../client/http.ts'
import { MinusIcon, PlusIcon } from '../icons.tsx'
import { notify } from '../notices.tsx'
import { told } from '../page-states.tsx'
import type { Desk, QueueChange, QueueSettings } from './desk.ts'
import { MoreSettings, Plan } from './plan.tsx'
import {
  capOf,
  draftOf,
  type Faults,
  type Field,
  faultsOf,
  followed,
  MOST_MESSAGE,
  rateOf,
  read,
  stepped,
  unsaved,
} from './settings.ts'
import { StateSwitch } from './state-switch.tsx'
import { consequence, queueWords, rateText, type Switch } from './switch-words.ts'
import { isTokenRefused } from './token.ts'

interface ControlsProps {
  desk: Desk
  /** As they are saved. */
  settings: QueueSettings
  /** As it is now: another operator may have switched it. */
  state: string
  waiting: number
  /** The venue's. */
  zone: string
  /** ms by the server's clock. */
  now: () => number
  changed: (settings: QueueSettings) => void
  refused: (code: string) => void
}

export function Controls({ desk, settings, state, waiting, zone, now, changed, refused }: ControlsProps) {
  const saved = draftOf(settings, zone)
  const [draft, setDraft] = useState(saved)
  const [faults, setFaults] = useState<Faults>({})
  const [busy, setBusy] = useState(false)
  const form = useFocusKept(busy)
  const before = useRef(saved)
  useEffect(() => {
    setDraft(typed => followed(typed, before.current, saved))
    before.current = saved
  }, [JSON.stringify(saved)])

  const send = async (change: QueueChange, done: string) => {
    setBusy(true)
    setFaults({})
    try {
      const answer = await desk.configure(settings.eventId, change)
      // What was sent is what was typed: it is saved now, as the server writes it.
      if (change.rate !== undefined) setDraft(draftOf(answer, zone))
      changed(answer)
      notify(done, 'good')
    } catch (failure) {
      if (isTokenRefused(failure)) refused(failure.code)
      else setFaults(faultsOf(asOnsaleError(failure), told(failure)))
    }
    setBusy(false)
  }
  /** All that is typed, or undefined with the faults shown and the first one's field in focus. */
  const checked = (plan?: 'scheduled' | 'pre_queue') => {
    const typed = read(draft, saved, zone, plan)
    if (typed.ok) return typed.change
    setFaults(typed.faults)
    form.current?.querySelector<HTMLElement>(`[name=${typed.first}]`)?.focus()
    return undefined
  }
  const turn = (next: Switch) => {
    // Doors move at the rate and time that stand in the fields, not at ones that are nowhere to be seen.
    const change = takesTyped(next) ? checked(planOf(next)) : {}
    if (change !== undefined) void send({ state: next, ...change }, `${queueWords(next)}.`)
  }
  const type = (field: Field, text: string) => setDraft(typed => ({ ...typed, [field]: text }))
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
            words={next => consequence(next, waiting, draft, zone)}
            note={next => noteOf(next, open)}
            ready={next => !takesTyped(next) || checked(planOf(next)) !== undefined}
            change={turn}
          />
          <Plan draft={draft} faults={faults} zone={zone} now={now()} change={type} />
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
          <MoreSettings draft={draft} faults={faults} change={type} />
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

function takesTyped(next: Switch): boolean {
  return next === 'open' || planOf(next) !== undefined
}

function planOf(next: Switch): 'scheduled' | 'pre_queue' | undefined {
  return next === 'scheduled' || next === 'pre_queue' ? next : undefined
}

function noteOf(next: Switch, open: string[]): string | undefined {
  if (open.length === 0) return undefined
  const what = open.join(', ')
  return takesTyped(next) ? `Saved with it, as typed: ${what}.` : `Stays unsaved: ${what}.`
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
