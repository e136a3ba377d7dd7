/**
 * Stripe's request bodies: form fields whose names carry brackets, `card[number]=4242`, `expand[0]=latest_charge`,
 * `types[]=refund.created`. Decoded into nested objects with text at the leaves; a list is an object whose keys count up,
 * and parameters.ts decides where a list is meant.
 */
import { badParameter } from './refusal.ts'

export type FormValue = string | FormObject
export interface FormObject {
  [key: string]: FormValue
}

/** Stripe's largest call of ours has some forty fields; more than this is a fault or an attack. */
const MOST_FIELDS = 500
const DEEPEST = 6

export function decodeForm(text: string): FormObject {
  const root = emptyObject()
  const fields = new URLSearchParams(text)
  if (fields.size > MOST_FIELDS)
    throw badParameter(`A call may have at most ${MOST_FIELDS} parameters.`, undefined)
  for (const [name, value] of fields) put(root, path(name), value, name)
  return root
}

/** The same fields in one order, whatever order they were sent in. */
export function canonicalForm(text: string): string {
  return [...new URLSearchParams(text)]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&')
}

/** `a[b][0]` -> ['a', 'b', '0']; `a[]` -> ['a', ''], the empty step meaning the next number. */
function path(name: string): string[] {
  const first = name.indexOf('[')
  if (first < 1 || !name.endsWith(']')) return [name]
  return [name.slice(0, first), ...name.slice(first + 1, -1).split('][')]
}

function put(root: FormObject, steps: string[], value: string, name: string): void {
  if (steps.length > DEEPEST) throw badParameter(`Invalid parameter name: ${name}`, name)
  let object = root
  for (const [depth, step] of steps.entries()) {
    const key = step === '' ? String(Object.keys(object).length) : step
    if (depth === steps.length - 1) {
      object[key] = value
      return
    }
    const inner = object[key]
    if (typeof inner === 'string') throw badParameter('Invalid object', name)
    const next = inner ?? emptyObject()
    object[key] = next
    object = next
  }
}

/** No prototype, so that a field called `__proto__` is a field like any other. */
function emptyObject(): FormObject {
  return Object.create(null) as FormObject
}
