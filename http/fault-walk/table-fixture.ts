/** What the fault walk prints: a row for each fault at each step. */
import type { StepName } from '../bookings/steps.ts'
import type { Scenario } from './scenarios-fixture.ts'

export interface Told {
  step: StepName
  fault: string
  fan: 'comes back' | 'is gone'
  scenario: Scenario
  saw: string
  then: string
  verdict: string
}

export function drawn(all: Told[]): string {
  const rows = [
    ['step', 'fault', 'who', 'what', 'saw', 'the fan', 'then', 'verdict'],
    ...all.map(({ step, fault, scenario, saw, fan, then, verdict }) => [
      step,
      fault,
      scenario.role,
      scenario.name,
      saw,
      fan,
      then,
      verdict,
    ]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Of those that did not end well, in a line each. */
export function unclean(all: Told[]): string[] {
  return all
    .filter(({ verdict }) => verdict !== 'clean')
    .map(({ step, fault, scenario, verdict }) => `${step}, ${fault} (${scenario.name}): ${verdict}`)
}
