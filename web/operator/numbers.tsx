/** The event's numbers now, each with what it changed by in the last minute. */
import type { Board } from './board.ts'
import { changeWords, count, forecastWords, perSecond, takings } from './figures.ts'
import { percent } from './heat.ts'
import { changeOf, type Figure } from './moments.ts'

interface Tile {
  figure: Figure
  name: string
  value: number | undefined
  show: (value: number) => string
  beside?: string | undefined
}

export function Numbers({
  board,
  cap,
  total,
  free,
}: {
  board: Board
  cap: number | undefined
  /** Tickets of the house. */
  total: number | undefined
  /** As the event's page told it, until a status does. */
  free: number | undefined
}) {
  const { queue, status, moments, liveness } = board
  const paid = (value: number) => takings(value, status?.currency ?? 'EUR')
  const tiles: Tile[] = [
    { figure: 'waiting', name: 'Waiting', value: queue?.waiting, show: count },
    {
      figure: 'active',
      name: 'Active',
      value: queue?.active,
      show: count,
      beside: cap === undefined ? undefined : `of ${count(cap)}`,
    },
    { figure: 'rateIn', name: 'Join a second', value: status?.rateIn, show: perSecond },
    { figure: 'rateOut', name: 'Let in a second', value: status?.rateOut, show: perSecond },
    { figure: 'free', name: 'Free', value: status?.free ?? free, show: count },
    { figure: 'holds', name: 'Held', value: status?.holds, show: count },
    {
      figure: 'sold',
      name: 'Sold',
      value: status?.sold,
      show: count,
      beside: status === undefined || !total ? undefined : percent(status.sold / total),
    },
    { figure: 'revenue', name: 'Revenue', value: status?.revenue, show: paid },
  ]
  // While only the queue is asked for, what stands beside it is of the last status.
  const old = (figure: Figure) =>
    liveness === 'lost' || (liveness === 'asking' && figure !== 'waiting' && figure !== 'active')
  return (
    <>
      <dl class="tiles">
        {tiles.map(({ figure, name, value, show, beside }) => (
          <div key={figure} class={old(figure) ? 'old' : ''}>
            <dt>{name}</dt>
            <dd>
              <span class="value" data-testid={`count-${figure}`}>
                {value === undefined ? '–' : show(value)}
              </span>
              {beside !== undefined && <span class="beside"> {beside}</span>}
            </dd>
            <dd class="change">{changeShown(moments, figure, show)}</dd>
          </div>
        ))}
      </dl>
      {status?.forecast !== undefined && (
        <p class="soft" data-testid="forecast">
          {forecastWords(status.forecast)}
        </p>
      )}
    </>
  )
}

function changeShown(moments: Board['moments'], figure: Figure, show: (value: number) => string) {
  const change = changeOf(moments, figure)
  if (change === undefined) return '\u00a0'
  return (
    <>
      {changeWords(change, show)}
      {change.seconds >= 55 && <span class="visually-hidden"> in the last minute</span>}
      {change.seconds >= 55 && <span aria-hidden="true"> / min</span>}
    </>
  )
}
