/** Calls of fans on kept connections, as cheap as they can be made: what the fans cost, the server cannot have. */
import { Pool } from 'undici'

export interface Answer {
  /** 0 where nobody answered. */
  status: number
  body: Record<string, unknown>
  tookMs: number
}

export type Method = 'GET' | 'POST' | 'PUT'

const DEADLINE_MS = 20_000

export class Caller {
  readonly #pool: Pool

  constructor(port: number, connections: number) {
    this.#pool = new Pool(`http://127.0.0.1:${port}`, {
      connections,
      pipelining: 1,
      headersTimeout: DEADLINE_MS,
      bodyTimeout: DEADLINE_MS,
    })
  }

  call(method: Method, path: string, token: string, body?: unknown, key?: string): Promise<Answer> {
    const began = performance.now()
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (key !== undefined) headers['idempotency-key'] = key
    return new Promise(resolve => {
      let status = 0
      const said: Buffer[] = []
      const done = () =>
        resolve({
          status,
          body: objectIn(Buffer.concat(said).toString()),
          tookMs: performance.now() - began,
        })
      this.#pool.dispatch(
        { method, path, headers, body: body === undefined ? null : JSON.stringify(body) },
        {
          onConnect: () => undefined,
          onHeaders: code => {
            status = code
            return true
          },
          onData: chunk => said.push(chunk) > 0,
          onComplete: done,
          onError: () => {
            status = 0
            done()
          },
        },
      )
    })
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
