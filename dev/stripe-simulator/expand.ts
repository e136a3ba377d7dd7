/** `expand[]=latest_charge`, `expand[]=data.payment_intent`: ids in an answer replaced by the objects they name. */
import type { Account } from './account.ts'
import { invalidRequest } from './refusal.ts'

/** Stripe's own bound. */
const DEEPEST = 4

/** The object itself is left as it is. Throws a Refusal for what cannot be expanded. */
export function expandObject(account: Account, object: object, paths: string[]): object {
  let expanded: unknown = object
  for (const path of paths) {
    const steps = path.split('.')
    if (steps.length > DEEPEST)
      throw invalidRequest(`You cannot expand more than ${DEEPEST} levels of a property`)
    expanded = expandStep(account, expanded, steps, path)
  }
  return expanded as object
}

function expandStep(account: Account, value: unknown, steps: string[], path: string): unknown {
  const [step, ...rest] = steps
  if (step === undefined || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((entry: unknown) => expandStep(account, entry, steps, path))
  const field = fieldOf(account, value as Record<string, unknown>, step)
  if (field === undefined) throw invalidRequest(`This property cannot be expanded (${path}).`)
  return { ...value, [step]: expandStep(account, field, rest, path) }
}

function fieldOf(account: Account, object: Record<string, unknown>, step: string): unknown {
  const { store } = account
  if (object['object'] === 'charge' && step === 'refunds') {
    const ids = store.charges.get(String(object['id']))?.refundIds ?? []
    const data = ids.toReversed().flatMap(id => store.refunds.get(id) ?? [])
    return { object: 'list', data, has_more: false, url: `/v1/charges/${String(object['id'])}/refunds` }
  }
  const field = object[step]
  if (typeof field !== 'string') return field
  return (
    store.payments.get(field)?.intent ??
    store.charges.get(field)?.charge ??
    store.refunds.get(field) ??
    store.paymentMethods.get(field)?.method
  )
}
