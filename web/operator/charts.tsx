/** The last quarter of an hour in three charts with one cross-hair, and the same as a table for who cannot see them. */
import { useMemo } from 'preact/hooks'
import { money } from '../format/money.ts'
import { Chart, type ChartKind } from './chart.tsx'
import { compact, compactMoney, count, perSecond } from './figures.ts'
import { type Moment, valueAgo } from './moments.ts'

/** Columns of the table: now, and so many minutes ago. */
const AGO = [0, 1, 5, 14]
const DASH = [6, 4]

export function Charts({ moments, currency }: { moments: readonly Moment[]; currency: string }) {
  const kinds = useMemo(() => kindsOf(currency), [currency])
  return (
    <section class="pane charts" aria-labelledby="charts-title">
      <h2 id="charts-title">
        Last 15 minutes <span class="soft">by this machine’s clock</span>
      </h2>
      {kinds.map(kind => (
        <Chart key={kind.id} kind={kind} moments={moments} />
      ))}
      <div class="visually-hidden">
        <table>
          <caption>What the charts show</caption>
          <thead>
            <tr>
              <th scope="col">Figure</th>
              {AGO.map(minutes => (
                <th scope="col" key={minutes}>
                  {minutes === 0 ? 'Now' : `${minutes} min ago`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {kinds
              .flatMap(({ lines }) => lines)
              .map(({ figure, name, show }) => (
                <tr key={figure}>
                  <th scope="row">{name}</th>
                  {AGO.map(minutes => {
                    const value = valueAgo(moments, figure, minutes)
                    return <td key={minutes}>{value === undefined ? 'not known' : show(value)}</td>
                  })}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function kindsOf(currency: string): ChartKind[] {
  return [
    {
      id: 'people',
      title: 'People',
      least: 4,
      left: compact,
      lines: [
        { figure: 'waiting', name: 'Waiting', colour: '--chart-1', axis: 'left', show: count },
        { figure: 'active', name: 'Active', colour: '--chart-2', dash: DASH, axis: 'left', show: count },
      ],
    },
    {
      id: 'rates',
      title: 'People a second',
      least: 1,
      left: compact,
      lines: [
        { figure: 'rateIn', name: 'Join', colour: '--chart-1', axis: 'left', show: perSecond },
        { figure: 'rateOut', name: 'Let in', colour: '--chart-2', dash: DASH, axis: 'left', show: perSecond },
      ],
    },
    {
      id: 'seats',
      title: 'Seats and money',
      least: 4,
      left: compact,
      right: minor => compactMoney(minor, currency),
      lines: [
        { figure: 'sold', name: 'Sold', colour: '--chart-1', axis: 'left', show: count },
        { figure: 'holds', name: 'Held', colour: '--chart-2', dash: DASH, axis: 'left', show: count },
        {
          figure: 'revenue',
          name: 'Revenue (right)',
          colour: '--chart-3',
          dash: [2, 3],
          axis: 'right',
          show: minor => money(Math.round(minor), currency),
        },
      ],
    },
  ]
}
