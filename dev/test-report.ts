/**
 * Counts a test run for `npm test` (vitest reporter). What vitest only shows counts as a failure too: a file that does not
 * load, a hook that throws, an error that nobody caught, a run without a test.
 */
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export type RunCount = {
  passed: number
  failed: number
  /** How many were skipped for what reason. */
  skipped: Record<string, number>
}

export default class TestReport implements Reporter {
  readonly #file: string | undefined

  /** @param options.file where the count goes as JSON; nowhere where it is not given */
  constructor(options: { file?: string | undefined } = {}) {
    this.#file = options.file
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    if (this.#file) writeFileSync(this.#file, JSON.stringify(countRun(modules, unhandled.length)))
  }
}

export function countRun(modules: readonly TestModule[], unhandledErrors: number): RunCount {
  const count: RunCount = { passed: 0, failed: unhandledErrors, skipped: {} }
  for (const module of modules) {
    count.failed += brokenSuites(module)
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') count.passed += 1
      else if (result.state === 'failed') count.failed += 1
      else {
        const why = ('note' in result && result.note) || 'marked as skipped'
        count.skipped[why] = (count.skipped[why] ?? 0) + 1
      }
    }
  }
  if (count.passed + count.failed === 0) count.failed = 1
  return count
}

/** Files and groups that failed by themselves, with no test to show for it. */
function brokenSuites(module: TestModule): number {
  const own = module.errors().length > 0 || module.state() === 'pending' ? 1 : 0
  return [...module.children.allSuites()].filter(suite => suite.errors().length > 0).length + own
}
