/** Why a card was declined, in words that tell what to do next. */
const WORDS: Record<string, string> = {
  insufficient_funds: 'The card has insufficient funds.',
  lost_card: 'The bank has blocked this card.',
  stolen_card: 'The bank has blocked this card.',
  expired_card: 'The card has expired.',
  incorrect_cvc: 'The security code is wrong.',
  processing_error: 'The bank could not process the card just now.',
  card_velocity_exceeded: 'The card was used too often in a short time.',
  authentication_required: 'The bank wants you to confirm the payment.',
  payment_intent_authentication_failure: 'The payment was not confirmed with your bank.',
  authentication_failed: 'The payment was not confirmed with your bank.',
}

export function declineText(code: string | undefined): string {
  const why = WORDS[code ?? ''] ?? 'The bank declined the card.'
  return `${why} Nothing was charged and your tickets are still held: try another card.`
}
