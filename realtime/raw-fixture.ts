/** A client of bytes, for tests: what no honest client would send, and readers that stop. */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { expect } from 'vitest'

export const TEXT = 1
export const PING = 9
const PONG = 10
const FINAL = 0x80
const SOON = { timeout: 10_000 }

const HEAD = [
  'GET /ws HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** A frame as clients send it: masked, whole unless told otherwise. */
export function frame(
  opcode: number,
  payload: Uint8Array,
  { final = true, claims = payload.length } = {},
): Buffer {
  const mask = randomBytes(4)
  const length =
    claims < 126
      ? Buffer.of(0x80 | claims)
      : claims < 65_536
        ? Buffer.from([0x80 | 126, claims >> 8, claims & 255])
        : Buffer.concat([Buffer.of(0x80 | 127), bigEndian(claims)])
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return Buffer.concat([Buffer.of((final ? FINAL : 0) | opcode), length, mask, masked])
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

export class Raw {
  readonly socket: Socket
  readonly closed: Promise<void>
  isClosed = false
  /** The end of what came; only small texts are of interest. */
  text = ''
  bytes = 0
  #began = performance.now()
  /** How long it was open, ms. */
  lasted = 0

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', data => {
      this.bytes += data.length
      this.text = (this.text + data.toString('latin1')).slice(-200_000)
    })
    this.socket.on('error', () => undefined)
    this.closed = new Promise(resolve =>
      this.socket.on('close', () => {
        this.isClosed = true
        this.lasted = performance.now() - this.#began
        resolve()
      }),
    )
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  open(token: string, headers: string[] = []): void {
    const lines = [...HEAD, `Sec-WebSocket-Protocol: onsale.v1, bearer.${token}`, ...headers]
    this.write(`${lines.join('\r\n')}\r\n\r\n`)
  }

  say(message: object | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    this.write(frame(TEXT, Buffer.from(text)))
  }

  pong(): void {
    this.write(frame(PONG, Buffer.alloc(0)))
  }

  async hears(text: string): Promise<void> {
    await expect.poll(() => this.text.includes(text), SOON).toBe(true)
  }

  /** The code of the close frame that ends what came; 1006 where none does. */
  get code(): number {
    const bytes = Buffer.from(this.text, 'latin1')
    const at = bytes.lastIndexOf(0x88)
    return at >= 0 && bytes.length >= at + 4 && bytes.length === at + 2 + (bytes[at + 1] ?? 0)
      ? bytes.readUInt16BE(at + 2)
      : 1006
  }
}

interface Handshake {
  token: string
  headers?: string[]
  path?: string
}

/** What a handshake is answered; a socket that it becomes is closed. */
export async function handshake(port: number, { token, headers = [], path = '/ws' }: Handshake) {
  const one = new Raw(port)
  const lines = [
    `GET ${path} HTTP/1.1`,
    ...HEAD.slice(1),
    `Sec-WebSocket-Protocol: onsale.v1, bearer.${token}`,
  ]
  one.write(`${[...lines, ...headers].join('\r\n')}\r\n\r\n`)
  await expect.poll(() => one.isClosed || isWhole(one.text), SOON).toBe(true)
  one.socket.destroy()
  const [head = '', body = ''] = one.text.split('\r\n\r\n')
  const status = Number(head.slice(9, 12))
  const code = status === 101 || body === '' ? undefined : (JSON.parse(body) as { code: string }).code
  return { status, head: head.toLowerCase(), code }
}

function isWhole(answer: string): boolean {
  const [head = '', body] = answer.split('\r\n\r\n')
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
  return body !== undefined && body.length >= length
}
