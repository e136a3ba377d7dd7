/** One chart of the last minutes, drawn by uPlot; its legend tells the values under the cross-hair, else the latest. */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useDark } from '../use-dark.ts'
import { wallClock } from './figures.ts'
import { columns, type Figure, type Moment, shownSpan } from './moments.ts'

export interface Line {
  figure: Figure
  name: string
  /** A custom property of the page's, so that light and dark are decided in one place. */
  colour: string
  dash?: readonly number[]
  /** In minor steps below 1 as well. */
  axis: 'left' | 'right'
  show: (value: number) => string
}

export interface ChartKind {
  id: string
  title: string
  lines: readonly Line[]
  /** Nothing below this makes the chart's top, so that a single fan is no peak. */
  least: number
  left: (value: number) => string
  right?: (value: number) => string
}

const HEIGHT = 168
const AXIS_WIDTH = 54
/** One cross-hair for all charts of the page. */
const SYNC = 'console'

export function Chart({ kind, moments }: { kind: ChartKind; moments: readonly Moment[] }) {
  const stage = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const dark = useDark()
  const [pointed, point] = useState<number>()
  const data = columns(
    moments,
    kind.lines.map(({ figure }) => figure),
  )
  const latest = useRef(data)
  latest.current = data
  useEffect(() => {
    const element = stage.current
    if (element === null) return
    const made = new uPlot(
      optionsOf(kind, element, index => point(index)),
      latest.current,
      element,
    )
    plot.current = made
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [kind, dark])
  useEffect(() => plot.current?.setData(latest.current), [moments])
  const [times] = data
  const index = pointed !== undefined && pointed < times.length ? pointed : times.length - 1
  const at = times[index]
  return (
    <figure class="chart">
      <figcaption>
        <span class="title">{kind.title}</span>
        <ul>
          {kind.lines.map(({ figure, name, colour, dash, show }, i) => {
            const value = data[i + 1]?.[index]
            return (
              <li key={figure}>
                <span
                  class={`line ${dash === undefined ? '' : 'dashed'}`}
                  style={{ color: `var(${colour})` }}
                  aria-hidden="true"
                />
                {name} <b>{value === null || value === undefined ? '–' : show(value)}</b>
              </li>
            )
          })}
        </ul>
        <span class="soft at">{pointed === undefined || at === undefined ? '' : wallClock(at)}</span>
      </figcaption>
      <div ref={stage} class="stage" aria-hidden="true" />
    </figure>
  )
}

function optionsOf(
  { lines, least, left, right }: ChartKind,
  element: HTMLElement,
  point: (index: number | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const axis: uPlot.Axis = {
    stroke: colour('--ink-soft'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  const whole = least >= 2
  const range: uPlot.Scale['range'] = (_, __, max) => [0, Math.max(least, (max ?? 0) * 1.1)]
  return {
    width: element.clientWidth,
    height: HEIGHT,
    // Milliseconds.
    ms: 1,
    padding: [8, right === undefined ? AXIS_WIDTH : 0, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      sync: { key: SYNC },
      points: { size: 6 },
    },
    scales: {
      x: {
        range: (_, first, last) => (Number.isFinite(last) ? shownSpan(first ?? last, last) : [0, 1]),
      },
      left: { range },
      right: { range: (_, __, max) => [0, Math.max(100, (max ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 70,
        size: 24,
        incrs: TIME_STEPS,
        values: (_, splits) => splits.map(at => wallClock(at).replace(/:00$/, '')),
      },
      {
        ...axis,
        scale: 'left',
        size: AXIS_WIDTH,
        space: 34,
        ...(whole ? { incrs: WHOLE_STEPS } : {}),
        values: (_, splits) => splits.map(left),
      },
      ...(right === undefined
        ? []
        : [
            {
              ...axis,
              scale: 'right',
              side: 1 as const,
              size: AXIS_WIDTH,
              space: 34,
              grid: { show: false },
              values: (_: uPlot, splits: number[]) => splits.map(right),
            },
          ]),
    ],
    series: [
      {},
      ...lines.map(
        (line): uPlot.Series => ({
          scale: line.axis,
          stroke: colour(line.colour),
          width: 2,
          points: { show: false },
          ...(line.dash === undefined ? {} : { dash: [...line.dash] }),
          ...(line.axis === 'left' && line.dash === undefined
            ? { fill: `color-mix(in srgb, ${colour(line.colour)} 10%, transparent)` }
            : {}),
        }),
      ),
    ],
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? undefined)] },
  }
}

/** ms */
const TIME_STEPS = [5, 10, 15, 30, 60, 120, 300].map(seconds => seconds * 1_000)
const WHOLE_STEPS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map(n => n * 10 ** power)).flat()
