/** For what is shown beside the answer: it may come late or not at all, and the answer goes out without it. */
import type { Clock } from '../shared/clock.ts'
import type { Log } from '../shared/log.ts'

/** Undefined where the work failed or took longer. The work itself is not ended; every call of ours has a deadline. */
export async function orUndefined<T>(
  { clock, log }: { clock: Clock; log: Log },
  ms: number,
  work: Promise<T>,
): Promise<T | undefined> {
  const over = new AbortController()
  const answer = work.catch((err: unknown) => {
    log.debug({ err }, 'an answer goes out without a part of it')
    return undefined
  })
  const late = clock.sleep(ms, over.signal).then(() => undefined)
  return Promise.race([answer, late]).finally(() => over.abort())
}
