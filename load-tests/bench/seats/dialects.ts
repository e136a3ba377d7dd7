/** How a client of each server opens its socket and knows that it hears the seats: what the crowd speaks. */
import { BEARER_PREFIX, SUBPROTOCOL } from '../../../shared/wire/messages.ts'

export const DIALECTS = ['onsale', 'bare', 'socketio', 'centrifuge'] as const
export type Dialect = (typeof DIALECTS)[number]

export const TEXT = 1
export const BINARY = 2
const PING = 9
const PONG = 10

/** One frame to be sent. */
export interface Said {
  opcode: number
  payload: Buffer
}

/** What a frame of the server means: an answer to send, whether the client hears the seats from now on, and news of them. */
interface Meaning {
  answer?: Said
  here?: boolean
  /** How many. */
  news?: number
}

interface Speech {
  path: string
  protocols(token: string): string
  /** Hears the seats from the upgrade on. */
  atOnce?: true
  /** Said right after the upgrade. */
  first?(event: string): Said
  /** Of a text. */
  meaning?(payload: Buffer): Meaning | undefined
  /** Of a binary frame, where it is more than one piece of news. */
  reply?(payload: Buffer): Meaning
}

const text = (words: string): Said => ({ opcode: TEXT, payload: Buffer.from(words) })
const startsWith = (payload: Buffer, words: Buffer) => payload.subarray(0, words.length).equals(words)

const WATCHING = Buffer.from('{"type":"watching"')
const ERROR = Buffer.from('{"type":"error"')
const RESYNC = Buffer.from('{"type":"resync"')
const CONNECT = text('40')
/** Length, then Command {id: 1, connect: {}} as protobuf. */
const CENTRIFUGE_CONNECT: Said = { opcode: BINARY, payload: Buffer.from([4, 0x08, 1, 0x22, 0]) }
/** A command of no length answers a reply of none. */
const CENTRIFUGE_PONG: Said = { opcode: BINARY, payload: Buffer.from([0]) }
/** How a Reply begins that answers a Command: news has no id. */
const ID = 0x08
const CODE = { '0': 0x30, '2': 0x32, '4': 0x34 }

export const SPEECH: Record<Dialect, Speech> = {
  onsale: {
    path: '/ws',
    protocols: token => `${SUBPROTOCOL}, ${BEARER_PREFIX}${token}`,
    first: event => text(JSON.stringify({ type: 'watch', eventId: event })),
    meaning: payload => {
      if (startsWith(payload, WATCHING)) return { here: true }
      if (startsWith(payload, ERROR) || startsWith(payload, RESYNC)) throw new Error(payload.toString())
      return undefined
    },
  },
  bare: { path: '/ws', protocols: () => '', atOnce: true },
  socketio: {
    path: '/socket.io/?EIO=4&transport=websocket',
    protocols: () => '',
    meaning: payload => {
      if (payload[0] === CODE['0']) return { answer: CONNECT }
      if (payload[0] === CODE['2']) return { answer: text('3') }
      return payload[0] === CODE['4'] && payload[1] === CODE['0'] ? { here: true } : undefined
    },
  },
  centrifuge: {
    path: '/connection/websocket',
    protocols: () => 'centrifuge-protobuf',
    first: () => CENTRIFUGE_CONNECT,
    reply: payload => {
      const meaning: Meaning = { news: 0 }
      // Several replies may come in one frame, each with its length before it.
      for (let at = 0; at < payload.length; ) {
        const { length, from } = lengthAt(payload, at)
        if (length === 0) meaning.answer = CENTRIFUGE_PONG
        else if (payload[from] === ID) meaning.here = true
        else meaning.news = (meaning.news ?? 0) + 1
        at = from + length
      }
      return meaning
    },
  },
}

export function upgradeRequest({ path, protocols }: Speech, token: string): string {
  const asked = protocols(token)
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${asked === '' ? '' : `Sec-WebSocket-Protocol: ${asked}\r\n`}\r\n`
  )
}

/** Masked by nought, which leaves it as it is. */
export function framed({ opcode, payload }: Said): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0])
      : Buffer.from([0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}

export interface Frame {
  opcode: number
  payload: Buffer
  end: number
}

/** The frame that begins at `from`, of a server, so not masked; nothing here is past 64 KB. Undefined where it is not all there. */
export function frameAt(data: Buffer, from: number): Frame | undefined {
  if (data.length < from + 2) return undefined
  const short = (data[from + 1] ?? 0) & 0x7f
  if (short === 126 && data.length < from + 4) return undefined
  const [start, length] = short === 126 ? [from + 4, data.readUInt16BE(from + 2)] : [from + 2, short]
  const end = start + length
  if (data.length < end) return undefined
  return { opcode: (data[from] ?? 0) & 0x0f, payload: data.subarray(start, end), end }
}

export function pongTo({ opcode, payload }: Frame): Said | undefined {
  return opcode === PING ? { opcode: PONG, payload } : undefined
}

/** A protobuf varint, and where what it measures begins. */
function lengthAt(data: Buffer, at: number): { length: number; from: number } {
  let length = 0
  let from = at
  for (let shift = 1, more = true; more; shift *= 128) {
    const byte = data[from++] ?? 0
    length += (byte & 0x7f) * shift
    more = byte >= 0x80
  }
  return { length, from }
}
