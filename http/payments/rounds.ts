/** Work that is done again and again: one round after the other, with a pause, until it is stopped. */
import type { Clock } from '../../shared/clock.ts'
import type { Log } from '../../shared/log.ts'

export interface Round {
  name: string
  /** Pause between two rounds. */
  everyMs: number
  /** False: the process does its work also where this does not go well for a while. */
  vital?: boolean
  /** True where there is more to do at once. */
  work: () => Promise<boolean>
}

export interface Running {
  name: string
  vital: boolean
  /** When the last round went well, ms; undefined before the first. */
  lastGood(): number | undefined
  /** Resolves when the round under way is over. */
  stop(): Promise<void>
}

export function runRounds(
  { name, everyMs, vital = true, work }: Round,
  { clock, log }: { clock: Clock; log: Log },
): Running {
  const over = new AbortController()
  let lastGood: number | undefined
  let failing = false
  const once = async (): Promise<boolean> => {
    try {
      const more = await work()
      if (failing) log.info({ round: name }, 'rounds go well again')
      failing = false
      lastGood = clock.now()
      return more
    } catch (err) {
      // One line for an outage, however many rounds it takes.
      if (!failing) log.warn({ err, round: name }, 'a round failed')
      failing = true
      return false
    }
  }
  const loop = async (): Promise<void> => {
    while (!over.signal.aborted) {
      if (!(await once())) await clock.sleep(everyMs, over.signal)
    }
  }
  const ended = loop()
  return {
    name,
    vital,
    lastGood: () => lastGood,
    stop: () => {
      over.abort()
      return ended
    },
  }
}
