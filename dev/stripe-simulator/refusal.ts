/**
 * Every answer of Stripe's API that is not 200, in Stripe's shape. Thrown, because a refusal found deep in an
 * endpoint ends the call whatever stands above it; the one catch is in call.ts.
 */
import type Stripe from 'stripe'

export type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'

export interface ErrorBody {
  type: ErrorType
  message: string
  code?: string
  decline_code?: string
  param?: string
  charge?: string
  doc_url?: string
  payment_intent?: Stripe.PaymentIntent
  payment_method?: Stripe.PaymentMethod
}

export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly body: ErrorBody
  readonly headers: Readonly<Record<string, string>>
  /**
   * False where Stripe never began to execute the call (a faulty parameter, a lock, a rate limit): such an
   * answer is not kept under the idempotency key.
   */
  readonly executed: boolean

  constructor(
    status: number,
    body: ErrorBody,
    more: { executed?: boolean; headers?: Record<string, string> } = {},
  ) {
    super(body.message)
    this.status = status
    this.body =
      body.code === undefined
        ? body
        : { ...body, doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll('_', '-')}` }
    this.executed = more.executed ?? true
    this.headers = more.headers ?? {}
  }
}

/** A parameter that is missing, unknown or malformed: found before the call executes. */
export function badParameter(message: string, param: string | undefined, code?: string): Refusal {
  return new Refusal(400, invalid(message, { param, code }), { executed: false })
}

/** 400 from within the call. */
export function invalidRequest(
  message: string,
  more: { code?: string; param?: string; payment_intent?: Stripe.PaymentIntent } = {},
): Refusal {
  return new Refusal(400, invalid(message, more))
}

/** `noun` as Stripe spells it in the message: payment_intent, PaymentMethod, charge, refund, event. */
export function missing(noun: string, id: string, param: string, status = 404): Refusal {
  return new Refusal(status, invalid(`No such ${noun}: '${id}'`, { code: 'resource_missing', param }))
}

export function unexpectedState(message: string, intent: Stripe.PaymentIntent): Refusal {
  return invalidRequest(message, { code: 'payment_intent_unexpected_state', payment_intent: intent })
}

export function serverError(
  status: number,
  executed: boolean,
  headers: Record<string, string> = {},
): Refusal {
  return new Refusal(
    status,
    {
      type: 'api_error',
      message:
        'Sorry! There was an error while processing your request. (Asked for by a knob of the simulator.)',
    },
    { executed, headers },
  )
}

/** Drops what is undefined, so that the JSON and `exactOptionalPropertyTypes` both hold. */
function invalid(
  message: string,
  more: {
    code?: string | undefined
    param?: string | undefined
    payment_intent?: Stripe.PaymentIntent | undefined
  },
): ErrorBody {
  return {
    type: 'invalid_request_error',
    message,
    ...(more.code === undefined ? {} : { code: more.code }),
    ...(more.param === undefined ? {} : { param: more.param }),
    ...(more.payment_intent === undefined ? {} : { payment_intent: more.payment_intent }),
  }
}
