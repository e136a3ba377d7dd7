/**
 * Loads the Lua verbs. One file is one atomic change; a line `--- @include name` puts a shared prelude in its
 * place. Scripts run by their SHA and are sent whole only where Redis does not know them.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from './redis.ts'

export type Arg = string | number | Buffer

export class Script {
  readonly name: string
  readonly #source: string
  readonly #sha: string

  /** The file is found relative to the caller: `new Script(import.meta.url, './lua/take.lua')`. */
  constructor(base: string, path: string) {
    this.name = path
    this.#source = withIncludes(new URL(path, base))
    this.#sha = createHash('sha1').update(this.#source).digest('hex')
  }

  /** The script's raw answer; parse it at the call. */
  async run(redis: Redis, keys: string[], args: Arg[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha, keys.length, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return await redis.eval(this.#source, keys.length, ...keys, ...args)
    }
  }
}

function withIncludes(url: URL): string {
  return readFileSync(url, 'utf8').replace(/^--- @include (\S+)$/gm, (_, name: string) =>
    readFileSync(new URL(`${name}.lua`, url), 'utf8'),
  )
}
