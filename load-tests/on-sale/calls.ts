/** Calls to the HTTP tier as a fan's browser makes them: counted by what came back, repeated where the server says when. */
import http, { type RefinedResponse } from 'k6/http'
import { setTimeout } from 'k6/timers'
import * as measures from './measures.ts'

const DEADLINE = '20s'
/** A fan who is told to wait comes back so many times. */
const TRIES = 6
const LONGEST_WAIT_S = 10

export interface Answer {
  /** 0 where nobody answered. */
  status: number
  /** From the problem, where it was refused. */
  code: string
  /** The answer's time without the waits before it, ms. */
  tookMs: number
  body: Record<string, unknown>
}

interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  /** What the path is called in k6's own metrics. */
  name: string
  token?: string
  pass?: string | undefined
  body?: unknown
  key?: string
}

export class Calls {
  readonly #target: string
  readonly #random: () => number

  constructor(target: string, random: () => number) {
    this.#target = target
    this.#random = random
  }

  async session(): Promise<string | undefined> {
    const { status, body } = await this.#call({ method: 'POST', path: '/sessions', name: 'POST /sessions' })
    return status === 201 && typeof body['token'] === 'string' ? body['token'] : undefined
  }

  /** The frame; undefined where it was refused. */
  async seats(eventId: string, token: string, pass: string | undefined): Promise<ArrayBuffer | undefined> {
    const name = 'GET /events/:id/seats'
    const headers = headersOf({ method: 'GET', path: '', name, token, pass })
    const response = await http.asyncRequest('GET', `${this.#target}/events/${eventId}/seats`, null, {
      headers: { ...headers, accept: 'application/octet-stream' },
      responseType: 'binary',
      timeout: DEADLINE,
      tags: { name },
    })
    count(response.status)
    if (response.status !== 200 || response.body === null) return undefined
    measures.snapshot.add(response.timings.duration)
    return response.body
  }

  hold(eventId: string, token: string, pass: string | undefined, wanted: object): Promise<Answer> {
    return this.#call({
      method: 'POST',
      path: `/bookings/${eventId}`,
      name: 'POST /bookings/:event',
      token,
      pass,
      body: wanted,
      key: this.#key(),
    })
  }

  confirm(bookingId: string, token: string, paymentMethodId: string, fan: number): Promise<Answer> {
    return this.#call({
      method: 'PUT',
      path: `/bookings/${bookingId}/confirm`,
      name: 'PUT /bookings/:id/confirm',
      token,
      body: { paymentMethodId, buyer: { name: `Fan ${fan}`, email: `fan${fan}@example.com` } },
      key: this.#key(),
    })
  }

  booking(bookingId: string, token: string): Promise<Answer> {
    return this.#call({ method: 'GET', path: `/bookings/${bookingId}`, name: 'GET /bookings/:id', token })
  }

  cancel(bookingId: string, token: string): Promise<Answer> {
    return this.#call({
      method: 'DELETE',
      path: `/bookings/${bookingId}`,
      name: 'DELETE /bookings/:id',
      token,
    })
  }

  /** Repeats what was refused with a time to come back at, such as a limit of calls from one network. */
  async #call(call: Call): Promise<Answer> {
    for (let left = TRIES - 1; ; left--) {
      const { answer, retryAfter } = await this.#once(call)
      if (retryAfter === undefined || left === 0) return answer
      await pause(1_000 * Math.min(LONGEST_WAIT_S, retryAfter) * (1 + this.#random() / 2))
    }
  }

  async #once(call: Call): Promise<{ answer: Answer; retryAfter: number | undefined }> {
    const body = call.body === undefined ? null : JSON.stringify(call.body)
    const response = await http.asyncRequest(call.method, `${this.#target}${call.path}`, body, {
      headers: headersOf(call),
      timeout: DEADLINE,
      tags: { name: call.name },
      responseType: 'text',
    })
    count(response.status)
    const said = bodyOf(response)
    const code = typeof said['code'] === 'string' ? said['code'] : ''
    if (code !== '') measures.refused(code)
    const answer = { status: response.status, code, tookMs: response.timings.duration, body: said }
    return { answer, retryAfter: whenAgain(response, code) }
  }

  /** Unique enough: a key belongs to one visitor. */
  #key(): string {
    return `load-${Math.floor(this.#random() * 2 ** 48).toString(36)}`
  }
}

function headersOf({ token, pass, body, key }: Call): Record<string, string> {
  return {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(pass === undefined ? {} : { 'x-onsale-pass': pass }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
}

function count(status: number): void {
  if (status >= 500) measures.serverErrors.add(1)
  if (status === 0) measures.unreachable.add(1)
}

/** Seconds; a waiting room is not waited for by asking again. */
function whenAgain(response: RefinedResponse<'text'>, code: string): number | undefined {
  if (![429, 503].includes(response.status) || code === 'waiting_room_required') return undefined
  return Number(response.headers['Retry-After'] ?? 1)
}

function bodyOf(response: RefinedResponse<'text'>): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(response.body ?? '')
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms)
  })
}
