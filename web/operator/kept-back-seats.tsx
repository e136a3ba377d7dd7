/** Seats that operators keep back: which they are, more by section, row and seat, and back on sale. */
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import { asOnsaleError } from '../../client/http.ts'
import { type SeatMap, SeatPlan } from '../../shared/seats/seat-map.ts'
import { notify } from '../notices.tsx'
import { told } from '../page-states.tsx'
import { placesName } from '../seats/seat-words.ts'
import { actorWords } from './audit.ts'
import type { Desk } from './desk.ts'
import { count, wallDay } from './figures.ts'
import { KeepBackForm, tickets, type Wanted } from './keep-back-form.tsx'
import { type Block, indexOf, type KeptBack, together } from './kept-back.ts'
import { isTokenRefused } from './token.ts'

/** Rows of the list that are drawn; the others are counted. */
const MOST_LINES = 200

interface KeptBackProps {
  desk: Desk
  eventId: string
  map: SeatMap
  /** The list is read again whenever it changes. */
  version: string
  done: () => void
  refused: (code: string) => void
}

export function KeptBackSeats({ desk, eventId, map, version, done, refused }: KeptBackProps) {
  const id = useId()
  const plan = useMemo(() => new SeatPlan(map), [map])
  const [blocks, setBlocks] = useState<readonly Block[]>()
  const [fault, setFault] = useState<string>()
  const [busy, setBusy] = useState(false)
  const [lifting, setLifting] = useState<KeptBack>()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    let current = true
    desk.blocks(eventId).then(
      found => current && setBlocks(found),
      (failure: unknown) => current && setFault(told(failure)),
    )
    return () => {
      current = false
    }
  }, [desk, eventId, version])
  /** Whether it came about; what stood in the way is told. */
  const act = async (deed: () => Promise<string>): Promise<boolean> => {
    setBusy(true)
    setFault(undefined)
    try {
      notify(await deed(), 'good')
      setBlocks(await desk.blocks(eventId))
      done()
      return true
    } catch (failure) {
      if (isTokenRefused(failure)) refused(failure.code)
      else setFault(wordsOf(failure, plan))
      return false
    } finally {
      setBusy(false)
    }
  }
  const lift = ({ ticketIds }: KeptBack) => {
    dialog.current?.close()
    void act(async () => `${tickets(await desk.giveBack(eventId, ticketIds))} on sale again.`)
  }
  const lines = blocks === undefined ? [] : together(plan, blocks)
  return (
    <section class="pane" aria-labelledby={`${id}-title`} data-testid="kept-back">
      <h2 id={`${id}-title`}>
        Kept back{' '}
        <span class="soft" data-testid="kept-back-count">
          {blocks !== undefined && tickets(blocks.length)}
        </span>
      </h2>
      <KeepBackForm
        plan={plan}
        blocked={blocks}
        busy={busy}
        keep={(wanted, reason) =>
          act(async () => `${tickets(await keepBack(desk, eventId, wanted, reason))} kept back.`)
        }
      />
      {fault !== undefined && (
        <p class="alert bad" role="alert" data-testid="kept-back-fault">
          {fault}
        </p>
      )}
      {lines.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keyboard.
        <section class="scroll" aria-label="Seats kept back" tabIndex={0}>
          <KeptBackTable
            lines={lines.slice(0, MOST_LINES)}
            busy={busy}
            lift={line => {
              setLifting(line)
              dialog.current?.showModal()
            }}
          />
        </section>
      )}
      {lines.length > MOST_LINES && <p class="soft">And {count(lines.length - MOST_LINES)} more rows.</p>}
      <dialog ref={dialog} aria-labelledby={`${id}-ask`}>
        <div class="ask">
          <h2 id={`${id}-ask`}>Put these on sale again?</h2>
          <p>{lifting !== undefined && placeWords(lifting)}: fans can have them at once.</p>
          <p class="actions">
            <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
              Leave them
            </button>
            <button
              type="button"
              class="button primary"
              onClick={() => lifting !== undefined && lift(lifting)}
              data-testid="confirm-lift"
            >
              Put on sale
            </button>
          </p>
        </div>
      </dialog>
    </section>
  )
}

function KeptBackTable({
  lines,
  busy,
  lift,
}: {
  lines: readonly KeptBack[]
  busy: boolean
  lift: (line: KeptBack) => void
}) {
  return (
    <table class="console-table kept-back">
      <thead>
        <tr>
          <th scope="col">Where</th>
          <th scope="col">Why</th>
          <th scope="col">By</th>
          <th scope="col">
            <span class="visually-hidden">Lift</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <tr key={line.key} data-testid="kept-back-row">
            <th scope="row">{placeWords(line)}</th>
            <td>{line.reason || <span class="soft">not said</span>}</td>
            <td>
              {actorWords(line.actor)} <span class="soft">{wallDay(Date.parse(line.since))}</span>
            </td>
            <td class="number">
              <button
                type="button"
                class="button quiet small"
                disabled={busy}
                aria-label={`Put ${placeWords(line)} on sale again`}
                onClick={() => lift(line)}
                data-testid="lift"
              >
                Lift …
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function placeWords({ section, row, seats, ticketIds }: KeptBack): string {
  if (row === '') return `${section}, ${seats} ${ticketIds.length === 1 ? 'place' : 'places'}`
  return `${section}, row ${row}, ${ticketIds.length === 1 ? 'seat' : 'seats'} ${seats}`
}

/** Any place of a standing area does: those that fans have give way to others. */
async function keepBack(
  desk: Desk,
  eventId: string,
  { indices, spare = [] }: Wanted,
  reason: string,
): Promise<number> {
  let [wanted, others] = [indices, spare]
  for (;;) {
    try {
      const ids = wanted.map(index => `${eventId}-${index}`)
      return await desk.keepBack(eventId, ids, reason)
    } catch (failure) {
      const taken = takenIn(failure)?.filter(index => wanted.includes(index)) ?? []
      if (taken.length === 0 || others.length < taken.length) throw failure
      wanted = [...wanted.filter(index => !taken.includes(index)), ...others.slice(-taken.length)]
      others = others.slice(0, -taken.length)
    }
  }
}

/** Seats that fans have are named as people name them. */
function wordsOf(failure: unknown, plan: SeatPlan): string {
  const taken = takenIn(failure)
  if (taken === undefined) return told(failure)
  const places = taken.flatMap(index => plan.at(index) ?? [])
  return `Fans hold or have bought ${placesName(places)}: choose without them.`
}

/** The seats that fans have, where that is what failed. */
function takenIn(failure: unknown): number[] | undefined {
  const { code, body } = asOnsaleError(failure)
  const taken = body['tickets']
  return code === 'hold_conflict' && Array.isArray(taken)
    ? taken.map(ticket => indexOf(String(ticket)))
    : undefined
}
