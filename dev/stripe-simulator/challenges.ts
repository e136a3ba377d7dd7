/** 3-D Secure: a PaymentIntent that waits for the fan at the simulator's page (three-d-secure-page.ts). */
import { type Account, newId } from './account.ts'
import type { Payment } from './store.ts'

/** Where the simulator's 3-D Secure page of a challenge stands. */
export const CHALLENGE_PATH = '/3d-secure'

/** Sends the fan away: back to the return URL where there is one, else by what Stripe.js would do with the address. */
export function beginChallenge(account: Account, payment: Payment): void {
  const id = newId(account, '', 32)
  payment.challenge = id
  account.store.challenges.put(id, payment.intent.id)
  const url = `${account.publicUrl}${CHALLENGE_PATH}/${id}`
  payment.intent.status = 'requires_action'
  payment.intent.next_action =
    payment.returnUrl === null
      ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
      : { type: 'redirect_to_url', redirect_to_url: { return_url: payment.returnUrl, url } }
}

/** The page of the challenge stays, to lead the fan back. */
export function endChallenge(payment: Payment): void {
  payment.challenge = null
  payment.intent.next_action = null
}
