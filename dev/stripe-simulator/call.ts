/**
 * One call of the API from its headers to its reply: key, version, rate limit, parameters, idempotency key, lock, effect, and
 * the faults that the knobs ask for. What the call means is its endpoint's business.
 */
import { createHash } from 'node:crypto'
import { type Account, newId } from './account.ts'
import type { Endpoint, PreparedCall } from './endpoint.ts'
import { API_VERSION, type Origin } from './events.ts'
import { expandObject } from './expand.ts'
import { canonicalForm, decodeForm } from './form-encoding.ts'
import { IdempotencyKeys, type IdempotentCall } from './idempotency.ts'
import type { FailingReply, Fault } from './knobs.ts'
import { RateLimits } from './rate-limits.ts'
import { Refusal, serverError } from './refusal.ts'

export interface Request {
  path: string
  id: string
  /** The query of a GET, the body of a POST. */
  form: string
  authorization: string | undefined
  version: string | undefined
  idempotencyKey: string | undefined
}

export interface Answer {
  status: number
  body: string
  headers: Record<string, string>
}

/** `timeout`: no reply will come. `reset`: the connection breaks. */
export type Reply = Answer | { lost: 'timeout' | 'reset' }

/** An answer, and whether it stays under the idempotency key. */
interface Outcome extends Answer {
  kept: boolean
}

export class Calls {
  /** Answers by status, `lost` for those never sent. */
  readonly counts: Record<string, number> = {}
  /** Calls by endpoint, such as `POST /v1/refunds`, whatever became of them. */
  readonly asked: Record<string, number> = {}
  readonly #account: Account
  readonly #secretKey: string | undefined
  readonly #keys: IdempotencyKeys
  readonly #limits: RateLimits
  /** The PaymentIntents that a call has in hand. */
  readonly #locked = new Set<string>()
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<Reply>>()

  constructor(account: Account, secretKey: string | undefined) {
    this.#account = account
    this.#secretKey = secretKey
    this.#keys = new IdempotencyKeys(account)
    this.#limits = new RateLimits(account.clock, account.knobs.now)
  }

  async answer(endpoint: Endpoint, request: Request): Promise<Reply> {
    const requestId = newId(this.#account, 'req_', 14)
    const asked = `${endpoint.method} ${endpoint.path}`
    this.asked[asked] = (this.asked[asked] ?? 0) + 1
    const running = this.#answer(endpoint, request, requestId)
    this.#running.add(running)
    const reply = await running
    this.#running.delete(running)
    const count = 'lost' in reply ? 'lost' : String(reply.status)
    this.counts[count] = (this.counts[count] ?? 0) + 1
    if ('lost' in reply) return reply
    const version = request.version ?? API_VERSION
    return { ...reply, headers: { ...reply.headers, 'request-id': requestId, 'stripe-version': version } }
  }

  /** Ends all waiting; resolves when no call runs any more. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#running)
  }

  /** Forgets idempotency keys that are too old. */
  sweep(): void {
    this.#keys.sweep()
  }

  async #answer(endpoint: Endpoint, request: Request, requestId: string): Promise<Reply> {
    try {
      checkKey(endpoint, request.authorization, this.#secretKey)
      checkVersion(request.version)
      this.#limits.check(`${endpoint.method} ${endpoint.path}`)
      const prepared = endpoint.prepare(decodeForm(request.form), request.id)
      const call = endpoint.method === 'POST' ? idempotentCall(request) : undefined
      const kept = call === undefined ? undefined : this.#keys.begin(call)
      if (kept !== undefined) {
        const headers = { 'idempotent-replayed': 'true', 'original-request': kept.requestId }
        return { status: kept.status, body: kept.body, headers }
      }
      return await this.#execute(endpoint.method, request.path, prepared, call, requestId)
    } catch (error) {
      if (error instanceof Refusal) return refused(error)
      console.error('the payment simulator failed', error)
      return refused(serverError(500, true))
    }
  }

  async #execute(
    method: string,
    path: string,
    prepared: PreparedCall,
    call: IdempotentCall | undefined,
    requestId: string,
  ): Promise<Reply> {
    let kept: Outcome | undefined
    try {
      const fault = this.#account.knobs.takeFault(method, path)
      const failing = fault?.kind === 'reply' ? failingOutcome(fault) : undefined
      if (fault !== undefined && !fault.afterEffect) {
        kept = failing
        return failing ?? { lost: lostBy(fault) }
      }
      const origin = { id: requestId, idempotency_key: call?.key ?? null }
      const outcome = await this.#effect(prepared, origin)
      kept = failing?.kept === true ? failing : outcome
      if (fault === undefined) return outcome
      return failing ?? { lost: lostBy(fault) }
    } finally {
      if (call !== undefined) this.#keys.end(call, kept?.kept === true ? { ...kept, requestId } : undefined)
    }
  }

