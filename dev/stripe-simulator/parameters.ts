/**
 * Parameters as Stripe judges them: text becomes numbers, flags and lists; what is missing, unknown or malformed is refused
 * with Stripe's message, code and parameter name. Anything Stripe knows but this simulator does not play is refused as
 * unknown, so that no test passes on a parameter that had no effect.
 */
import { z } from 'zod'
import type { FormObject, FormValue } from './form-encoding.ts'
import { badParameter, type Refusal } from './refusal.ts'

const LONGEST_TEXT = 5_000
const MOST_METADATA_KEYS = 50
const LONGEST_METADATA_KEY = 40
const LONGEST_METADATA_VALUE = 500

export const text = z.string().max(LONGEST_TEXT)

export const integer = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.string().transform((value, context) => {
    const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (Number.isNaN(number)) fault(context, `Invalid integer: ${value}`, 'parameter_invalid_integer')
    else if (number < least) {
      fault(context, `This value must be greater than or equal to ${least}.`, 'parameter_invalid_integer')
    } else if (number > most) {
      fault(context, `This value must be less than or equal to ${most}.`, 'parameter_invalid_integer')
    }
    return number
  })

export const flag = z.string().transform((value, context) => {
  if (value !== 'true' && value !== 'false') fault(context, `Invalid boolean: ${value}`)
  return value === 'true'
})

export const oneOf = <const Options extends readonly [string, ...string[]]>(options: Options) =>
  z.enum(options, { error: () => `must be one of ${options.join(', ')}` })

/** A list arrives as an object whose keys count up from 0. */
export const listOf = <Item extends z.ZodType>(item: Item, most = 20) =>
  z.preprocess((value, context) => {
    const list = typeof value === 'object' && value !== null ? Object.entries(value) : []
    if (list.length === 0 || list.some(([key]) => !/^\d+$/.test(key))) fault(context, 'Invalid array')
    return list.map(([, entry]) => entry)
  }, z.array(item).max(most))

/** An empty value unsets its key; empty metadata unsets all of them. */
export const metadata = z
  .preprocess(value => (value === '' ? null : value), z.record(z.string(), z.string()).nullable())
  .transform((value, context): Record<string, string> | null => {
    if (value === null) return null
    if (Object.keys(value).length > MOST_METADATA_KEYS) {
      fault(context, `You can have up to ${MOST_METADATA_KEYS} metadata keys.`)
    }
    for (const [key, entry] of Object.entries(value)) {
      if (key.length > LONGEST_METADATA_KEY) {
        fault(context, `Metadata keys can have up to ${LONGEST_METADATA_KEY} characters.`)
      }
      if (entry.length > LONGEST_METADATA_VALUE) {
        fault(context, `Metadata values can have up to ${LONGEST_METADATA_VALUE} characters.`)
      }
    }
    return { ...value }
  })

export function mergeMetadata(
  old: Record<string, string>,
  change: Record<string, string> | null | undefined,
): Record<string, string> {
  if (change === undefined) return old
  if (change === null) return {}
  return Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value !== ''))
}

/** Seconds since 1970: exactly, or a range. */
export const created = z.union([
  integer(0),
  z.strictObject({
    gt: integer(0).optional(),
    gte: integer(0).optional(),
    lt: integer(0).optional(),
    lte: integer(0).optional(),
  }),
])

export const expand = listOf(text)

export type Created = z.infer<typeof created>

/** What every list takes. */
export const paging = {
  limit: integer(1, 100).optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
  created: created.optional(),
  expand: expand.optional(),
}

/** Throws a Refusal for the first fault: an unknown parameter before a missing one, as Stripe does. */
export function readParameters<Schema extends z.ZodType>(schema: Schema, form: FormObject): z.output<Schema> {
  const result = schema.safeParse(form)
  if (result.success) return result.data
  const issues = result.error.issues.flatMap(flatten)
  const issue = issues.find(one => one.code === 'unrecognized_keys') ?? issues[0]
  throw refusal(issue, form)
}

/** The issues of a union are those of the branch that got furthest. */
function flatten(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const branch = issue.errors.toSorted((a, b) => deepest(b) - deepest(a))[0] ?? []
  return branch.map(inner => ({ ...inner, path: [...issue.path, ...inner.path] }))
}

function deepest(issues: z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(issue => (issue.code === 'custom' ? 100 : issue.path.length)))
}

function refusal(issue: z.core.$ZodIssue | undefined, form: FormObject): Refusal {
  if (issue === undefined) return badParameter('Invalid request.', undefined)
  if (issue.code === 'unrecognized_keys') {
    const param = bracketed([...issue.path, issue.keys[0] ?? ''])
    return badParameter(`Received unknown parameter: ${param}`, param, 'parameter_unknown')
  }
  const param = bracketed(issue.path)
  const sent = valueAt(form, issue.path)
  if (sent === undefined) return badParameter(`Missing required param: ${param}.`, param, 'parameter_missing')
  if (sent === '') {
    return badParameter(
      `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; ` +
        `however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      param,
      'parameter_invalid_empty',
    )
  }
  if (issue.code === 'custom') return badParameter(issue.message, param, codeOf(issue))
  if (issue.code === 'invalid_value') return badParameter(`Invalid ${param}: ${issue.message}`, param)
  if (issue.code === 'too_big') return badParameter(`Invalid ${param}: too long`, param)
  return badParameter(typeof sent === 'string' ? 'Invalid object' : 'Invalid string', param)
}

function codeOf(issue: z.core.$ZodIssueCustom): string | undefined {
  const code: unknown = issue.params?.['code']
  return typeof code === 'string' ? code : undefined
}

function fault(context: z.core.$RefinementCtx, message: string, code?: string): void {
  context.issues.push({ code: 'custom', message, input: context.value, params: { code } })
}

function bracketed(path: PropertyKey[]): string {
  const [first, ...rest] = path.map(String)
  return `${first ?? ''}${rest.map(step => `[${step}]`).join('')}`
}

function valueAt(form: FormObject, path: PropertyKey[]): FormValue | undefined {
  let value: FormValue | undefined = form
  for (const step of path) value = typeof value === 'object' ? value[String(step)] : undefined
  return value
}
