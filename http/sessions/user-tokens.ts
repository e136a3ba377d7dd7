/**
 * Tokens of users, from whichever OpenID provider the ticketing company has: checked with the provider's own keys, which
 * are fetched when first needed and kept for minutes. What is kept of a user is one visitor id.
 */
import { createHmac } from 'node:crypto'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { Clock } from '../../shared/clock.ts'
import type { Config } from '../../shared/config.ts'
import { invalid, Problem } from '../../shared/errors.ts'
import { type VisitorId, visitorId } from '../../shared/ids.ts'
import { SECOND } from '../../shared/limits.ts'

interface UserTokensParts {
  config: Pick<Config, 'OIDC_ISSUER' | 'OIDC_AUDIENCE' | 'OIDC_JWKS_URL' | 'userKey'>
  clock: Clock
}

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519']
/** The provider's clock may be so far from ours, seconds. */
const TOLERANCE_SECONDS = 5
const FETCH_MS = 3 * SECOND
const KEPT_MS = 600 * SECOND
/** Tokens with an unknown key bring no more than one fetch in so long. */
const COOLDOWN_MS = 30 * SECOND
const AWAY_RETRY_SECONDS = 5

/**
 * Who a user's token says they are, as the function it answers.
 * @throws Problem user_token_invalid, user_token_expired, login_unavailable; invalid_request where no provider is set up
 */
export function userTokens({ config, clock }: UserTokensParts): (token: string) => Promise<VisitorId> {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_JWKS_URL: url } = config
  if (issuer === undefined || audience === undefined || url === undefined)
    return async () => {
      throw invalid('userToken', 'no provider of users is set up here (OIDC_ISSUER)')
    }
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_MS,
    cacheMaxAge: KEPT_MS,
    cooldownDuration: COOLDOWN_MS,
  })
  return async token => {
    const verified = jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(clock.now()),
    })
    const { payload } = await verified.catch((error: unknown) => {
      throw problemOf(error)
    })
    if (typeof payload.sub !== 'string' || payload.sub === '') throw wrong()
    return userVisitor(config.userKey, issuer, payload.sub)
  }
}

/** A UUID of version 8 (RFC 9562), from which the subject cannot be told; those who are nobody's user have version 4. */
function userVisitor(key: Buffer, issuer: string, subject: string): VisitorId {
  const bytes = createHmac('sha256', key)
    .update(JSON.stringify([issuer, subject]))
    .digest()
    .subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return visitorId(bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
}

/** A user's place moves to no other user: it would be a market of places. */
export function isUser(visitor: VisitorId): boolean {
  return visitor[14] === '8'
}

function problemOf(error: unknown): Problem {
  if (error instanceof errors.JWTExpired)
    return new Problem('user_token_expired', "The user's token has expired: get another from its provider.")
  const isAway =
    !(error instanceof errors.JOSEError) ||
    ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'].includes(error.code)
  if (!isAway) return wrong(error)
  return new Problem(
    'login_unavailable',
    "The keys of the users' provider cannot be had: try again shortly.",
    { retryAfter: AWAY_RETRY_SECONDS },
    { cause: error },
  )
}

function wrong(cause?: unknown): Problem {
  return new Problem(
    'user_token_invalid',
    "The user's token is not one of the provider's for this service.",
    {},
    { cause },
  )
}
