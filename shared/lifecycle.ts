/** A process's parts are started in order and stopped in reverse, each with a deadline, on SIGTERM, SIGINT or a fault. */
import type { Log } from './log.ts'

interface Part {
  name: string
  stop: () => Promise<void> | void
}

/** Longest any one part may take to stop. */
const STOP_MS = 10_000

export class Lifecycle {
  readonly #log: Log
  readonly #parts: Part[] = []
  #stopping: Promise<void> | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /** Remembers how to stop a part that has just been started. */
  add(name: string, stop: Part['stop']): void {
    this.#parts.push({ name, stop })
  }

  /** Stops everything once, the last started first; a part past its deadline is left behind. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /** Ends the process in order on a signal; a fault nobody caught ends it with code 1. */
  listen(): void {
    const end = (why: string, code: number) => {
      this.#log.info({ why }, 'stopping')
      void this.stop().then(() => process.exit(code))
    }
    process.once('SIGTERM', () => end('SIGTERM', 0))
    process.once('SIGINT', () => end('SIGINT', 0))
    process.on('uncaughtException', err => {
      this.#log.fatal({ err }, 'uncaught exception')
      end('uncaught exception', 1)
    })
    process.on('unhandledRejection', err => {
      this.#log.fatal({ err }, 'unhandled rejection')
      end('unhandled rejection', 1)
    })
  }

  async #stopAll(): Promise<void> {
    for (const part of this.#parts.reverse()) {
      await Promise.race([this.#stopOne(part), timeout(STOP_MS)])
    }
  }

  async #stopOne(part: Part): Promise<void> {
    try {
      await part.stop()
    } catch (err) {
      this.#log.error({ err, part: part.name }, 'a part did not stop well')
    }
  }
}

function timeout(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
