/**
 * What the SDK needs of a machine, as cheap as can be: thousands of its clients in one process shall measure the server, not
 * Node's own WebSocket and fetch, which take a millisecond of CPU each.
 */
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { connect, type Socket as TcpSocket } from 'node:net'
import type { Fetch, Platform, Socket, SocketEvent } from '../client/platform.ts'

const HEAD_END = '\r\n\r\n'
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const [TEXT, BINARY, CLOSE, PING, PONG] = [1, 2, 8, 9, 10]
const AT_ONCE = 64

export function leanPlatform(): Pick<Platform, 'WebSocket' | 'fetch'> {
  return { WebSocket: LeanSocket, fetch: leanFetch(new Agent({ keepAlive: true, maxSockets: AT_ONCE })) }
}

class LeanSocket implements Socket {
  binaryType = ''
  readonly #tcp: TcpSocket
  readonly #listeners: [string, (event: SocketEvent) => void][] = []
  #buffer: Buffer = Buffer.alloc(0)
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #code = 1006

  constructor(url: string, protocols: string[]) {
    const { hostname, port, pathname } = new URL(url)
    this.#tcp = connect(Number(port), hostname)
    this.#tcp.setNoDelay(true)
    this.#tcp.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Protocol: ${protocols.join(', ')}\r\n\r\n`,
    )
    this.#tcp.on('data', data => this.#hear(data))
    this.#tcp.on('error', () => undefined)
    this.#tcp.on('close', () => {
      this.#state = 'closed'
      this.#tell('close', { code: this.#code })
    })
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.push([type, listener])
  }

  send(text: string): void {
    if (this.#state === 'open') this.#write(TEXT, Buffer.from(text))
  }

  close(): void {
    this.#state = 'closed'
    this.#tcp.end(frameOf(CLOSE, Buffer.of(3, 232)))
  }

  #tell(type: string, event: { data?: unknown; code?: number }): void {
    for (const [wanted, listener] of this.#listeners) if (wanted === type) listener({ type, ...event })
  }

  #write(kind: number, payload: Buffer): void {
    this.#tcp.write(frameOf(kind, payload))
  }

  #hear(data: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data])
    if (this.#state === 'opening') {
      const end = this.#buffer.indexOf(HEAD_END)
      if (end < 0) return
      if (this.#buffer.subarray(9, 12).toString() !== '101') {
        this.#tcp.destroy()
        return
      }
      this.#buffer = this.#buffer.subarray(end + HEAD_END.length)
      this.#state = 'open'
      this.#tell('open', {})
    }
    this.#frames()
  }

  #frames(): void {
    for (;;) {
      const short = (this.#buffer[1] ?? 0) & 127
      const head = short < 126 ? 2 : short === 126 ? 4 : 10
      if (this.#state !== 'open' || this.#buffer.length < head) return
      const size =
        short < 126
          ? short
          : short === 126
            ? this.#buffer.readUInt16BE(2)
            : Number(this.#buffer.readBigUInt64BE(2))
      if (this.#buffer.length < head + size) return
      const kind = (this.#buffer[0] ?? 0) & 15
      const payload = this.#buffer.subarray(head, head + size)
      this.#buffer = this.#buffer.subarray(head + size)
      this.#take(kind, payload)
    }
  }

  #take(kind: number, payload: Buffer): void {
    if (kind === TEXT) this.#tell('message', { data: payload.toString() })
    else if (kind === BINARY) this.#tell('message', { data: Uint8Array.from(payload).buffer })
    else if (kind === PING) this.#write(PONG, payload)
    else if (kind === CLOSE) {
      this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005
      this.#tcp.end()
    }
  }
}

function frameOf(kind: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  const head =
    payload.length < 126
      ? Buffer.of(0x80 | kind, 0x80 | payload.length)
      : Buffer.of(0x80 | kind, 0x80 | 126, payload.length >> 8, payload.length & 255)
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0))])
}

function leanFetch(agent: Agent): Fetch {
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const asked = request(
        url,
        { method, headers, agent, ...(signal === undefined ? {} : { signal }) },
        answer => {
          const parts: Buffer[] = []
          answer.on('error', reject)
          answer.on('data', part => parts.push(part))
          answer.on('end', () => {
            const whole = Buffer.concat(parts)
            const status = answer.statusCode ?? 0
            resolve({
              ok: status >= 200 && status < 300,
              status,
              headers: { get: name => answer.headers[name.toLowerCase()]?.toString() ?? null },
              json: async () => JSON.parse(whole.toString()),
              arrayBuffer: async () => Uint8Array.from(whole).buffer,
            })
          })
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
}
