/** k6 as a child: told what to run by its environment, and ended in order by the signals that reach us. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from '../../dev/data-folder.ts'
import type { Site } from '../site.ts'
import type { LoadArguments } from './arguments.ts'

/** One Ctrl-C comes twice, from the terminal and from npm. */
const SAME_SIGNAL_MS = 1_500

/** Passes each Ctrl-C on once: k6 ends in order at the first, and at once at the second. */
export class Signals {
  #receiver: ((signal: NodeJS.Signals) => void) | undefined
  #last: NodeJS.Signals | undefined
  #lastAt = Number.NEGATIVE_INFINITY

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => this.#hear(signal))
  }

  to(receiver: (signal: NodeJS.Signals) => void): void {
    this.#receiver = receiver
    if (this.#last !== undefined) receiver(this.#last)
  }

  #hear(signal: NodeJS.Signals): void {
    if (performance.now() - this.#lastAt < SAME_SIGNAL_MS) return
    this.#lastAt = performance.now()
    this.#last = signal === 'SIGHUP' ? 'SIGTERM' : signal
    this.#receiver?.(this.#last)
  }
}

/** Settles with its exit code. `json`: where its summary goes. */
export function runK6(asked: LoadArguments, site: Site, signals: Signals, json: string): Promise<number> {
  const settings = {
    TARGET: site.url,
    REALTIME: site.realtimeUrl,
    EVENT: site.event.eventId,
    FANS: String(asked.fans),
    DURATION: asked.duration,
    ARRIVAL: asked.arrival ?? '',
    SEED: String(asked.seed),
    THRESHOLDS: asked.thresholds.join(';'),
    JSON: json,
  }
  const k6 = spawn(
    'k6',
    [
      'run',
      '--no-usage-report',
      ...(process.stdout.isTTY ? [] : ['--quiet']),
      ...Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      join(projectRoot, 'load-tests', 'on-sale.ts'),
    ],
    // A group of its own: a Ctrl-C in the terminal would else reach it twice, and the second ends it at once.
    // GOGC: collecting garbage is a third of k6's work here, and memory is cheap.
    { stdio: ['ignore', 'inherit', 'inherit'], detached: true, env: { GOGC: '300', ...process.env } },
  )
  signals.to(signal => k6.kill(signal))
  return new Promise((done, failed) => {
    k6.once('error', failed)
    k6.once('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}
