/**
 * What can be read of a part that has faults of form, so that the rest of it is checked in the same round. A word that cannot be
 * read gives way to one that brings no further fault. Nothing is made of it: the form's own fault is told already.
 */
import type { z } from '@hono/zod-openapi'
import { PriceFile, RowFile, SectionFile, StandingFile } from './event-file.ts'

/** In the place of a category that cannot be read: nothing is said of it. */
export const UNREAD = ''

export interface Readable<Part> {
  /** Undefined where nothing can be read of it. */
  parts: (Part | undefined)[]
  /** Whether every category in it could be read. */
  complete: boolean
}

export const readSections = (raw: unknown): Readable<SectionFile> => listOf(raw, sectionOf)
export const readStanding = (raw: unknown): Readable<StandingFile> => listOf(raw, standingOf)
/** Of a price only its category is sure to be right. */
export const readPrices = (raw: unknown): Readable<PriceFile> => listOf(raw, priceOf)

interface One<Part> {
  part: Part | undefined
  complete: boolean
}

const NOTHING = { part: undefined, complete: false } as const

function listOf<Part>(raw: unknown, read: (raw: unknown, at: number) => One<Part>): Readable<Part> {
  if (!Array.isArray(raw)) return { parts: [], complete: raw === undefined }
  const all = raw.map(read)
  return { parts: all.map(({ part }) => part), complete: all.every(({ complete }) => complete) }
}

function sectionOf(raw: unknown, at: number): One<SectionFile> {
  const found = keysOf(SectionFile, raw)
  if (found === undefined) return NOTHING
  const { read, faulty } = found
  const rows = faulty.has('rows')
    ? rowsOf(found.raw['rows'])
    : { rows: read.rows ?? [], whole: true, complete: true }
  const part: SectionFile = { ...read, name: nameOf(read, at), rows: rows.rows }
  if (faulty.has('category')) part.category = UNREAD
  if (faulty.has('seats')) part.seats = 1
  // Which seats there are is not known: none of them is said to be missing.
  if (faulty.has('seats') || !rows.whole) withoutPlaces(part)
  return { part, complete: rows.complete && !faulty.has('category') }
}

function rowsOf(raw: unknown): { rows: (RowFile | string | number)[]; whole: boolean; complete: boolean } {
  if (!Array.isArray(raw)) return { rows: [], whole: false, complete: false }
  const all = raw.map((row, at): One<RowFile | string | number> => {
    if (typeof row === 'string' || typeof row === 'number') return { part: row, complete: true }
    return rowOf(row, at)
  })
  return {
    rows: all.flatMap(({ part }) => (part === undefined ? [] : [part])),
    whole: false,
    complete: all.every(({ complete }) => complete),
  }
}

function rowOf(raw: unknown, at: number): One<RowFile> {
  const found = keysOf(RowFile, raw)
  if (found === undefined) return NOTHING
  const { read, faulty } = found
  const part: RowFile = { ...read, name: read.name ?? nameOf(read, at) }
  if (faulty.has('category')) part.category = UNREAD
  if (faulty.has('seats')) {
    part.seats = 1
    withoutPlaces(part)
  }
  return { part, complete: !faulty.has('category') }
}

function standingOf(raw: unknown, at: number): One<StandingFile> {
  const found = keysOf(StandingFile, raw)
  if (found === undefined) return NOTHING
  const { read, faulty } = found
  const { category = UNREAD, capacity = 1 } = read
  return { part: { ...read, name: nameOf(read, at), category, capacity }, complete: !faulty.has('category') }
}

function priceOf(raw: unknown): One<PriceFile> {
  const found = keysOf(PriceFile, raw)
  if (found?.read.category === undefined) return NOTHING
  const { category, ticketType, price = 0, fee = 0 } = found.read
  // Of a ticket type that cannot be read nobody knows whether it is there twice.
  const type = found.faulty.has('ticketType') ? UNREAD : ticketType
  return {
    part: { category, price, fee, ...(type === undefined ? {} : { ticketType: type }) },
    complete: true,
  }
}

/** No two of them are the same. */
function nameOf(read: { name?: unknown }, at: number): string {
  return typeof read.name === 'string' ? read.name : `\0${at}`
}

function withoutPlaces(part: SectionFile | RowFile): void {
  delete part.accessible
  delete part.companion
  delete part.views
  delete part.aislesAfter
}

interface Keys<Form extends z.ZodObject> {
  raw: Record<string, unknown>
  read: Partial<z.infer<Form>>
  faulty: Set<string>
}

/** Key by key; one that has no place here is none of ours. */
function keysOf<Form extends z.ZodObject>(form: Form, raw: unknown): Keys<Form> | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined
  const given = raw as Record<string, unknown>
  const read: Record<string, unknown> = {}
  const faulty = new Set<string>()
  for (const [key, value] of Object.entries<z.ZodType>(form.shape)) {
    const parsed = value.safeParse(given[key])
    if (!parsed.success) faulty.add(key)
    else if (parsed.data !== undefined) read[key] = parsed.data
  }
  return { raw: given, read: read as Partial<z.infer<Form>>, faulty }
}
