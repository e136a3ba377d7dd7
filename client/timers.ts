/** What is to be done later, by name: a new one takes the place of the one before. */
import type { Platform } from './platform.ts'

export class Timers<Name extends string> {
  readonly #platform: Platform
  readonly #cancels = new Map<Name, () => void>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  has(name: Name): boolean {
    return this.#cancels.has(name)
  }

  set(name: Name, ms: number, run: () => void): void {
    this.clear(name)
    const cancel = this.#platform.after(ms, () => {
      this.#cancels.delete(name)
      run()
    })
    this.#cancels.set(name, cancel)
  }

  /** These, or all. */
  clear(...names: Name[]): void {
    for (const name of names.length > 0 ? names : [...this.#cancels.keys()]) {
      this.#cancels.get(name)?.()
      this.#cancels.delete(name)
    }
  }
}
