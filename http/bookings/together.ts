/**
 * The same asked of Postgres for many callers at once: in an on-sale a statement costs more than what it does. A call carries all that
 * came while the one before it was under way, and begins after each of them asked.
 */

/** One at a time, so that many share the next; but a call that hangs must not hold up everybody until its deadline. */
const PATIENCE_MS = 50
const CALLS = 4

interface Waiting<Ask, Answer> {
  ask: Ask
  resolve: (answer: Answer | Promise<Answer>) => void
  reject: (error: unknown) => void
}

export class Together<Ask, Answer> {
  readonly #most: number
  readonly #work: (asked: readonly Ask[]) => Promise<(Answer | Promise<Answer>)[]>
  readonly #waiting: Waiting<Ask, Answer>[] = []
  #running = 0
  #patience: NodeJS.Timeout | undefined

  /**
   * @param most of one call
   * @param work answers each in its order, now or later, or fails for all
   */
  constructor(most: number, work: (asked: readonly Ask[]) => Promise<(Answer | Promise<Answer>)[]>) {
    this.#most = most
    this.#work = work
  }

  ask(ask: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ask, resolve, reject })
      // After whatever else has come in the same moment.
      if (this.#waiting.length === 1) setImmediate(() => this.#next())
    })
  }

  /** Begins a call where none is under way, or the last has taken long. */
  #next(): void {
    const mayCall = this.#running === 0 || (this.#patience === undefined && this.#running < CALLS)
    if (this.#waiting.length === 0 || !mayCall) return
    const asked = this.#waiting.splice(0, this.#most)
    this.#running++
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => {
      this.#patience = undefined
      this.#next()
    }, PATIENCE_MS)
    this.#work(asked.map(({ ask }) => ask))
      .then(
        answers => {
          // There is one for each.
          for (const [at, { resolve }] of asked.entries()) resolve(answers[at] as Answer)
        },
        (error: unknown) => {
          for (const { reject } of asked) reject(error)
        },
      )
      .finally(() => {
        this.#running--
        if (this.#running === 0) {
          clearTimeout(this.#patience)
          this.#patience = undefined
        }
        this.#next()
      })
  }
}
