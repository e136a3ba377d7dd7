/** A child's log on disk, bounded: when it is full it becomes `<name>.1`, and the one before that is gone. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

const FULL_BYTES = 8 << 20

export class LogFile {
  readonly #path: string
  #file: number
  #size: number
  #closed = false

  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, 'a', 0o600)
    this.#size = fstatSync(this.#file).size
  }

  /** Nothing is written once it is closed. */
  write(line: string): void {
    if (this.#closed) return
    if (this.#size > FULL_BYTES) this.#turn()
    this.#size += writeSync(this.#file, `${line}\n`)
  }

  close(): void {
    this.#closed = true
    closeSync(this.#file)
  }

  #turn(): void {
    closeSync(this.#file)
    renameSync(this.#path, `${this.#path}.1`)
    this.#file = openSync(this.#path, 'a', 0o600)
    this.#size = 0
  }
}
