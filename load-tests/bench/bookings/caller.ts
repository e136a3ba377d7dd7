/** Calls of fans on kept connections, as cheap as Node's client makes them: what it costs, the server cannot have. */
import { Agent, request } from 'node:http'

export interface Answer {
  /** 0 where nobody answered. */
  status: number
  body: Record<string, unknown>
  tookMs: number
}

const DEADLINE_MS = 20_000

export class Caller {
  readonly #agent: Agent
  readonly #port: number

  constructor(port: number, connections: number) {
    this.#port = port
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  call(method: string, path: string, token: string, body?: unknown, key?: string): Promise<Answer> {
    const began = performance.now()
    const text = body === undefined ? undefined : JSON.stringify(body)
    return new Promise(resolve => {
      const done = (status: number, said: string) =>
        resolve({ status, body: objectIn(said), tookMs: performance.now() - began })
      const asked = request(
        {
          agent: this.#agent,
          host: '127.0.0.1',
          port: this.#port,
          method,
          path,
          timeout: DEADLINE_MS,
          headers: {
            authorization: `Bearer ${token}`,
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            ...(key === undefined ? {} : { 'idempotency-key': key }),
          },
        },
        answer => {
          let said = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => {
            said += chunk
          })
          answer.on('end', () => done(answer.statusCode ?? 0, said))
          answer.on('error', () => done(0, ''))
        },
      )
      asked.on('timeout', () => asked.destroy(new Error('late')))
      asked.on('error', () => done(0, ''))
      asked.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
