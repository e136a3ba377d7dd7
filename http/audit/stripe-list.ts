/**
 * Stripe, or the simulator, read for an audit: what was made within a time, page by page, slower than service needs Stripe to be
 * there for it. It changes nothing.
 */
import type Stripe from 'stripe'
import type { Clock } from '../../shared/clock.ts'
import { type Intent, type RefundWord, readIntent, readRefund } from '../payments/stripe.ts'

const PAGE = 100

export interface StripeList {
  /** Newest first, a page at a time. `since`: seconds since 1970. */
  intents(since: number): AsyncGenerator<Intent[]>
  refunds(since: number): AsyncGenerator<RefundWord[]>
  /** Undefined where Stripe does not know it. */
  intent(id: string): Promise<Intent | undefined>
  refund(id: string): Promise<RefundWord | undefined>
}

/** `rps`: calls a second; half of STRIPE_RPS leaves as many to those who pay. */
export function stripeList(stripe: Stripe, clock: Clock, rps: number): StripeList {
  let nextAt = 0
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    const waitMs = nextAt - clock.now()
    nextAt = Math.max(nextAt, clock.now()) + 1_000 / rps
    if (waitMs > 0) await clock.sleep(waitMs)
    return work()
  }
  async function* pages<Item extends { id: string }>(
    ask: (after: { starting_after?: string }) => Promise<{ data: Item[]; has_more: boolean }>,
  ): AsyncGenerator<Item[]> {
    let after: { starting_after?: string } = {}
    for (;;) {
      const page = await call(() => ask(after))
      yield page.data
      const last = page.data.at(-1)
      if (!page.has_more || last === undefined) return
      after = { starting_after: last.id }
    }
  }
  const found = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await call(work)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'resource_missing') return undefined
      throw error
    }
  }
  return {
    async *intents(since) {
      const ask = (after: { starting_after?: string }) =>
        stripe.paymentIntents.list({ limit: PAGE, created: { gte: since }, ...after })
      for await (const page of pages(ask)) yield page.map(readIntent)
    },
    async *refunds(since) {
      const ask = (after: { starting_after?: string }) =>
        stripe.refunds.list({ limit: PAGE, created: { gte: since }, ...after })
      for await (const page of pages(ask)) yield page.map(readRefund)
    },
    intent: id => found(async () => readIntent(await stripe.paymentIntents.retrieve(id))),
    refund: id => found(async () => readRefund(await stripe.refunds.retrieve(id))),
  }
}
