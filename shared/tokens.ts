/**
 * Signed tokens, all JWTs. Sessions and receipts are ours alone and keyed by a secret (HS256: 4 us, synchronous,
 * so a WebSocket handshake can check one); passes and tickets are signed with Ed25519, so that any backend and any
 * scanner can check them with the public keys at /.well-known/jwks.json.
 */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { createSigner, createVerifier, TokenError } from 'fast-jwt'
import { systemClock } from './clock.ts'
import type { EventId, VisitorId } from './ids.ts'

export interface Session {
  visitorId: VisitorId
}

export interface Pass {
  visitorId: VisitorId
  eventId: EventId
  /** When it ends, ms since 1970. */
  until: number
}

export type Checked<T> = { ok: true; value: T } | { ok: false; reason: 'invalid' | 'expired' }

/** Verified passes remembered, as Ed25519 takes some 0.1 ms; a session's HMAC costs less than looking it up here. */
const CACHED = 10_000

const SESSION = 'session'

export class SessionTokens {
  readonly #sign: (payload: object) => string
  readonly #verify: (token: string) => { sub: VisitorId }
  /** A KeyObject: of a Buffer Node asks by two exceptions what it is, which cost half of a handshake. */
  readonly #key: KeyObject
  /** How every token of ours begins, with its dot. */
  readonly #head: string

  constructor(key: Buffer, seconds: number) {
    const kind = { aud: SESSION } as const
    this.#key = createSecretKey(key)
    this.#sign = createSigner({ key, algorithm: 'HS256', expiresIn: seconds * 1_000, ...kind })
    this.#verify = createVerifier({
      key,
      algorithms: ['HS256'],
      allowedAud: kind.aud,
      requiredClaims: ['sub', 'exp'],
    })
    const any = this.#sign({})
    this.#head = any.slice(0, any.indexOf('.') + 1)
  }

  issue(visitorId: VisitorId): string {
    return this.#sign({ sub: visitorId })
  }

  /** A handshake's largest part. The library takes twice as long, and says of what is not plainly good what is wrong with it. */
  check(token: string): Checked<Session> {
    const visitorId = this.#plainlyGood(token)
    if (visitorId !== undefined) return { ok: true, value: { visitorId } }
    return checked(() => ({ visitorId: this.#verify(token).sub }))
  }

  #plainlyGood(token: string): VisitorId | undefined {
    const end = token.lastIndexOf('.')
    if (end < this.#head.length || !token.startsWith(this.#head)) return undefined
    // As texts, since a decoder would pass over what does not belong there.
    const right = Buffer.from(createHmac('sha256', this.#key).update(token.slice(0, end)).digest('base64url'))
    const given = Buffer.from(token.slice(end + 1))
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
    const payload = Buffer.from(token.slice(this.#head.length, end), 'base64url').toString()
    const { sub, aud, exp, nbf } = JSON.parse(payload) as Record<string, unknown>
    const isNow = typeof exp === 'number' && nbf === undefined && systemClock.now() < exp * 1_000
    return isNow && aud === SESSION && typeof sub === 'string' ? (sub as VisitorId) : undefined
  }
}

/** A key of PASS_PRIVATE_KEY. */
export interface SigningKey {
  id: string
  jwk: object
  /** Private and public. */
  pem: string
  publicPem: string
}

interface PassClaims {
  sub: VisitorId
  event: EventId
  exp: number
}

export class PassTokens {
  readonly #verify: (token: string) => Checked<PassClaims>
  readonly #sign: (payload: object) => string
  readonly #jwks: object[]

  /**
   * Keys as base64 of PKCS #8 DER, comma-separated: the first signs, all are published and count. So keys are changed without
   * a pass being lost: the new one comes last until others know it, then first, and the old one goes a pass's life later.
   */
  constructor(privateKeys: string) {
    const keys = signingKeys(privateKeys)
    const { id, pem } = keys[0]!
    this.#jwks = keys.map(({ jwk }) => jwk)
    this.#sign = createSigner({ key: pem, algorithm: 'EdDSA', kid: id, aud: 'pass' })
    this.#verify = verifierOf(keys, 'pass', ['sub', 'event', 'exp'])
  }

  /** Ends at `until`, ms since 1970, rounded down to a second. */
  issue(pass: Pass): string {
    return this.#sign({ sub: pass.visitorId, event: pass.eventId, exp: Math.floor(pass.until / 1_000) })
  }

  check(token: string): Checked<Pass> {
    const claims = this.#verify(token)
    if (!claims.ok) return claims
    const { sub, event, exp } = claims.value
    return { ok: true, value: { visitorId: sub, eventId: event, until: exp * 1_000 } }
  }

  /** The JSON Web Key Set others check passes with. */
  jwks(): { keys: object[] } {
    return { keys: this.#jwks }
  }
}

/** As PassTokens' constructor takes them. */
export function signingKeys(list: string): SigningKey[] {
  return list.split(',').map(text => {
    const key = createPrivateKey({ key: Buffer.from(text.trim(), 'base64'), format: 'der', type: 'pkcs8' })
    const publicKey = createPublicKey(key)
    const jwk = publicKey.export({ format: 'jwk' })
    // RFC 7638: members in lexical order, no white space.
    const thumbprint = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x })
    const id = createHash('sha256').update(thumbprint).digest('base64url')
    return {
      id,
      jwk: { ...jwk, kid: id, use: 'sig', alg: 'EdDSA' },
      pem: String(key.export({ format: 'pem', type: 'pkcs8' })),
      publicPem: String(publicKey.export({ format: 'pem', type: 'spki' })),
    }
  })
}

/** Checks what any of these keys has signed for one use. */
export function verifierOf<Claims>(
  keys: SigningKey[],
  use: 'pass' | 'ticket',
  requiredClaims: string[],
): (token: string) => Checked<Claims> {
  const byId = new Map<string, (token: string) => Claims>(
    keys.map(({ id, publicPem }) => {
      const rules = { key: publicPem, allowedAud: use, requiredClaims, cache: CACHED }
      return [id, createVerifier({ ...rules, algorithms: ['EdDSA'] })]
    }),
  )
  return token => {
    const verify = byId.get(keyIdOf(token))
    return verify === undefined ? { ok: false, reason: 'invalid' } : checked(() => verify(token))
  }
}

/** As its head says; that proves nothing yet. */
function keyIdOf(token: string): string {
  try {
    const head: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString())
    const id = typeof head === 'object' && head !== null && 'kid' in head ? head.kid : ''
    return typeof id === 'string' ? id : ''
  } catch {
    return ''
  }
}

export function checked<T>(verify: () => T): Checked<T> {
  try {
    return { ok: true, value: verify() }
  } catch (error) {
    const expired = error instanceof TokenError && error.code === TokenError.codes.expired
    return { ok: false, reason: expired ? 'expired' : 'invalid' }
  }
}
