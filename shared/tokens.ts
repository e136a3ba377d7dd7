/**
 * Signed tokens, all JWTs. Sessions and receipts are ours alone and keyed by a secret (HS256: 4 us, synchronous,
 * so a WebSocket handshake can check one); passes are signed with Ed25519, so that any backend can check them with
 * the public keys at /.well-known/jwks.json.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { createSigner, createVerifier, TokenError } from 'fast-jwt'
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

export class SessionTokens {
  readonly #sign: (payload: object) => string
  readonly #verify: (token: string) => { sub: VisitorId }

  constructor(key: Buffer, seconds: number) {
    const kind = { aud: 'session' } as const
    this.#sign = createSigner({ key, algorithm: 'HS256', expiresIn: seconds * 1_000, ...kind })
    this.#verify = createVerifier({
      key,
      algorithms: ['HS256'],
      allowedAud: kind.aud,
      requiredClaims: ['sub', 'exp'],
    })
  }

  issue(visitorId: VisitorId): string {
    return this.#sign({ sub: visitorId })
  }

  check(token: string): Checked<Session> {
    return checked(() => ({ visitorId: this.#verify(token).sub }))
  }
}

export class PassTokens {
  readonly #key: KeyObject
  readonly #keyId: string
  readonly #verify: (token: string) => { sub: VisitorId; event: EventId; exp: number }
  readonly #sign: (payload: object) => string

  /** The key is PKCS #8 DER in base64. */
  constructor(privateKey: string) {
    this.#key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' })
    const jwk = createPublicKey(this.#key).export({ format: 'jwk' })
    // RFC 7638: members in lexical order, no white space.
    const thumbprint = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x })
    this.#keyId = createHash('sha256').update(thumbprint).digest('base64url')
    const pem = String(this.#key.export({ format: 'pem', type: 'pkcs8' }))
    this.#sign = createSigner({ key: pem, algorithm: 'EdDSA', kid: this.#keyId, aud: 'pass' })
    const publicKey = String(createPublicKey(this.#key).export({ format: 'pem', type: 'spki' }))
    this.#verify = createVerifier({
      key: publicKey,
      algorithms: ['EdDSA'],
      allowedAud: 'pass',
      requiredClaims: ['sub', 'event', 'exp'],
      cache: CACHED,
    })
  }

  /** Ends at `until`, ms since 1970, rounded down to a second. */
  issue(pass: Pass): string {
    return this.#sign({ sub: pass.visitorId, event: pass.eventId, exp: Math.floor(pass.until / 1_000) })
  }

  check(token: string): Checked<Pass> {
    return checked(() => {
      const { sub, event, exp } = this.#verify(token)
      return { visitorId: sub, eventId: event, until: exp * 1_000 }
    })
  }

  /** The JSON Web Key Set others check passes with. */
  jwks(): { keys: object[] } {
    const jwk = createPublicKey(this.#key).export({ format: 'jwk' })
    return { keys: [{ ...jwk, kid: this.#keyId, use: 'sig', alg: 'EdDSA' }] }
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
