/** What is wrong with an event file, told by place; for a key that there is not, the nearest that there is. */
import type { z } from '@hono/zod-openapi'
import { faultsOf, hint, type Place, pathOf } from '../../shared/fault-words.ts'
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
    let looked = 0
    const unknown = (place: Place, key: string): string => {
      if (this.list.length + looked++ >= MOST_FAULTS) return 'there is no such key here'
      const known = keysAt(place)
      const meant = hint(key, known) || listed(known)
      return `there is no such key here${meant}`
    }
    for (const issue of parsed.error.issues)
      for (const { place, message } of faultsOf([issue], raw, unknown)) this.tell(place, message)
  }
}

function listed(known: string[]): string {
  return known.length === 0 ? '' : `; there are ${known.join(', ')}`
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
