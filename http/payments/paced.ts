/** Stripe, asked no faster than it takes calls. A payment's own two calls are paced by its turn; see turns.ts. */
import type { Clock } from '../../shared/clock.ts'
import type { Called, Gateway } from './stripe.ts'
import type { BackCall, Turns } from './turns.ts'

export function paced(gateway: Gateway, turns: Turns, clock: Clock): Gateway {
  const inTurn = async <T>(kind: BackCall, call: () => Promise<Called<T>>): Promise<Called<T>> => {
    const waitMs = await turns.back(kind)
    if (waitMs === undefined) return { ok: false, reason: 'limited' }
    if (waitMs > 0) await clock.sleep(waitMs)
    return call()
  }
  return {
    ...gateway,
    retrieve: id => inTurn('retrieve', () => gateway.retrieve(id)),
    capture: id => inTurn('capture', () => gateway.capture(id)),
    cancel: id => inTurn('cancel', () => gateway.cancel(id)),
    refund: order => inTurn('refund', () => gateway.refund(order)),
    refunds: intent => inTurn('refunds', () => gateway.refunds(intent)),
    events: list => inTurn('events', () => gateway.events(list)),
  }
}
