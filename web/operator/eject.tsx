/** Throws one visitor out of the line or the seats, by the id that logs and bookings name them by. */
import { useId, useRef, useState } from 'preact/hooks'
import { asOnsaleError } from '../../client/http.ts'
import { notify } from '../notices.tsx'
import { told } from '../page-states.tsx'
import type { Desk } from './desk.ts'
import { isTokenRefused } from './token.ts'

const VISITOR = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function Eject({
  desk,
  eventId,
  done,
  refused,
}: {
  desk: Desk
  eventId: string
  done: () => void
  refused: (code: string) => void
}) {
  const id = useId()
  const [visitor, setVisitor] = useState('')
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)
  const dialog = useRef<HTMLDialogElement>(null)
  const eject = async () => {
    dialog.current?.close()
    setBusy(true)
    try {
      await desk.eject(eventId, visitor.trim())
      notify('The visitor is out.', 'good')
      setVisitor('')
      done()
    } catch (failure) {
      if (isTokenRefused(failure)) refused(failure.code)
      else setFault(asOnsaleError(failure).fields[0]?.message ?? told(failure))
    }
    setBusy(false)
  }
  return (
    <section class="pane" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Eject a visitor</h2>
      <form
        class="stepped"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          const known = VISITOR.test(visitor.trim())
          setFault(
            known ? undefined : 'A visitor is named by an id such as 0f8fad5b-d9cb-469f-a165-70867728950e.',
          )
          if (known) dialog.current?.showModal()
        }}
      >
        <label for={id}>Visitor</label>
        <div class="with-button">
          <input
            id={id}
            autocomplete="off"
            spellcheck={false}
            value={visitor}
            aria-invalid={fault !== undefined}
            aria-describedby={`${id}-means`}
            onInput={event => setVisitor(event.currentTarget.value)}
            data-testid="visitor"
          />
          <button type="submit" class="button quiet" disabled={busy} data-testid="eject">
            Eject …
          </button>
        </div>
        <p
          id={`${id}-means`}
          class={fault === undefined ? 'soft' : 'fault'}
          role={fault === undefined ? undefined : 'alert'}
        >
          {fault ?? 'By the id that bookings and logs name them by.'}
        </p>
      </form>
      <dialog ref={dialog} aria-labelledby={`${id}-ask`}>
        <div class="ask">
          <h2 id={`${id}-ask`}>Eject this visitor?</h2>
          <p>
            Their place, turn and pass end at once. What they hold or pay stays theirs, and they may join
            again at the end of the line.
          </p>
          <p class="soft">
            <code>{visitor.trim()}</code>
          </p>
          <p class="actions">
            <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
              Leave it
            </button>
            <button
              type="button"
              class="button danger"
              onClick={() => void eject()}
              data-testid="confirm-eject"
            >
              Eject
            </button>
          </p>
        </div>
      </dialog>
    </section>
  )
}
