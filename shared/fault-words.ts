/** zod's issues in the words of a colleague, each at its place: of a body, a query, an event file and a message alike. */
import type { z } from 'zod'

export type Place = readonly (string | number)[]

export interface PlacedFault {
  place: Place
  message: string
}

/** What is known of a key that is not: which there are. */
type Unknown = (place: Place, key: string) => string

const NO_SUCH_KEY = 'there is no such key here'

export function faultsOf(
  issues: readonly z.core.$ZodIssue[],
  raw: unknown,
  unknown: Unknown = () => NO_SUCH_KEY,
  above: Place = [],
): PlacedFault[] {
  return issues.flatMap(issue => {
    const place = [...above, ...issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))]
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map(key => ({ place: [...place, key], message: unknown(place, key) }))
    // The form that was meant is the one that is wrong somewhere within, not as a whole.
    const meant = issue.code === 'invalid_union' ? meantOf(issue.errors) : undefined
    if (meant !== undefined) return faultsOf(meant, raw, unknown, place)
    return [{ place, message: wordsOf(issue, valueAt(raw, place), place.length === 0) }]
  })
}

function meantOf(errors: z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  return errors.find(issues => issues.every(({ code, path }) => path.length > 0 || !isForm(code)))
}

function isForm(code: string): boolean {
  return code === 'invalid_type' || code === 'invalid_union'
}

/** Words of ours are told as they are; zod's own are for those who know zod. */
function wordsOf(issue: z.core.$ZodIssue, value: unknown, isWhole: boolean): string {
  const { message } = issue
  if (value === undefined && !isWhole && issue.code !== 'custom' && !message.startsWith('is missing'))
    return 'is missing'
  if (!/^(Invalid|Too |Unrecognized|Unsupported)/.test(message)) return message
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? issue.expected}, not ${shown(value)}`
    case 'invalid_value':
      return oneOf(issue.values, value)
    case 'invalid_union':
      if (issue.errors.length === 0 && 'options' in issue && Array.isArray(issue.options))
        return oneOf(issue.options, value)
      return 'has none of the forms it may have'
    case 'too_small':
      return atLeast(issue)
    case 'too_big':
      return atMost(issue)
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'has another form than it must have'
    default:
      return 'is not what may stand here'
  }
}

function oneOf(values: readonly unknown[], value: unknown): string {
  const words = values.map(String)
  const told = words.map(one => JSON.stringify(one)).join(', ')
  if (words.length === 1) return `must be ${told}`
  return `must be one of ${told}${typeof value === 'string' ? hint(value, words) : ''}`
}

const inLetters = {
  string: 'letters',
  array: 'entries',
  set: 'entries',
  object: 'keys',
  map: 'keys',
} as Record<string, string | undefined>

function atLeast({ origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): string {
  const what = inLetters[origin]
  if (what === undefined)
    return inclusive === false ? `must be more than ${minimum}` : `must be ${minimum} or more`
  return Number(minimum) <= 1 ? 'must not be empty' : `must have ${minimum} ${what} or more`
}

function atMost({ origin, maximum, inclusive }: z.core.$ZodIssueTooBig): string {
  const what = inLetters[origin]
  if (what === undefined)
    return inclusive === false ? `must be less than ${maximum}` : `must be ${maximum} or less`
  return `must have at most ${maximum} ${what}`
}

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

const FORMATS: Record<string, string> = {
  email: 'must be an e-mail address',
  uuid: 'must be a UUID',
  url: 'must be a URL',
  datetime: 'must be a time such as "2027-05-14T19:30:00Z"',
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing'
}

/** `; did you mean "seats"?`, or nothing where no word is near. */
export function hint(word: string, known: Iterable<string>, farthest = 3): string {
  let best: { word: string; away: number } | undefined
  for (const candidate of known) {
    const away = distance(word.toLowerCase().slice(0, 60), candidate.toLowerCase().slice(0, 60))
    const most = Math.min(farthest, Math.floor(Math.min(word.length, candidate.length) / 3))
    if (away <= most && (best === undefined || away < best.away)) best = { word: candidate, away }
  }
  return best === undefined ? '' : `; did you mean "${best.word}"?`
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const row = [i + 1]
    for (let j = 0; j < b.length; j++)
      row.push(
        Math.min((row[j] ?? 0) + 1, (above[j + 1] ?? 0) + 1, (above[j] ?? 0) + (letter === b[j] ? 0 : 1)),
      )
    above = row
  }
  return above[b.length] ?? 0
}

function valueAt(raw: unknown, place: Place): unknown {
  let value = raw
  for (const part of place) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

/** Such as `sections[1].rows[3].seats`; empty for the whole. */
export function pathOf(place: Place): string {
  return place.reduce<string>((path, part) => {
    if (typeof part === 'number') return `${path}[${part}]`
    const plain = /^[A-Za-z_$][\w$]*$/.test(part)
    if (!plain) return `${path}[${JSON.stringify(part.slice(0, 60))}]`
    return path === '' ? part : `${path}.${part}`
  }, '')
}
