/**
 * Every text that people send, in one form: trimmed, of a length that is told, and of whole letters without control
 * characters, which neither Postgres, a map's JSON, a mail nor a ticket takes.
 */
import { z } from '@hono/zod-openapi'

const PLAIN = 'must have no control characters'
/** `\p{Cs}` is half of a letter: a surrogate without its other. */
const isPlain = (text: string): boolean => !/[\p{Cc}\p{Cs}]/u.test(text)

/** As it came, of any length: for what is looked up or read by a form of its own. */
export const plain = z.string().refine(isPlain, PLAIN)

/** One line, and not an empty one. */
export function text(most: number) {
  return textOrNone(most).min(1, 'must not be empty')
}

/** One line, or nothing. */
export function textOrNone(most: number) {
  return z.string().trim().max(most, `must have at most ${most} letters`).refine(isPlain, PLAIN)
}

/** Some lines, or none. */
export function lines(most: number) {
  return z
    .string()
    .max(most, `must have at most ${most} letters`)
    .refine(written => isPlain(written.replaceAll(/[\t\n\r]/g, '')), PLAIN)
}
