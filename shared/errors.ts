/**
 * Every problem a caller can meet, named once: its stable code, HTTP status and title. Answers follow RFC 9457
 * (application/problem+json); the WebSocket doors use the same codes.
 */
const PROBLEMS = {
  invalid_request: [400, 'The request is malformed'],
  duplicate_tickets: [400, 'A ticket is named twice'],
  foreign_tickets: [400, 'A ticket belongs to another event'],
  webhook_signature: [400, 'The webhook is not signed by Stripe, or too old'],
  session_required: [401, 'A session is needed'],
  session_invalid: [401, 'The session is not valid'],
  session_expired: [401, 'The session has expired'],
  user_token_invalid: [401, "The user's token is not valid"],
  user_token_expired: [401, "The user's token has expired"],
  admin_required: [401, 'The admin token is needed'],
  admin_invalid: [401, 'The admin token is wrong'],
  admin_expired: [401, 'The admin token has expired'],
  card_declined: [402, 'The card was declined'],
  pass_invalid: [403, 'The pass is not valid'],
  pass_expired: [403, 'The pass has expired'],
  pass_foreign: [403, 'The pass belongs to another session or event'],
  origin_forbidden: [403, 'This origin may not connect'],
  not_found: [404, 'There is nothing here'],
  event_not_found: [404, 'No such event'],
  map_not_found: [404, 'No such seat map'],
  ticket_not_found: [404, 'No such ticket'],
  area_not_found: [404, 'No such standing area'],
  booking_not_found: [404, 'No such booking'],
  draw_not_found: [404, 'No such draw'],
  method_not_allowed: [405, 'This method is not allowed here'],
  not_on_sale: [409, 'The event is not on sale'],
  hold_conflict: [409, 'Some tickets are taken'],
  sold_out: [409, 'Not enough is left'],
  not_enough_together: [409, 'Not enough are left side by side'],
  leaves_orphan: [409, 'A seat would be left alone'],
  price_mismatch: [409, 'The price is another'],
  booking_expired: [409, 'The hold has ended'],
  booking_state: [409, 'The booking is past that'],
  tickets_not_ready: [409, 'There are no tickets to show'],
  ticket_admitted: [409, 'This ticket has let somebody in'],
  ticket_returned: [409, 'This ticket was returned'],
  ticket_disputed: [409, 'The payment of this ticket is disputed'],
  returns_closed: [409, 'Tickets of this event are not returned by fans, or no more'],
  event_exists: [409, 'The event is there already, and another'],
  map_in_use: [409, 'Seats of this event may be held or sold'],
  queue_off: [409, 'The queue is off'],
  queue_closed: [409, 'The line takes no newcomers'],
  idempotency_in_flight: [409, 'A call with this key is under way'],
  payload_too_large: [413, 'The body is too large'],
  ticket_invalid: [422, 'This is no ticket of ours'],
  ticket_foreign: [422, 'This ticket is for another event'],
  limit_exceeded: [422, 'More than may be held'],
  idempotency_conflict: [422, 'The key was used with another body'],
  waiting_room_required: [429, 'This event has a waiting room'],
  too_many_places: [429, 'Too many places for one network'],
  too_many_requests: [429, 'Too many requests'],
  internal: [500, 'Something went wrong here'],
  login_unavailable: [503, 'Logins cannot be checked'],
  queue_unavailable: [503, 'The queue cannot be reached'],
  recovering: [503, 'Seats are being restored'],
  payments_unavailable: [503, 'Payments cannot be reached'],
  search_unavailable: [503, 'Search cannot be reached'],
  unavailable: [503, 'A part of the service cannot be reached'],
} as const satisfies Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof PROBLEMS

export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[]

/** One faulty place of a request: a path into the body such as `areas[0].quantity`, `query.x`, `header.x` or `path.x`. */
export interface FieldFault {
  field: string
  message: string
}

export interface ProblemExtra {
  errors?: FieldFault[]
  /** Seconds; sent as Retry-After. 503s and 429s always carry one. */
  retryAfter?: number
  /** Members of its own, such as the tickets a conflict is about. */
  members?: Record<string, unknown>
}

export class Problem extends Error {
  override name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly extra: ProblemExtra

  constructor(code: ProblemCode, detail: string, extra: ProblemExtra = {}, options: ErrorOptions = {}) {
    // A refusal is an answer: where it was thrown tells nobody anything, and looking it up costs as much as a take.
    const depth = Error.stackTraceLimit
    if (PROBLEMS[code][0] < 500) Error.stackTraceLimit = 0
    super(detail, options)
    Error.stackTraceLimit = depth
    this.code = code
    this.status = PROBLEMS[code][0]
    this.title = PROBLEMS[code][1]
    const needsRetry = this.status === 503 || this.status === 429
    this.extra = needsRetry && extra.retryAfter === undefined ? { ...extra, retryAfter: 1 } : extra
  }

  /** The RFC 9457 body. */
  body(): Record<string, unknown> {
    const { errors, retryAfter, members } = this.extra
    return {
      // First: a member of a problem's own never passes for one that the RFC names.
      ...members,
      type: `/problems/${this.code}`,
      title: this.title,
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(errors === undefined ? {} : { errors }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    }
  }
}

export function invalid(field: string, message: string): Problem {
  return new Problem('invalid_request', `${field}: ${message}`, { errors: [{ field, message }] })
}

/** What went wrong, for people. A refused connection to several addresses is an AggregateError without a message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
