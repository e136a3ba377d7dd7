/** The border: what a client sends becomes one of our messages, or is refused with the reason. */
import { z } from 'zod'
import { faultsOf, pathOf } from '../shared/fault-words.ts'
import { EVENT_ID, type EventId, eventId } from '../shared/ids.ts'

const event = z
  .string()
  .regex(EVENT_ID, 'is no event id')
  .transform(text => text as EventId)
const token = z.string().max(3_000).optional()

const Message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('watch'), eventId: event, pass: token }),
  z.object({ type: z.literal('unwatch'), eventId: event }),
  z.object({ type: z.literal('join'), eventId: event, receipt: token }),
  z.object({ type: z.literal('leave'), eventId: event }),
  z.object({ type: z.literal('time'), at: z.number() }),
])

/** ClientMessage of the wire, with its event's id checked. */
export type ParsedMessage = z.infer<typeof Message>

export const MESSAGE_TYPES = [
  'watch',
  'unwatch',
  'join',
  'leave',
  'time',
] as const satisfies ParsedMessage['type'][]

export type Parsed = { ok: true; message: ParsedMessage } | { ok: false; detail: string }

/** As our own client asks for seats. A crowd says it all at once: it need not go through the parser of all messages. */
const PLAIN_WATCH = /^\{"type":"watch","eventId":"([a-z0-9]{4,32})"\}$/

export function parseText(text: string): Parsed {
  const watched = PLAIN_WATCH.exec(text)?.[1]
  if (watched !== undefined) return { ok: true, message: { type: 'watch', eventId: eventId(watched) } }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, detail: 'A message must be JSON.' }
  }
  return parseValue(value)
}

export function parseValue(value: unknown): Parsed {
  const parsed = Message.safeParse(value)
  if (parsed.success) return { ok: true, message: parsed.data }
  const [{ place, message } = { place: [], message: 'is malformed' }] = faultsOf(parsed.error.issues, value)
  return { ok: false, detail: `${pathOf(place) || 'message'}: ${message}` }
}
