/** How full each section is: on the venue's own outline, and as a table with the fullest first. */
import { useMemo, useRef, useState } from 'preact/hooks'
import type { SeatMap } from '../../shared/seats/seat-map.ts'
import type { SectionHeat } from '../../shared/wire/messages.ts'
import { count } from './figures.ts'
import { HEAT_STEPS, type HeatOrder, heatStep, heatWords, ordered, percent, taken } from './heat.ts'
import { type Outline, outlines } from './outlines.ts'

export function Heat({ heat, map }: { heat: readonly SectionHeat[]; map: SeatMap | Error | undefined }) {
  const [shown, show] = useState<string>()
  const pointed = heat.find(({ section }) => section === shown)
  return (
    <section class="pane heat" aria-labelledby="heat-title">
      <h2 id="heat-title">
        House <span class="soft">sold and held, by section</span>
      </h2>
      {heat.length === 0 ? (
        <p class="soft">Told while live.</p>
      ) : (
        <div class="heat-both">
          <div class="heat-map">
            {map instanceof Error ? (
              <p class="soft">The map did not load; the table has the same numbers.</p>
            ) : (
              map !== undefined && <HeatMap map={map} heat={heat} shown={shown} show={show} />
            )}
            <p class="heat-words" data-testid="heat-words">
              {pointed === undefined ? 'Point at a section.' : heatWords(pointed)}
            </p>
            <ul class="heat-key" aria-label="Colours">
              {HEAT_STEPS.map(({ name }, step) => (
                <li key={name}>
                  <span class={`heat-swatch heat-${step}`} aria-hidden="true" />
                  {name}
                </li>
              ))}
            </ul>
          </div>
          <HeatTable heat={heat} shown={shown} show={show} />
        </div>
      )}
    </section>
  )
}

interface Pointing {
  /** The section that is pointed at. */
  shown: string | undefined
  show: (section: string | undefined) => void
}

/** One stop of the Tab key; arrows go from section to section. */
function HeatMap({ map, heat, shown, show }: { map: SeatMap; heat: readonly SectionHeat[] } & Pointing) {
  const picture = useMemo(() => outlines(map), [map])
  const byId = new Map(heat.map(one => [one.section, one]))
  const group = useRef<HTMLDivElement>(null)
  const stop = picture.parts.some(({ id }) => id === shown) ? shown : picture.parts[0]?.id
  const go = (event: KeyboardEvent, index: number) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    const next = picture.parts[(index + by + picture.parts.length) % picture.parts.length]
    group.current?.querySelector<SVGElement>(`[data-section="${CSS.escape(next?.id ?? '')}"]`)?.focus()
  }
  return (
    <div
      ref={group}
      role="listbox"
      tabIndex={-1}
      aria-label="Sections of the house; arrow keys go from one to the next"
      onMouseLeave={() => show(undefined)}
    >
      <svg viewBox={picture.box.join(' ')} role="presentation">
        <g class="heat-stage">
          <polygon points={picture.stage.points} />
          <Name part={picture.stage} />
        </g>
        {picture.parts.map((part, index) => {
          const one = byId.get(part.id)
          const step = one === undefined ? 'unknown' : heatStep(taken(one))
          return (
            <g
              key={part.id}
              role="option"
              aria-selected={part.id === shown}
              tabIndex={part.id === stop ? 0 : -1}
              aria-label={one === undefined ? part.name : heatWords(one)}
              data-section={part.id}
              class={`heat-part heat-${step} ${part.id === shown ? 'shown' : ''}`}
              onMouseEnter={() => show(part.id)}
              onFocus={() => show(part.id)}
              onKeyDown={event => go(event, index)}
            >
              <polygon points={part.points} />
              <Name part={part} />
            </g>
          )
        })}
      </svg>
    </div>
  )
}

function Name({ part: { label } }: { part: Pick<Outline, 'label'> }) {
  if (label === undefined) return null
  return (
    <text x={label.x} y={label.y} font-size={label.size}>
      {label.text}
    </text>
  )
}

function HeatTable({ heat, shown, show }: { heat: readonly SectionHeat[] } & Pointing) {
  const [order, setOrder] = useState<HeatOrder>('taken')
  return (
    <div class="heat-table">
      <label class="toggle">
        <input
          type="checkbox"
          checked={order === 'taken'}
          onChange={event => setOrder(event.currentTarget.checked ? 'taken' : 'map')}
        />
        Fullest first
      </label>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keyboard. */}
      <section class="scroll" aria-label="Sections" tabIndex={0}>
        <table class="console-table">
          <thead>
            <tr>
              <th scope="col">Section</th>
              <th scope="col">Taken</th>
              <th scope="col">Sold</th>
              <th scope="col">Held</th>
              <th scope="col">Of</th>
            </tr>
          </thead>
          <tbody onMouseLeave={() => show(undefined)}>
            {ordered(heat, order).map(one => (
              <tr
                key={one.section}
                class={one.section === shown ? 'shown' : ''}
                onMouseEnter={() => show(one.section)}
                data-testid="heat-row"
              >
                <th scope="row">
                  <span class={`heat-swatch heat-${heatStep(taken(one))}`} aria-hidden="true" />
                  {one.name}
                </th>
                <td class="number">{percent(taken(one))}</td>
                <td class="number">{count(one.sold)}</td>
                <td class="number">{count(one.held)}</td>
                <td class="number">{count(one.total)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  )
}
