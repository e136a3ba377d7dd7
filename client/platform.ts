/**
 * What the SDK needs of the machine it runs on, and the only place that takes it from there: browsers and Node 20+ bring all
 * of it, except that Node before 22 has no WebSocket. A test gives its own and moves time by hand.
 */

export interface Platform {
  fetch: Fetch
  /** Undefined: there is none, so everything is polled. */
  WebSocket: WebSocketClass | undefined
  /** ms since 1970, however wrong. */
  now(): number
  /** A fraction in [0, 1): for jitter alone. */
  random(): number
  /** Text nobody else makes. */
  unique(): string
  /** Runs it once after ms; the answer takes that back. */
  after(ms: number, run: () => void): () => void
}

export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>

export interface FetchInit {
  method: string
  headers: Record<string, string>
  body?: string
  signal?: AbortSignal
}

export interface FetchResponse {
  ok: boolean
  status: number
  headers: { get(name: string): string | null }
  json(): Promise<unknown>
  arrayBuffer(): Promise<ArrayBuffer>
}

export type WebSocketClass = new (url: string, protocols: string[]) => Socket

/** The part of a WebSocket that we use. */
export interface Socket {
  binaryType: string
  send(text: string): void
  close(code?: number): void
  addEventListener(type: string, listener: (event: SocketEvent) => void): void
}

export interface SocketEvent {
  type: string
  data?: unknown
  code?: number
}

export function platformDefaults(): Platform {
  return {
    // Called as methods of another object, a browser's own refuse to work.
    fetch: (url, init) => globalThis.fetch(url, init),
    WebSocket: globalThis.WebSocket as WebSocketClass | undefined,
    now: Date.now,
    random: Math.random,
    // Not randomUUID: pages served over plain http have none.
    unique: () => globalThis.crypto.getRandomValues(new Uint32Array(4)).join('-'),
    after: (ms, run) => {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    },
  }
}
