/** Open, paused or off: each asked first, with what follows from it. */
import { useRef, useState } from 'preact/hooks'
import { queueWords, type Switch } from './switch-words.ts'

/** In the order in which a line lives. */
const SWITCHES: readonly { state: Switch; name: string; question: string; what: string }[] = [
  {
    state: 'scheduled',
    name: 'Schedule',
    question: 'Schedule the queue?',
    what: 'The line forms and doors move by the plan. Until then nobody may join.',
  },
  {
    state: 'pre_queue',
    name: 'Pre-queue',
    question: 'Let the line form?',
    what: 'Fans take places; nobody is let in before the doors move.',
  },
  { state: 'open', name: 'Open', question: 'Open the queue?', what: 'Fans wait and are let in at the rate.' },
  { state: 'paused', name: 'Pause', question: 'Pause the queue?', what: 'Fans wait; nobody is let in.' },
  {
    state: 'closing',
    name: 'Closing',
    question: 'Close the line to newcomers?',
    what: 'Nobody new may join; those who wait are let in to the last.',
  },
  {
    state: 'off',
    name: 'Off',
    question: 'Switch the queue off?',
    what: 'No waiting room: everybody sees the seats.',
  },
]

export function StateSwitch({
  state,
  words,
  note,
  ready,
  change,
}: {
  state: string
  /** What follows. */
  words: (next: Switch) => string
  /** What becomes of what is typed and not saved. */
  note: (next: Switch) => string | undefined
  /** False where something typed is in the way, and told. */
  ready: (next: Switch) => boolean
  change: (next: Switch) => void
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [wanted, setWanted] = useState<Switch>('open')
  const asked = SWITCHES.find(one => one.state === wanted)
  const ask = (next: Switch) => {
    if (state === next || !ready(next)) return
    setWanted(next)
    dialog.current?.showModal()
  }
  return (
    <div>
      <fieldset class="switch wide" aria-label="State of the queue">
        {SWITCHES.map(({ state: one, name, what }) => (
          <button
            key={one}
            type="button"
            aria-pressed={state === one}
            title={what}
            onClick={() => ask(one)}
            data-testid={`queue-${one}`}
          >
            {one === 'paused' && state === 'paused' ? 'Paused' : name}
          </button>
        ))}
      </fieldset>
      <p class="soft">{SWITCHES.find(one => one.state === state)?.what ?? `${queueWords(state)}.`}</p>
      <dialog ref={dialog} aria-labelledby="switch-title">
        <div class="ask">
          <h2 id="switch-title">{asked?.question}</h2>
          <p data-testid="consequence">{words(wanted)}</p>
          {note(wanted) !== undefined && <p class="alert">{note(wanted)}</p>}
          <p class="actions">
            <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
              Leave it
            </button>
            <button
              type="button"
              class={`button ${wanted === 'off' ? 'danger' : 'primary'}`}
              onClick={() => {
                dialog.current?.close()
                change(wanted)
              }}
              data-testid="confirm-switch"
            >
              {asked?.name}
            </button>
          </p>
        </div>
      </dialog>
    </div>
  )
}
