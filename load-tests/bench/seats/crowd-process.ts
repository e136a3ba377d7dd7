/** The crowd's process as the bench holds it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { FromCrowd, ToCrowd } from './crowd.ts'

type Told<Name> = Extract<FromCrowd, { told: Name }>
type Coming = Omit<Extract<ToCrowd, { ask: 'come' }>, 'ask' | 'atOnce'>

/** Fewer than a listening socket's backlog: who is turned away there comes again after a second. */
const AT_ONCE = 300

export class Crowd {
  readonly #process: ChildProcess

  private constructor(child: ChildProcess) {
    this.#process = child
  }

  static async start(environment: Record<string, string>): Promise<Crowd> {
    const child = fork(join(import.meta.dirname, 'crowd.ts'), {
      env: { PATH: process.env['PATH'], ...environment },
    })
    await once(child, 'message')
    return new Crowd(child)
  }

  async come(coming: Coming, atOnce = AT_ONCE): Promise<number> {
    return ((await this.#ask({ ask: 'come', ...coming, atOnce })) as Told<'come'>).seconds
  }

  async heard(): Promise<Told<'heard'>> {
    return (await this.#ask({ ask: 'heard' })) as Told<'heard'>
  }

  async follow(redisUrl: string, channel: string): Promise<void> {
    await this.#ask({ ask: 'follow', redisUrl, channel })
  }

  async ages(): Promise<Told<'ages'>['ages']> {
    return ((await this.#ask({ ask: 'ages' })) as Told<'ages'>).ages
  }

  async go(): Promise<void> {
    await this.#ask({ ask: 'go' })
  }

  end(): void {
    this.#process.kill('SIGKILL')
  }

  async #ask(message: ToCrowd): Promise<FromCrowd> {
    const over = new AbortController()
    const { signal } = over
    try {
      const ended = once(this.#process, 'exit', { signal }).then(([code]) => {
        throw new Error(`the crowd ended with ${code}`)
      })
      const answered = once(this.#process, 'message', { signal })
      ended.catch(() => undefined)
      this.#process.send(message)
      const [answer] = (await Promise.race([answered, ended])) as [FromCrowd]
      return answer
    } finally {
      over.abort()
    }
  }
}
