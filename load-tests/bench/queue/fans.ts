/**
 * A crowd of sockets as a process of its own (fork it, and talk by messages): each fan connects and joins, and hears ticks. Written on
 * plain TCP, as a whole WebSocket client would cost more than the server that is measured.
 */
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { readConfig } from '../../../shared/config.ts'
import { visitorId } from '../../../shared/ids.ts'
import { SESSION_SECONDS } from '../../../shared/limits.ts'
import { SessionTokens } from '../../../shared/tokens.ts'
import { BEARER_PREFIX, SUBPROTOCOL } from '../../../shared/wire/messages.ts'

export type ToFans =
  /** So many more come, some at once; each joins the line where an event is named. Answered by `come` when all have their place. */
  | { ask: 'come'; port: number; count: number; atOnce: number; event?: string }
  /** Answered by `heard`. */
  | { ask: 'heard' }

export type FromFans =
  | { told: 'ready' }
  | { told: 'come'; seconds: number; cpuMs: number }
  /** Binary frames of all fans so far, and their bytes. */
  | { told: 'heard'; frames: number; bytes: number }

const TEXT = 1
const BINARY = 2
const PING = 9
const PONG = 10
/** No more of a message is needed to know what it is. */
const PLACE = '{"type":"place"'
const heard = { frames: 0, bytes: 0 }

if (process.send !== undefined) {
  const sessions = new SessionTokens(readConfig().keys.session, SESSION_SECONDS)
  process.on('disconnect', () => process.exit(0))
  process.on('message', (message: ToFans) => {
    if (message.ask === 'heard') say({ told: 'heard', ...heard })
    else void come(sessions, message)
  })
  say({ told: 'ready' })
}

function say(message: FromFans): void {
  process.send?.(message)
}

async function come(sessions: SessionTokens, asked: Extract<ToFans, { ask: 'come' }>): Promise<void> {
  const tokens = Array.from({ length: asked.count }, () => sessions.issue(visitorId(randomUUID())))
  const began = performance.now()
  const cpu = process.cpuUsage()
  const next = tokens.values()
  const one = async () => {
    for (const token of next) await fan(asked.port, token, asked.event)
  }
  await Promise.all(Array.from({ length: asked.atOnce }, one))
  const { user, system } = process.cpuUsage(cpu)
  say({ told: 'come', seconds: (performance.now() - began) / 1_000, cpuMs: (user + system) / 1_000 })
}

/** Settles when the fan has a place, or is connected where there is none to have. */
function fan(port: number, token: string, event: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    let rest: Buffer | undefined
    let isUpgraded = false
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed a socket')))
    socket.on('connect', () => {
      socket.write(
        `GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}, ${BEARER_PREFIX}${token}\r\n\r\n`,
      )
    })
    socket.on('data', chunk => {
      let data = rest === undefined ? chunk : Buffer.concat([rest, chunk])
      rest = undefined
      if (!isUpgraded) {
        const end = data.indexOf('\r\n\r\n')
        if (end < 0) {
          rest = data
          return
        }
        if (!data.subarray(9, 12).equals(Buffer.from('101'))) {
          reject(new Error(data.toString('latin1').slice(0, 200)))
          return
        }
        isUpgraded = true
        data = data.subarray(end + 4)
        if (event === undefined) resolve()
        else write(socket, TEXT, Buffer.from(JSON.stringify({ type: 'join', eventId: event })))
      }
      for (;;) {
        const frame = firstFrame(data)
        if (frame === undefined) break
        data = data.subarray(frame.end)
        const { opcode, payload } = frame
        if (opcode === BINARY) {
          heard.frames++
          heard.bytes += payload.length
        } else if (opcode === PING) write(socket, PONG, payload)
        else if (opcode === TEXT && payload.subarray(0, PLACE.length).equals(Buffer.from(PLACE))) resolve()
      }
      if (data.length > 0) rest = data
    })
  })
}

interface Frame {
  opcode: number
  payload: Buffer
  end: number
}

/** Of a server, so not masked; nothing here is past 64 KB. */
function firstFrame(data: Buffer): Frame | undefined {
  if (data.length < 2) return undefined
  const short = (data[1] ?? 0) & 0x7f
  if (short === 126 && data.length < 4) return undefined
  const [from, length] = short === 126 ? [4, data.readUInt16BE(2)] : [2, short]
  if (data.length < from + length) return undefined
  return { opcode: (data[0] ?? 0) & 0x0f, payload: data.subarray(from, from + length), end: from + length }
}

/** Masked by nought, which leaves it as it is. */
function write(socket: Socket, opcode: number, payload: Buffer): void {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0])
      : Buffer.from([0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
  socket.write(Buffer.concat([head, payload]))
}
