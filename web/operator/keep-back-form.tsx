/** Which seats to keep back, by section, row and seat, and why. */
import { useMemo, useState } from 'preact/hooks'
import { isRowGone, type SeatPlan } from '../../shared/seats/seat-map.ts'
import { count } from './figures.ts'
import { type Block, type Choice, indexOf, type Meant, meantBy, NO_CHOICE } from './kept-back.ts'

export type Wanted = Extract<Meant, { ok: true }>

/** What is typed, and how many tickets it comes to. `keep` answers whether they are kept back now. */
export function KeepBackForm({
  plan,
  blocked,
  busy,
  keep,
}: {
  plan: SeatPlan
  blocked: readonly Block[] | undefined
  busy: boolean
  keep: (wanted: Wanted, reason: string) => Promise<boolean>
}) {
  const [choice, setChoice] = useState<Choice>(NO_CHOICE)
  const [reason, setReason] = useState('')
  const known = useMemo(() => new Set((blocked ?? []).map(({ ticketId }) => indexOf(ticketId))), [blocked])
  const meant = meantBy(plan, choice, known)
  const section = plan.map.sections.find(({ id }) => id === choice.part)
  const isStanding = choice.part !== '' && section === undefined
  const typed = isStanding ? choice.places : choice.seats
  const change = (next: Partial<Choice>) => setChoice({ ...choice, ...next })
  const many = meant.ok ? meant.indices.length : 0
  return (
    <form
      noValidate
      onSubmit={event => {
        event.preventDefault()
        if (meant.ok && many > 0)
          void keep(meant, reason.trim()).then(kept => kept && change({ seats: '', places: '' }))
      }}
    >
      <fieldset class="controls keep-back" disabled={busy} aria-busy={busy}>
        <legend class="visually-hidden">Keep seats back</legend>
        <label>
          Section
          <select
            value={choice.part}
            onChange={event => setChoice({ ...NO_CHOICE, part: event.currentTarget.value })}
            data-testid="keep-section"
          >
            <option value="">Choose …</option>
            {[...plan.map.sections, ...plan.map.areas].map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {section !== undefined && (
          <label>
            Row
            <select
              value={choice.row}
              onChange={event => change({ row: event.currentTarget.value, seats: '' })}
              data-testid="keep-row"
            >
              <option value="">Every row</option>
              {section.rows.map(
                (row, at) =>
                  !isRowGone(row) && (
                    <option key={row.first} value={String(at)}>
                      {row.name}
                    </option>
                  ),
              )}
            </select>
          </label>
        )}
        {(isStanding || choice.row !== '') && (
          <label>
            {isStanding ? 'Places' : 'Seats'}
            <input
              autocomplete="off"
              inputMode={isStanding ? 'numeric' : 'text'}
              placeholder={isStanding ? 'how many' : 'all, or 1-14, 17'}
              value={typed}
              aria-invalid={!meant.ok && typed !== ''}
              onInput={event => change({ [isStanding ? 'places' : 'seats']: event.currentTarget.value })}
              data-testid="keep-seats"
            />
            {!meant.ok && typed !== '' && <span class="fault">{meant.fault}</span>}
          </label>
        )}
        {choice.part !== '' && (
          <label>
            Why
            <input
              autocomplete="off"
              maxLength={200}
              value={reason}
              onInput={event => setReason(event.currentTarget.value)}
              data-testid="keep-reason"
            />
          </label>
        )}
        <button type="submit" class="button quiet small" disabled={many === 0} data-testid="keep-back">
          {many === 0 ? 'Keep back' : `Keep back ${tickets(many)}`}
        </button>
      </fieldset>
    </form>
  )
}

export function tickets(many: number): string {
  return `${count(many)} ${many === 1 ? 'ticket' : 'tickets'}`
}