  async #effect(prepared: PreparedCall, origin: Origin): Promise<Outcome> {
    const { locks } = prepared
    if (locks !== undefined && this.#locked.has(locks)) return refused(lockTimeout())
    if (locks !== undefined) this.#locked.add(locks)
    try {
      const { latencyMs } = this.#account.knobs.now
      if (latencyMs > 0) await this.#account.clock.sleep(latencyMs, this.#closing.signal)
      const object = expandObject(this.#account, prepared.run(this.#account, origin), prepared.expand)
      return { status: 200, body: JSON.stringify(object), headers: {}, kept: true }
    } catch (error) {
      if (error instanceof Refusal) return refused(error)
      throw error
    } finally {
      if (locks !== undefined) this.#locked.delete(locks)
    }
  }
}

function refused(refusal: Refusal): Outcome {
  return {
    status: refusal.status,
    body: JSON.stringify({ error: refusal.body }),
    headers: { ...refusal.headers },
    kept: refusal.executed,
  }
}

function failingOutcome(fault: FailingReply): Outcome {
  const headers: Record<string, string> =
    fault.shouldRetry === undefined ? {} : { 'stripe-should-retry': String(fault.shouldRetry) }
  return refused(serverError(fault.status, fault.kept ?? fault.status === 500, headers))
}

function lostBy(fault: Fault): 'timeout' | 'reset' {
  return fault.kind === 'reset' ? 'reset' : 'timeout'
}

function idempotentCall({ idempotencyKey: key, path, form }: Request): IdempotentCall | undefined {
  if (key === undefined || key === '') return undefined
  return { key, path, fingerprint: createHash('sha256').update(canonicalForm(form)).digest('base64') }
}

function lockTimeout(): Refusal {
  const message =
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you ' +
    'see this error intermittently, retry the request. If you see this error frequently and are making multiple concurrent ' +
    'requests to a single object, make your requests serially or at a lower rate.'
  const body = { type: 'invalid_request_error', code: 'lock_timeout', message } as const
  return new Refusal(429, body, {
    executed: false,
    headers: { 'stripe-rate-limited-reason': 'resource-specific' },
  })
}

/** Bearer or Basic. Without a configured key every test key will do. */
function checkKey(
  endpoint: Endpoint,
  authorization: string | undefined,
  secretKey: string | undefined,
): void {
  const key = keyOf(authorization)
  if (key === '') {
    throw unauthorized(
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth ' +
        "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    )
  }
  if (key.startsWith('pk_test_')) {
    if (endpoint.publishable) return
    const message = 'This API call cannot be made with a publishable API key. Please use a secret API key.'
    throw new Refusal(
      403,
      { type: 'invalid_request_error', code: 'secret_key_required', message },
      { executed: false },
    )
  }
  if (secretKey === undefined ? !/^[sr]k_test_\w+$/.test(key) : key !== secretKey) {
    throw unauthorized(`Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`)
  }
}

export function keyOf(authorization: string | undefined): string {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ')
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() === 'basic') return Buffer.from(value, 'base64').toString().split(':')[0] ?? ''
  return ''
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, { type: 'invalid_request_error', message }, { executed: false })
}

function checkVersion(version: string | undefined): void {
  if (version === undefined || /^\d{4}-\d{2}-\d{2}(\.\w+)?$/.test(version)) return
  const message = `Invalid Stripe API version: ${version}.`
  throw new Refusal(400, { type: 'invalid_request_error', message }, { executed: false })
}
