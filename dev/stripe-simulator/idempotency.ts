/**
 * Idempotency keys (https://docs.stripe.com/api/idempotent_requests): the first answer of a key is replayed for 24 hours, an
 * error 500 too; other parameters are refused; a key whose first call still runs is refused as well.
 */
import type { Account } from './account.ts'
import { badParameter, Refusal } from './refusal.ts'
import type { KeptAnswer } from './store.ts'

const KEPT_MS = 24 * 3_600_000
const LONGEST_KEY = 255

export interface IdempotentCall {
  key: string
  path: string
  /** Equal for equal parameters. */
  fingerprint: string
}

export class IdempotencyKeys {
  readonly #account: Account
  readonly #running = new Map<string, IdempotentCall>()

  constructor(account: Account) {
    this.#account = account
  }

  /** The answer to replay, or undefined: the call may run, until `end`. Throws a Refusal. */
  begin(call: IdempotentCall): KeptAnswer | undefined {
    if (call.key.length > LONGEST_KEY) {
      throw badParameter(`Idempotency keys can have up to ${LONGEST_KEY} characters.`, undefined)
    }
    const kept = this.#fresh(call.key)
    const first = kept ?? this.#running.get(call.key)
    if (first !== undefined) checkSame(first, call)
    if (kept !== undefined) return kept
    if (first !== undefined) throw inUse(call.key)
    this.#running.set(call.key, call)
    return undefined
  }

  /** The call is over; its answer is kept where there is one to keep. */
  end(call: IdempotentCall, answer?: { status: number; body: string; requestId: string }): void {
    this.#running.delete(call.key)
    if (answer === undefined) return
    const { store, clock } = this.#account
    store.answers.delete(call.key)
    store.answers.put(call.key, { ...call, ...answer, at: clock.now() })
  }

  /** Forgets what is older than Stripe keeps; called now and then. */
  sweep(): void {
    const { store } = this.#account
    for (const answer of store.answers.values()) {
      if (this.#isFresh(answer)) return
      store.answers.delete(answer.key)
    }
  }

  #fresh(key: string): KeptAnswer | undefined {
    const kept = this.#account.store.answers.get(key)
    return kept !== undefined && this.#isFresh(kept) ? kept : undefined
  }

  #isFresh(answer: KeptAnswer): boolean {
    return answer.at + KEPT_MS > this.#account.clock.now()
  }
}

function checkSame(first: IdempotentCall, call: IdempotentCall): void {
  const advice = `Try using a key other than '${call.key}' if you meant to execute a different request.`
  if (first.path !== call.path) {
    throw mismatch(
      'Keys for idempotent requests can only be used for the same endpoint they were first used for ' +
        `('${call.path}' vs '${first.path}'). ${advice}`,
    )
  }
  if (first.fingerprint !== call.fingerprint) {
    throw mismatch(
      `Keys for idempotent requests can only be used with the same parameters they were first used with. ${advice}`,
    )
  }
}

function mismatch(message: string): Refusal {
  return new Refusal(400, { type: 'idempotency_error', message }, { executed: false })
}

function inUse(key: string): Refusal {
  const message =
    'There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, ' +
    `and the other request is still going through): ${key}. Please try again later.`
  return new Refusal(
    409,
    { type: 'invalid_request_error', code: 'idempotency_key_in_use', message },
    { executed: false },
  )
}
