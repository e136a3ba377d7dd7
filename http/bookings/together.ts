/**
 * The same asked of Postgres for many callers at once: in an on-sale a statement costs more than what it does. A call carries all that
 * came while the one before it was under way, and begins after each of them asked.
 */

import { POOL_WAIT_MS } from '../../shared/limits.ts'

/** One at a time, so that many share the next; but a call that hangs must not hold up everybody until its deadline. */
const PATIENCE_MS = 50
const CALLS = 4

interface Waiting<Ask, Answer> {
  ask: Ask
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
  deadline: NodeJS.Timeout
}

/** As a pool's error, Postgres being away. */
class TooLate extends Error {
  readonly code = 'ETIMEDOUT'

  constructor() {
    super('a call to Postgres could not begin in time')
  }
}

export class Together<Ask, Answer> {
  readonly #most: number
  readonly #work: (asked: readonly Ask[]) => Promise<Answer[]>
  readonly #waiting: Waiting<Ask, Answer>[] = []
  #running = 0
  #patience: NodeJS.Timeout | undefined

  /**
   * @param most of one call
   * @param work answers each in its order, or fails for all
   */
  constructor(most: number, work: (asked: readonly Ask[]) => Promise<Answer[]>) {
    this.#most = most
    this.#work = work
  }

  /** Waits for its call as long as for a connection, and no longer. */
  ask(ask: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(one), 1)
        reject(new TooLate())
      }, POOL_WAIT_MS)
      const one = { ask, resolve, reject, deadline }
      this.#waiting.push(one)
      // After whatever else has come in the same moment.
      if (this.#waiting.length === 1) setImmediate(() => this.#next())
    })
  }

  /** Nobody waits, and no call is under way. */
  isIdle(): boolean {
    return this.#waiting.length === 0 && this.#running === 0
  }

  /** Begins a call where none is under way, or the last has taken long. */
  #next(): void {
    const mayCall = this.#running === 0 || (this.#patience === undefined && this.#running < CALLS)
    if (this.#waiting.length === 0 || !mayCall) return
    const asked = this.#waiting.splice(0, this.#most)
    for (const { deadline } of asked) clearTimeout(deadline)
    this.#running++
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => {
      this.#patience = undefined
      this.#next()
    }, PATIENCE_MS)
    this.#work(asked.map(({ ask }) => ask)).then(
      answers => {
        this.#ended()
        // There is one for each.
        for (const [at, { resolve }] of asked.entries()) resolve(answers[at] as Answer)
      },
      (error: unknown) => {
        this.#ended()
        for (const { reject } of asked) reject(error)
      },
    )
  }

  #ended(): void {
    this.#running--
    if (this.#running === 0) {
      clearTimeout(this.#patience)
      this.#patience = undefined
    }
    this.#next()
  }
}
