/**
 * Who may operate: whoever has the environment's ADMIN_TOKEN, as `admin`, and whoever was given a signed token with a name and
 * an end. Those are keyed by ONSALE_SECRET and ADMIN_TOKEN together: another ADMIN_TOKEN ends them all, and no fan's session.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import type { Config } from './config.ts'
import { checked } from './tokens.ts'

export interface Operator {
  /** The `actor` of the audit log. */
  name: string
  /** When the token ends, ms since 1970; undefined: it has no end. */
  until: number | undefined
  /** A text that people chose, so guesses at it are worth counting. */
  guessable: boolean
}

export type AdminRefusal = 'admin_required' | 'admin_invalid' | 'admin_expired'

export type AdminCheck = { ok: true; operator: Operator } | { ok: false; code: AdminRefusal }

const ENVIRONMENTS_OWN = 'admin'
/** Short enough for a line of the audit log; `admin` is the environment's. */
const NAME = /^[a-z0-9][a-z0-9._@-]{0,39}$/i

export type AdminKeys = Pick<Config, 'ADMIN_TOKEN' | 'adminKey'>

export class AdminTokens {
  readonly #expected: Buffer
  readonly #sign: (payload: object) => string
  readonly #verify: (token: string) => { sub: string; exp: number }

  constructor({ ADMIN_TOKEN, adminKey }: AdminKeys) {
    this.#expected = digest(ADMIN_TOKEN)
    const key = createHmac('sha256', adminKey).update(ADMIN_TOKEN).digest()
    const kind = { aud: 'admin' } as const
    this.#sign = createSigner({ key, algorithm: 'HS256', ...kind })
    this.#verify = createVerifier({
      key,
      algorithms: ['HS256'],
      allowedAud: kind.aud,
      requiredClaims: ['sub', 'exp'],
    })
  }

  /** Ends at `until`, ms since 1970, rounded down to a second. Undefined where the name is none. */
  issue(name: string, until: number): string | undefined {
    if (!NAME.test(name) || name.toLowerCase() === ENVIRONMENTS_OWN) return undefined
    return this.#sign({ sub: name, exp: Math.floor(until / 1_000) })
  }

  check(token: string | undefined): AdminCheck {
    if (token === undefined || token === '') return { ok: false, code: 'admin_required' }
    // Equal lengths for the comparison, whatever came.
    if (timingSafeEqual(digest(token), this.#expected))
      return { ok: true, operator: { name: ENVIRONMENTS_OWN, until: undefined, guessable: true } }
    const signed = checked(() => this.#verify(token))
    if (!signed.ok)
      return { ok: false, code: signed.reason === 'expired' ? 'admin_expired' : 'admin_invalid' }
    const { sub, exp } = signed.value
    return { ok: true, operator: { name: sub, until: exp * 1_000, guessable: false } }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
