/** What is wrong with a file, told by place in the words of a colleague: zod's issues, and the nearest word for a wrong one. */
import type { z } from '@hono/zod-openapi'
import type { Place } from '../../shared/seats/map-faults.ts'
import { EVENT_FILE_SCHEMA } from './event-file.ts'

export interface Fault {
  /** Such as `sections[1].rows[3].seats`; empty for the file itself. */
  place: string
  message: string
}

/** Nobody mends more in one go. */
const MOST_FAULTS = 100

/** Faults in the order they are found, each once; beyond the first hundred only counted. */
export class Faults {
  readonly list: Fault[] = []
  more = 0
  readonly #seen = new Set<string>()

  tell = (place: Place, message: string): void => {
    const written = pathOf(place)
    const key = `${written}: ${message}`
    if (this.list.length >= MOST_FAULTS) this.more++
    else if (!this.#seen.has(key)) {
      this.#seen.add(key)
      this.list.push({ place: written, message })
    }
  }

  get none(): boolean {
    return this.list.length === 0
  }

  /** Everything that the form refuses. */
  ofForm(schema: z.ZodType, raw: unknown): void {
    const parsed = schema.safeParse(raw)
    if (parsed.success) return
    for (const issue of parsed.error.issues) this.#issue(issue, [], raw)
  }

  #issue(issue: z.core.$ZodIssue, above: Place, raw: unknown): void {
    const place = [...above, ...issue.path.map(part => (typeof part === 'symbol' ? String(part) : part))]
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(place)
      for (const key of issue.keys) {
        const meant = this.list.length < MOST_FAULTS ? hint(key, known) || listed(known) : ''
        this.tell([...place, key], `there is no such key here${meant}`)
      }
      return
    }
    if (issue.code === 'invalid_union') {
      // The form that was meant is the one that is wrong somewhere within, not as a whole.
      const meant = issue.errors.find(issues =>
        issues.every(({ code, path }) => path.length > 0 || !isForm(code)),
      )
      if (meant === undefined) this.tell(place, saysMissing(raw, place) ?? issue.message)
      else for (const inner of meant) this.#issue(inner, place, raw)
      return
    }
    this.tell(place, saysMissing(raw, place) ?? wordsOf(issue, valueAt(raw, place)))
  }
}

function isForm(code: string): boolean {
  return code === 'invalid_type' || code === 'invalid_union'
}

function saysMissing(raw: unknown, place: Place): string | undefined {
  return place.length > 0 && valueAt(raw, place) === undefined ? 'is missing' : undefined
}

function wordsOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type' && !issue.message.startsWith('must')) {
    return `must be ${WORDS[issue.expected] ?? issue.expected}, not ${shown(value)}`
  }
  if (issue.code === 'invalid_value' && !issue.message.startsWith('must')) {
    const values = issue.values.map(String)
    return `must be one of ${values.map(one => `"${one}"`).join(', ')}${hint(String(value), values)}`
  }
  if (issue.code === 'too_big' && !issue.message.startsWith('must')) return `must be at most ${issue.maximum}`
  if (issue.code === 'too_small' && !issue.message.startsWith('must'))
    return `must be at least ${issue.minimum}`
  return issue.message
}

const WORDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing'
}

/** ` - did you mean "seats"?`, or nothing where no word is near. */
export function hint(word: string, known: Iterable<string>, farthest = 3): string {
  let best: { word: string; away: number } | undefined
  for (const candidate of known) {
    const away = distance(word.toLowerCase().slice(0, 60), candidate.toLowerCase().slice(0, 60))
    const most = Math.min(farthest, Math.floor(Math.min(word.length, candidate.length) / 3))
    if (away <= most && (best === undefined || away < best.away)) best = { word: candidate, away }
  }
  return best === undefined ? '' : `; did you mean "${best.word}"?`
}

function listed(known: string[]): string {
  return known.length === 0 ? '' : `; there are ${known.join(', ')}`
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

interface Form {
  properties?: Record<string, Form>
  items?: Form
  anyOf?: Form[]
}

/** The keys that the format has at a place. */
function keysAt(place: Place): string[] {
  let forms: Form[] = [EVENT_FILE_SCHEMA as Form]
  for (const part of place) {
    forms = forms.flatMap(open).flatMap(form => {
      const next = typeof part === 'number' ? form.items : form.properties?.[part]
      return next === undefined ? [] : [next]
    })
  }
  return forms.flatMap(open).flatMap(({ properties }) => Object.keys(properties ?? {}))
}

function open(form: Form): Form[] {
  return form.anyOf === undefined ? [form] : form.anyOf.flatMap(open)
}

function valueAt(raw: unknown, place: Place): unknown {
  let value = raw
  for (const part of place) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

function pathOf(place: Place): string {
  return place.reduce<string>((path, part) => {
    if (typeof part === 'number') return `${path}[${part}]`
    const plain = /^[A-Za-z_$][\w$]*$/.test(part)
    if (!plain) return `${path}[${JSON.stringify(part.slice(0, 60))}]`
    return path === '' ? part : `${path}.${part}`
  }, '')
}
