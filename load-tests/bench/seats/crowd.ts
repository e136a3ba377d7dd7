/**
 * A crowd of watchers as a process of its own (fork it, and talk by messages). Written on plain TCP with one buffer for all, as a whole
 * WebSocket client would cost more than the servers that are measured.
 */
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { readConfig } from '../../../shared/config.ts'
import { visitorId } from '../../../shared/ids.ts'
import { SESSION_SECONDS } from '../../../shared/limits.ts'
import { SessionTokens } from '../../../shared/tokens.ts'
import { Ages, type ToldAges } from './ages.ts'
import {
  BINARY,
  type Dialect,
  type Frame,
  frameAt,
  framed,
  pongTo,
  SPEECH,
  TEXT,
  upgradeRequest,
} from './dialects.ts'

export type ToCrowd =
  /** So many more come, some at once. Answered by `come` when all hear the seats. */
  | { ask: 'come'; port: number; count: number; atOnce: number; dialect: Dialect; event: string }
  /** Answered by `heard`. */
  | { ask: 'heard' }
  /** Ages of the changes that this channel says are taken from now on. Answered by `following`. */
  | { ask: 'follow'; redisUrl: string; channel: string }
  /** Answered by `ages`. */
  | { ask: 'ages' }
  /** All close. Answered by `gone`. */
  | { ask: 'go' }

export type FromCrowd =
  | { told: 'ready' | 'following' | 'gone' }
  | { told: 'come'; seconds: number }
  /** News of all so far, how much of it, and CPU of this process, ms. */
  | { told: 'heard'; frames: number; bytes: number; cpuMs: number }
  | { told: 'ages'; ages: ToldAges }

const everyone = new Set<Watcher>()
const heard = { frames: 0, bytes: 0 }
const ages = new Ages()
/** Every socket reads into this one; what is not yet whole is copied. */
const buffer = Buffer.alloc(64 * 1024)

class Watcher {
  readonly here: Promise<void>
  readonly #dialect: Dialect
  readonly #event: string
  readonly #socket: Socket
  #rest: Buffer | undefined
  #state: 'asking' | 'coming' | 'here' | 'gone' = 'asking'
  #arrive: () => void = () => {}
  #fail: (error: Error) => void = () => {}

  constructor(port: number, dialect: Dialect, event: string, token: string) {
    this.#dialect = dialect
    this.#event = event
    this.here = new Promise((resolve, reject) => {
      this.#arrive = resolve
      this.#fail = reject
    })
    const onread = { buffer, callback: (bytes: number) => this.#read(buffer.subarray(0, bytes)) }
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    this.#socket.on('error', error => this.#lost(error))
    this.#socket.on('close', () => this.#lost(new Error('the server closed a socket')))
    this.#socket.write(upgradeRequest(SPEECH[dialect], token))
    everyone.add(this)
  }

  leave(): Promise<void> {
    this.#state = 'gone'
    everyone.delete(this)
    return new Promise(resolve => {
      this.#socket.removeAllListeners('close')
      this.#socket.once('close', resolve)
      this.#socket.destroy()
    })
  }

  #lost(error: Error): void {
    if (this.#state === 'here') throw error
    this.#fail(error)
  }

  #read(chunk: Buffer): boolean {
    const data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = undefined
    let at = this.#state === 'asking' ? this.#upgraded(data) : 0
    for (let frame = frameAt(data, at); frame !== undefined; frame = frameAt(data, at)) {
      at = frame.end
      this.#hear(frame)
    }
    if (at < data.length) this.#rest = Buffer.from(data.subarray(at))
    return true
  }

  /** Where frames begin. */
  #upgraded(data: Buffer): number {
    const end = data.indexOf('\r\n\r\n')
    if (end < 0) return 0
    if (data.toString('latin1', 9, 12) !== '101') this.#fail(new Error(data.toString('latin1').slice(0, 300)))
    const { first, atOnce } = SPEECH[this.#dialect]
    this.#state = 'coming'
    if (atOnce === true) this.#arrived()
    if (first !== undefined) this.#socket.write(framed(first(this.#event)))
    return end + 4
  }

  #hear(frame: Frame): void {
    const speech = SPEECH[this.#dialect]
    const { opcode, payload } = frame
    const pong = pongTo(frame)
    if (pong !== undefined) this.#socket.write(framed(pong))
    const meaning = opcode === TEXT ? speech.meaning?.(payload) : speech.reply?.(payload)
    if (meaning?.answer !== undefined) this.#socket.write(framed(meaning.answer))
    if (meaning?.here === true) this.#arrived()
    if (opcode !== BINARY) return
    heard.frames += meaning?.news ?? 1
    heard.bytes += payload.length
    ages.heard(this, payload)
  }

  #arrived(): void {
    if (this.#state === 'coming') this.#state = 'here'
    this.#arrive()
  }
}

async function come(sessions: SessionTokens, asked: Extract<ToCrowd, { ask: 'come' }>): Promise<void> {
  const { port, count, atOnce, dialect, event } = asked
  const tokens = Array.from({ length: count }, () => sessions.issue(visitorId(randomUUID())))
  const began = performance.now()
  const next = tokens.values()
  const some = async () => {
    for (const token of next) await new Watcher(port, dialect, event, token).here
  }
  await Promise.all(Array.from({ length: atOnce }, some))
  say({ told: 'come', seconds: (performance.now() - began) / 1_000 })
}

async function answer(sessions: SessionTokens, message: ToCrowd): Promise<void> {
  switch (message.ask) {
    case 'come':
      return come(sessions, message)
    case 'heard': {
      const { user, system } = process.cpuUsage()
      return say({ told: 'heard', ...heard, cpuMs: (user + system) / 1_000 })
    }
    case 'follow':
      await ages.follow(message.redisUrl, message.channel)
      return say({ told: 'following' })
    case 'ages':
      return say({ told: 'ages', ages: ages.end(everyone) })
    case 'go':
      await Promise.all([...everyone].map(one => one.leave()))
      return say({ told: 'gone' })
    default:
      return message satisfies never
  }
}

function say(message: FromCrowd): void {
  process.send?.(message)
}

if (process.send !== undefined) {
  const sessions = new SessionTokens(readConfig().keys.session, SESSION_SECONDS)
  process.on('disconnect', () => process.exit(0))
  process.on('message', (message: ToCrowd) => void answer(sessions, message))
  say({ told: 'ready' })
}
