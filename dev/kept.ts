/**
 * A process that is kept running: when it dies by itself it is started again, a bounded number of times, until it is
 * stopped. How it is started and when it counts as up is for the caller to say.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Child, toldEnd, toldLastLines } from './child.ts'

// What dies each time it is started is not worth more tries than a person would give it.
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000]
/** One that was up for so long has earned all its tries back. */
const STEADY_MS = 60_000
const CRASH_POLL_MS = 10

export type KeptOptions = {
  /** Settles when it is up. */
  start: () => Promise<Child>
  stopSignal: NodeJS.Signals
  stopDeadlineMs: number
  /** Said when it has died by itself; `gaveUp` where it is not started again. */
  onDeath: (why: string, gaveUp: boolean) => void
  onBack: () => void
  /** How long to wait before each further try. */
  pausesMs?: readonly number[]
}

export class Kept {
  readonly #options: KeptOptions
  #child: Promise<Child> | undefined
  #wanted = false

  constructor(options: KeptOptions) {
    this.#options = options
  }

  /** Settles when it is up. @throws where it does not come up the first time */
  async start(): Promise<void> {
    this.#wanted = true
    this.#child = this.#options.start()
    void this.#keep(await this.#child)
  }

  /** Ends it in order; it stays down until it is started again. */
  async stop(): Promise<void> {
    this.#wanted = false
    const { stopSignal, stopDeadlineMs } = this.#options
    // One that is just coming up again is not waited for longer than one that is up.
    const late = wait(stopDeadlineMs, undefined, { ref: false })
    const child = await Promise.race([this.#child?.catch(() => undefined), late])
    await child?.stop(stopSignal, stopDeadlineMs)
  }

  /** It may end without being started again or told of. */
  release(): void {
    this.#wanted = false
  }

  /** As a crash would; settles when it is up again, or given up. */
  async crash(): Promise<void> {
    const dying = this.#child
    await (await dying)?.kill()
    while (this.#wanted && this.#child === dying) await wait(CRASH_POLL_MS)
    await this.#child
  }

  async pid(): Promise<number | undefined> {
    return (await this.#child)?.pid
  }

  async #keep(first: Child): Promise<void> {
    let child = first
    for (let tries = 0; ; tries += 1) {
      const since = performance.now()
      const how = await child.ended
      if (!this.#wanted) return
      if (performance.now() - since > STEADY_MS) tries = 0
      const pause = (this.#options.pausesMs ?? PAUSES_MS)[tries]
      if (pause === undefined) this.#wanted = false
      this.#options.onDeath(
        `ended by itself (${toldEnd(how)}):\n${toldLastLines(child)}`,
        pause === undefined,
      )
      if (pause === undefined) return
      const next = await this.#startAgain(pause)
      if (!next) return
      child = next
    }
  }

  async #startAgain(pause: number): Promise<Child | undefined> {
    this.#child = wait(pause).then(() => {
      if (!this.#wanted) throw new Error('stopped')
      return this.#options.start()
    })
    try {
      const child = await this.#child
      if (this.#wanted) this.#options.onBack()
      return child
    } catch (error) {
      if (this.#wanted) this.#options.onDeath(`did not come up again: ${String(error)}`, true)
      return undefined
    }
  }
}
