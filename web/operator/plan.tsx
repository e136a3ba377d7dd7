/** The plan of a line, and the settings that are seldom touched: each with what it means, and its fault beside it. */
import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { zoneName } from '../format/dates.ts'
import { fromLocal } from '../format/venue-clock.ts'
import type { Draft, Faults, Field } from './settings.ts'

interface Props {
  draft: Draft
  faults: Faults
  /** Of the venue. */
  zone: string
  /** ms */
  now: number
  change: (field: Field, text: string) => void
}

/** Who is first, when the line forms, when its doors move. */
export function Plan({ draft, faults, zone, now, change }: Props) {
  const zoneAt = (text: string) => zoneName(fromLocal(text, zone) ?? now, zone)
  return (
    <fieldset class="plan">
      <legend>Plan</legend>
      <Setting
        label="Order of those who come before the doors"
        fault={faults.method}
        means={
          draft.method === 'random'
            ? 'Drawn by lot: coming first gains nothing. The list closes ten seconds before the doors.'
            : 'As they come. Whoever is first at the second in which the line forms is first.'
        }
      >
        {field => (
          <select
            {...field}
            name="method"
            value={draft.method}
            onChange={event => change('method', event.currentTarget.value)}
            data-testid="method"
          >
            <option value="fifo">As they come</option>
            <option value="random">By lot</option>
          </select>
        )}
      </Setting>
      <Time
        name="preQueueAt"
        label={`Line forms (${zoneAt(draft.preQueueAt)}, at the venue)`}
        means="With Schedule: nobody may join before. Empty: when the doors move."
        {...{ draft, faults, change }}
      />
      <Time
        name="opensAt"
        label={`Doors move (${zoneAt(draft.opensAt)}, at the venue)`}
        means="The line lets fans in by itself from then on. Empty: when you open it."
        {...{ draft, faults, change }}
      />
    </fieldset>
  )
}

function Time({
  name,
  label,
  means,
  draft,
  faults,
  change,
}: Pick<Props, 'draft' | 'faults' | 'change'> & {
  name: 'preQueueAt' | 'opensAt'
  label: string
  means: string
}) {
  return (
    <Setting label={label} fault={faults[name]} means={means}>
      {field => (
        <input
          {...field}
          type="datetime-local"
          name={name}
          value={draft[name]}
          onInput={event => change(name, event.currentTarget.value)}
          data-testid={name}
        />
      )}
    </Setting>
  )
}

type Numeric = 'graceSeconds' | 'claimSeconds' | 'staySeconds' | 'perNetwork' | 'payRate' | 'beaconRound'

const NUMBERS: readonly { name: Numeric; label: string; means: string }[] = [
  {
    name: 'graceSeconds',
    label: 'Grace, seconds',
    means: 'So long a place is kept for a fan whose connection is lost.',
  },
  {
    name: 'claimSeconds',
    label: 'Claim, seconds',
    means: 'So long a turn waits for its fan; then the next is called, and the fan first on coming back.',
  },
  {
    name: 'staySeconds',
    label: 'Longest stay, seconds',
    means: 'So long at most a fan who keeps choosing may stay; it never ends a hold or a payment.',
  },
  {
    name: 'perNetwork',
    label: 'Most places of one network',
    means: 'A hard limit. Empty: none, as many honest fans may share one address.',
  },
  {
    name: 'payRate',
    label: 'Payments a second',
    means:
      'No more are let in than can pay within a minute. Empty: as many as are put to Stripe (STRIPE_RPS).',
  },
  {
    name: 'beaconRound',
    label: 'Beacon round of the draw',
    means:
      "A round of drand's quicknet made after the doors' time: its random number proves that nobody chose the order. Empty: none.",
  },
]

export function MoreSettings({ draft, faults, change }: Pick<Props, 'draft' | 'faults' | 'change'>) {
  const [open, setOpen] = useState(false)
  const isFaulty = (['joins', 'soldOut', ...NUMBERS.map(({ name }) => name)] as const).some(
    name => faults[name] !== undefined,
  )
  return (
    <details class="more" open={open || isFaulty} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>More settings</summary>
      <div class="plan">
        <Setting
          label="Newcomers"
          fault={faults.joins}
          means="Not taken, they are told so; whoever has a place keeps it."
        >
          {field => (
            <select
              {...field}
              name="joins"
              value={draft.joins}
              onChange={event => change('joins', event.currentTarget.value)}
              data-testid="joins"
            >
              <option value="yes">Are taken</option>
              <option value="no">Are not taken</option>
            </select>
          )}
        </Setting>
        <Setting
          label="When sold out"
          fault={faults.soldOut}
          means="Once nothing is left and nothing is held: fans wait to be called for returns, or are told, and the line ends."
        >
          {field => (
            <select
              {...field}
              name="soldOut"
              value={draft.soldOut}
              onChange={event => change('soldOut', event.currentTarget.value)}
              data-testid="soldOut"
            >
              <option value="keep">The line waits for returns</option>
              <option value="dissolve">The line is told and ended</option>
            </select>
          )}
        </Setting>
        {NUMBERS.map(({ name, label, means }) => (
          <Setting key={name} label={label} fault={faults[name]} means={means}>
            {field => (
              <input
                {...field}
                name={name}
                inputMode={name === 'payRate' ? 'decimal' : 'numeric'}
                autocomplete="off"
                value={draft[name]}
                onInput={event => change(name, event.currentTarget.value)}
                data-testid={name}
              />
            )}
          </Setting>
        ))}
      </div>
    </details>
  )
}

interface FieldNames {
  id: string
  'aria-describedby': string
  'aria-invalid': boolean
}

function Setting({
  label,
  fault,
  means,
  children,
}: {
  label: string
  fault: string | undefined
  means: string
  children: (field: FieldNames) => ComponentChildren
}) {
  const id = useId()
  return (
    <div class="stepped">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-means`, 'aria-invalid': fault !== undefined })}
      <p
        id={`${id}-means`}
        class={fault === undefined ? 'soft' : 'fault'}
        role={fault === undefined ? undefined : 'alert'}
      >
        {fault ?? means}
      </p>
    </div>
  )
}
