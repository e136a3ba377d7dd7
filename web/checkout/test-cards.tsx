/** The payment simulator's cards, one click each, by Stripe's own test numbers. */
export interface TestCard {
  paymentMethodId: string
  digits: string
  name: string
  what: string
}

export const TEST_CARDS: readonly TestCard[] = [
  { paymentMethodId: 'pm_card_visa', digits: '4242', name: 'Pays', what: 'The payment goes through.' },
  { paymentMethodId: 'pm_card_chargeDeclined', digits: '0002', name: 'Declined', what: 'The bank says no.' },
  {
    paymentMethodId: 'pm_card_chargeDeclinedInsufficientFunds',
    digits: '9995',
    name: 'Insufficient funds',
    what: 'Not enough money.',
  },
  {
    paymentMethodId: 'pm_card_threeDSecure2Required',
    digits: '3220',
    name: '3-D Secure',
    what: 'The bank asks you to confirm.',
  },
]

export function TestCards({ chosen, choose }: { chosen: string; choose: (paymentMethodId: string) => void }) {
  return (
    <fieldset class="cards">
      <legend>
        Test card <span class="soft">no real money moves</span>
      </legend>
      {TEST_CARDS.map(({ paymentMethodId, digits, name, what }) => (
        <label key={paymentMethodId} class="card">
          <input
            type="radio"
            name="card"
            value={paymentMethodId}
            checked={chosen === paymentMethodId}
            onChange={() => choose(paymentMethodId)}
          />
          <span class="card-face">
            <span class="card-digits">•••• {digits}</span>
            <strong>{name}</strong>
            <span class="soft">{what}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
