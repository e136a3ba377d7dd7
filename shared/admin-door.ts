/**
 * The operators' door, the same for HTTP and sockets: who a token names, and how often one network may be wrong. A network
 * over that limit is refused with the environment's token too, else its guesses would go on; a signed token nobody can
 * guess opens all the same. While Redis is away nobody is counted.
 */
import { type AdminKeys, type AdminRefusal, AdminTokens, type Operator } from './admin-tokens.ts'
import { Problem } from './errors.ts'
import type { Keys } from './keys.ts'
import { ADMIN_GUESSES_A_MINUTE } from './limits.ts'
import { waitOf } from './rate-limit.ts'
import { isRedisAway, type Redis } from './redis.ts'

export interface AdminDoorParts {
  config: AdminKeys
  redis: Redis
  keys: Pick<Keys, 'rate'>
}

const WORDS: Record<AdminRefusal, string> = {
  admin_required:
    'Send ADMIN_TOKEN, or a token of `npm run admin:token`, as Authorization: Bearer or as auth.token.',
  admin_invalid: 'This is neither the ADMIN_TOKEN nor a token made with it.',
  admin_expired: 'The time of this token is over: ask for another, made by `npm run admin:token`.',
}

export class AdminDoor {
  readonly #parts: AdminDoorParts
  readonly #tokens: AdminTokens

  constructor(parts: AdminDoorParts) {
    this.#parts = parts
    this.#tokens = new AdminTokens(parts.config)
  }

  /** `network` as networkOf says it. @throws {Problem} admin_required, admin_invalid, admin_expired, too_many_requests */
  async admit(token: string | undefined, network: string): Promise<Operator> {
    const checked = this.#tokens.check(token)
    if (checked.ok ? checked.operator.guessable : checked.code === 'admin_invalid') {
      const { redis, keys } = this.#parts
      const key = keys.rate('admin', network)
      const waitMs = await waitOf(redis, key, ADMIN_GUESSES_A_MINUTE, checked.ok ? 0 : 1).catch(awayIsNone)
      if (waitMs > 0)
        throw new Problem('too_many_requests', 'Too many wrong admin tokens came from this network.', {
          retryAfter: Math.ceil(waitMs / 1_000),
        })
    }
    if (!checked.ok) throw adminProblem(checked.code)
    return checked.operator
  }
}

function awayIsNone(error: unknown): 0 {
  if (isRedisAway(error)) return 0
  throw error
}

export function adminProblem(code: AdminRefusal): Problem {
  return new Problem(code, WORDS[code])
}
