/** What a bench promises and what it saw, as a table that says of each target whether it was met. */

export interface Target {
  name: string
  /** The bound, and on which side of it the measured value must lie. Undefined: the value is only told. */
  bound?: { most: number } | { least: number }
  /** NaN where it could not be measured: why stands in the note. */
  measured: number
  unit: string
  /** How it was measured, in a few words. */
  note?: string
}

export function isMet({ bound, measured }: Target): boolean {
  if (bound === undefined) return true
  return 'most' in bound ? measured <= bound.most : measured >= bound.least
}

/** Measured against the bound: for both sides 1 or less is met. Where none may be, none is nought. */
function ratioOf({ bound, measured }: Target): number | undefined {
  if (bound === undefined) return undefined
  if (measured === 0 && 'most' in bound) return 0
  return 'most' in bound ? measured / bound.most : bound.least / measured
}

const HEAD = ['', 'target', 'measured', 'ratio', 'verdict', '']

export function tableOf(targets: readonly Target[]): string {
  const rows = targets.map(target => {
    const { name, bound, measured, unit, note = '' } = target
    const asked =
      bound === undefined ? '' : 'most' in bound ? `<= ${plain(bound.most)}` : `>= ${plain(bound.least)}`
    const ratio = ratioOf(target)
    const verdict = bound === undefined ? 'told' : isMet(target) ? 'met' : 'MISSED'
    return [
      name,
      asked,
      `${plain(measured)} ${unit}`.trim(),
      ratio === undefined ? '' : ratio.toFixed(2),
      verdict,
      note,
    ]
  })
  const all = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)))
  return all
    .map(row =>
      row
        .map((cell, column) =>
          column === 0 || column >= 4 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The last line of a run. */
export function summaryOf(targets: readonly Target[]): string {
  const bounded = targets.filter(({ bound }) => bound !== undefined)
  const met = bounded.filter(isMet).length
  return `${met} met, ${bounded.length - met} missed`
}

function plain(value: number): string {
  if (Number.isNaN(value)) return '-'
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits })
}
