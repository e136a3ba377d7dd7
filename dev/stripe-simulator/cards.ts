/**
 * Stripe's test cards, by Stripe's names and numbers (https://docs.stripe.com/testing), and iDEAL, which stands for the ways
 * to pay that cannot authorise alone. What a card does is decided here and nowhere else.
 */

export interface Decline {
  /** The error's code, such as card_declined or expired_card. */
  code: string
  declineCode: string
  message: string
}

export interface TestCard {
  /** The id as a payment method; the token is the same with tok_ in front. */
  id: string
  number: string
  type: 'card' | 'ideal'
  brand: 'visa' | 'mastercard' | 'amex'
  /** `required` always asks the fan's bank; `optional` only where the call requests it. */
  threeDSecure: 'required' | 'optional' | 'unenrolled'
  /** Said by the bank when money is asked for, after 3-D Secure where there is one. */
  decline: Decline | null
  /** What becomes of a refund after it was accepted. */
  refund: 'succeeds' | 'fails' | 'waits'
  /** The reason of a dispute that follows the payment. */
  dispute: string | null
}

const GENERIC: Decline = {
  code: 'card_declined',
  declineCode: 'generic_decline',
  message: 'Your card was declined.',
}
const INSUFFICIENT: Decline = {
  code: 'card_declined',
  declineCode: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
}
const LOST: Decline = { ...GENERIC, declineCode: 'lost_card' }
const STOLEN: Decline = { ...GENERIC, declineCode: 'stolen_card' }
const VELOCITY: Decline = {
  code: 'card_declined',
  declineCode: 'card_velocity_exceeded',
  message:
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
}
const EXPIRED = named('expired_card', 'Your card has expired.')
const WRONG_CVC = named('incorrect_cvc', "Your card's security code is incorrect.")
const PROCESSING = named(
  'processing_error',
  'An error occurred while processing your card. Try again in a little bit.',
)

/** The first card of a number is the one the number stands for. */
const CARDS: readonly TestCard[] = [
  card('pm_card_visa', '4242424242424242'),
  card('pm_card_visa_debit', '4000056655665556'),
  card('pm_card_mastercard', '5555555555554444', { brand: 'mastercard' }),
  card('pm_card_amex', '378282246310005', { brand: 'amex' }),
  card('pm_card_us', '4242424242424242'),

  card('pm_card_chargeDeclined', '4000000000000002', { decline: GENERIC }),
  card('pm_card_visa_chargeDeclined', '4000000000000002', { decline: GENERIC }),
  card('pm_card_chargeDeclinedInsufficientFunds', '4000000000009995', { decline: INSUFFICIENT }),
  card('pm_card_visa_chargeDeclinedInsufficientFunds', '4000000000009995', { decline: INSUFFICIENT }),
  card('pm_card_visa_chargeDeclinedLostCard', '4000000000009987', { decline: LOST }),
  card('pm_card_visa_chargeDeclinedStolenCard', '4000000000009979', { decline: STOLEN }),
  card('pm_card_visa_chargeDeclinedVelocityLimitExceeded', '4000000000006975', { decline: VELOCITY }),
  card('pm_card_chargeDeclinedExpiredCard', '4000000000000069', { decline: EXPIRED }),
  card('pm_card_chargeDeclinedIncorrectCvc', '4000000000000127', { decline: WRONG_CVC }),
  card('pm_card_chargeDeclinedProcessingError', '4000000000000119', { decline: PROCESSING }),
  card('pm_card_chargeCustomerFail', '4000000000000341', { decline: GENERIC }),

  card('pm_card_threeDSecure2Required', '4000000000003220', { threeDSecure: 'required' }),
  card('pm_card_threeDSecureRequired', '4000000000003063', { threeDSecure: 'required' }),
  card('pm_card_authenticationRequired', '4000002760003184', { threeDSecure: 'required' }),
  card('pm_card_authenticationRequiredOnSetup', '4000002500003155', { threeDSecure: 'required' }),
  card('pm_card_threeDSecureRequiredChargeDeclined', '4000008400001629', {
    threeDSecure: 'required',
    decline: GENERIC,
  }),
  card('pm_card_authenticationRequiredChargeDeclinedInsufficientFunds', '4000008260003178', {
    threeDSecure: 'required',
    decline: INSUFFICIENT,
  }),
  card('pm_card_threeDSecureOptional', '4000000000003055', { threeDSecure: 'optional' }),

  card('pm_card_refundFail', '4000000000005126', { refund: 'fails' }),
  card('pm_card_pendingRefund', '4000000000007726', { refund: 'waits' }),
  card('pm_card_createDispute', '4000000000000259', { dispute: 'fraudulent' }),
  card('pm_card_createDisputeProductNotReceived', '4000000000002685', { dispute: 'product_not_received' }),
]

/** The fan goes to their bank, and the money comes at once or not at all. */
export const IDEAL = card('ideal', '', { type: 'ideal', threeDSecure: 'required' })

const byId = new Map([...CARDS, IDEAL].map(one => [one.id, one]))
const byNumber = new Map(CARDS.toReversed().map(one => [one.number, one]))

export function cardById(id: string): TestCard | undefined {
  return id === IDEAL.id ? undefined : byId.get(id)
}

/** The card that a stored payment method or charge names. */
export function cardOf(method: { card: string }): TestCard {
  const card = byId.get(method.card)
  if (card === undefined) throw new Error(`no test card ${method.card}`)
  return card
}

/** Spaces and dashes are ignored; a number that is not a test card is undefined. */
export function cardByNumber(number: string): TestCard | undefined {
  return byNumber.get(number.replace(/[\s-]/g, ''))
}

/** `tok_visa`, `tok_chargeDeclined` ... */
export function cardByToken(token: string): TestCard | undefined {
  return token.startsWith('tok_') ? cardById(`pm_card_${token.slice('tok_'.length)}`) : undefined
}

function card(id: string, number: string, more: Partial<TestCard> = {}): TestCard {
  return {
    id,
    number,
    type: 'card',
    brand: 'visa',
    threeDSecure: 'unenrolled',
    decline: null,
    refund: 'succeeds',
    dispute: null,
    ...more,
  }
}

/** Declines whose error code and decline code are the same word. */
function named(code: string, message: string): Decline {
  return { code, declineCode: code, message }
}
