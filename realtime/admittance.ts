/** Who may open a socket: the checks of a handshake, all synchronous, the same for both doors. */
import type { Config } from '../shared/config.ts'
import type { ProblemCode } from '../shared/errors.ts'
import type { VisitorId } from '../shared/ids.ts'
import { networkOf } from '../shared/network.ts'
import { allowedOrigins } from '../shared/origins.ts'
import type { SessionTokens } from '../shared/tokens.ts'
import { SPARE_DESCRIPTORS } from './bounds.ts'

export interface AdmittanceParts {
  config: Pick<Config, 'HTTP_PUBLIC_URL' | 'ALLOWED_ORIGINS' | 'MAX_SOCKETS' | 'TRUSTED_PROXIES'>
  sessions: SessionTokens
  /** Most open files of this process; undefined where the system does not say. */
  descriptors: number | undefined
  /** Open sockets of all doors. */
  sockets: () => number
}

export type Admitted = { ok: true; visitorId: VisitorId } | { ok: false; code: ProblemCode }

export class Admittance {
  readonly #sessions: SessionTokens
  readonly #origins: ReadonlySet<string>
  readonly #most: number
  readonly #sockets: () => number
  readonly #proxies: number
  /** Set while the node starts and when it goes away. */
  closed = true

  constructor({ config, sessions, descriptors, sockets }: AdmittanceParts) {
    this.#sessions = sessions
    this.#origins = allowedOrigins(config)
    const spare = descriptors === undefined ? config.MAX_SOCKETS : descriptors - SPARE_DESCRIPTORS
    this.#most = Math.max(1, Math.min(config.MAX_SOCKETS, spare))
    this.#sockets = sockets
    this.#proxies = config.TRUSTED_PROXIES
  }

  /** Is there room? */
  isFull(): boolean {
    return this.closed || this.#sockets() >= this.#most
  }

  /** Browsers always say where a page came from; whatever sends none is no browser, and has no cookies to steal. */
  mayCome(origin: string): boolean {
    return origin === '' || this.#origins.has(origin)
  }

  network(address: string, forwardedFor: string | undefined): string {
    return networkOf(address, forwardedFor, this.#proxies)
  }

  admit(token: string | undefined): Admitted {
    if (token === undefined || token === '') return { ok: false, code: 'session_required' }
    const session = this.#sessions.check(token)
    if (session.ok) return { ok: true, visitorId: session.value.visitorId }
    return { ok: false, code: session.reason === 'expired' ? 'session_expired' : 'session_invalid' }
  }
}

/** A cookie's value. */
export function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const equals = part.indexOf('=')
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}
