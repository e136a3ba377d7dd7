/** Starts one of Onsale's own processes; it is up when GET /readyz answers 200. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Child, ChildFailed, type ChildOptions, type Family, toldEnd, toldLastLines } from './child.ts'

const READY_DEADLINE_MS = 60_000
const READY_POLL_MS = 50
const PROBE_DEADLINE_MS = 2_000

export type TierOptions = Pick<ChildOptions, 'cwd' | 'env' | 'onLine'> & {
  family: Family
  name: string
  node: string
  /** Path of its main file. */
  script: string
  readyUrl: string
}

/** @throws where it ends or is late; it is gone then */
export async function startTier(options: TierOptions): Promise<Child> {
  const { family, name, node, script, readyUrl, ...rest } = options
  const child = await family.start({ ...rest, command: node, args: [script] })
  const over = new AbortController()
  const died = child.ended.then(how => {
    throw new ChildFailed(`${name} ended at its start (${toldEnd(how)}):\n${toldLastLines(child)}`)
  })
  try {
    await Promise.race([untilReady(readyUrl, over.signal), died])
    return child
  } catch (error) {
    if (!child.isAlive()) throw error
    await child.kill()
    throw new ChildFailed(`${name} did not come up: ${String(error)}\n${toldLastLines(child)}`, {
      cause: error,
    })
  } finally {
    over.abort()
  }
}

async function untilReady(url: string, over: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS
  let last = ''
  while (!over.aborted && performance.now() < deadline) {
    last = await probe(url)
    if (last === 'ready') return
    await wait(READY_POLL_MS)
  }
  throw new Error(`not ready in ${READY_DEADLINE_MS / 1000} s (${url}: ${last})`)
}

/** @returns 'ready', else why not */
async function probe(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_DEADLINE_MS) })
    const text = await response.text()
    return response.ok ? 'ready' : `${response.status} ${text.slice(0, 300)}`
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
  }
}
