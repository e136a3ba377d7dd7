/** Who may open a socket: the checks of a handshake, all synchronous, the same for both doors; the cheapest come first. */
import type { Chance, Clock } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import { Problem } from '../shared/errors.ts'
import type { VisitorId } from '../shared/ids.ts'
import { networkOf } from '../shared/network.ts'
import { allowedOrigins } from '../shared/origins.ts'
import type { SessionTokens } from '../shared/tokens.ts'
import { ACCEPT_AGAIN_SECONDS, CROWDED_SECONDS, SPARE_DESCRIPTORS } from './bounds.ts'
import { Crowd } from './crowd.ts'
import { TokenBucket } from './token-bucket.ts'

export interface AdmittanceParts {
  config: Pick<
    Config,
    | 'HTTP_PUBLIC_URL'
    | 'ALLOWED_ORIGINS'
    | 'MAX_SOCKETS'
    | 'TRUSTED_PROXIES'
    | 'ACCEPTS_PER_SECOND'
    | 'SOCKETS_PER_SESSION'
    | 'SOCKETS_PER_NETWORK'
  >
  sessions: SessionTokens
  clock: Pick<Clock, 'now'>
  chance: Pick<Chance, 'fraction'>
  /** Most open files of this process; undefined where the system does not say. */
  descriptors: number | undefined
  /** Open sockets of all doors. */
  sockets: () => number
}

export type Admitted = { ok: true; visitorId: VisitorId } | { ok: false; problem: Problem }

export class Admittance {
  readonly crowd = new Crowd()
  readonly #parts: AdmittanceParts
  readonly #origins: ReadonlySet<string>
  readonly #most: number
  readonly #accepts: TokenBucket
  /** Connections that are no sockets yet, or never will be. */
  #unborn = 0
  /** Set while the node starts and when it goes away. */
  closed = true

  constructor(parts: AdmittanceParts) {
    const { config, descriptors, clock } = parts
    this.#parts = parts
    this.#origins = allowedOrigins(config)
    const spare = descriptors === undefined ? config.MAX_SOCKETS : descriptors - SPARE_DESCRIPTORS
    this.#most = Math.max(1, Math.min(config.MAX_SOCKETS, spare))
    this.#accepts = new TokenBucket(config.ACCEPTS_PER_SECOND, clock)
  }

  /** A connection has come (1), or has gone without having become a socket (-1). Answers whether it may stay. */
  connected(change: number): boolean {
    this.#unborn += change
    const { descriptors, sockets } = this.#parts
    return descriptors === undefined || sockets() + this.#unborn <= descriptors - SPARE_DESCRIPTORS / 2
  }

  /** One of them is a socket now. */
  upgraded(): void {
    this.#unborn--
  }

  /** Why nobody may come now: no room, or too many in this second. Counts the handshake. */
  busy(): Problem | undefined {
    if (this.closed || this.#parts.sockets() >= this.#most)
      return new Problem('unavailable', 'This node takes no more sockets now.')
    if (this.#accepts.take()) return undefined
    // Told apart, lest they all come again in the same second.
    const retryAfter = 1 + Math.floor(this.#parts.chance.fraction() * ACCEPT_AGAIN_SECONDS)
    return new Problem('unavailable', 'This node takes no more handshakes this second.', { retryAfter })
  }

  /** Browsers always say where a page came from; whatever sends none is no browser, and has no cookies to steal. */
  mayCome(origin: string): boolean {
    return origin === '' || this.#origins.has(origin)
  }

  network(address: string, forwardedFor: string | undefined): string {
    return this.crowd.named(networkOf(address, forwardedFor, this.#parts.config.TRUSTED_PROXIES))
  }

  /** Why nobody more may come from there. */
  crowded(network: string): Problem | undefined {
    if (this.crowd.socketsFrom(network) < this.#parts.config.SOCKETS_PER_NETWORK) return undefined
    return tooMany('Your network has as many sockets open here as one may.')
  }

  admit(token: string | undefined): Admitted {
    const detail = 'Send the token of POST /sessions.'
    if (token === undefined || token === '')
      return { ok: false, problem: new Problem('session_required', detail) }
    const session = this.#parts.sessions.check(token)
    if (!session.ok) {
      const code = session.reason === 'expired' ? 'session_expired' : 'session_invalid'
      return { ok: false, problem: new Problem(code, detail) }
    }
    const { visitorId } = session.value
    if (this.crowd.socketsOf(visitorId) < this.#parts.config.SOCKETS_PER_SESSION)
      return { ok: true, visitorId }
    return { ok: false, problem: tooMany('This session has as many sockets open here as one may.') }
  }
}

function tooMany(detail: string): Problem {
  return new Problem('too_many_requests', detail, { retryAfter: CROWDED_SECONDS })
}

/** A cookie's value. */
export function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const equals = part.indexOf('=')
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}
