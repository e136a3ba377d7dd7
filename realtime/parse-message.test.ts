import { expect, test } from 'vitest'
import { parseValue } from './parse-message.ts'

test('[R141] a message to a socket that is none is refused in the same words', () => {
  const detailOf = (message: unknown) => {
    const parsed = parseValue(message)
    return parsed.ok ? '' : parsed.detail
  }
  expect(detailOf({ type: 'wach' })).toBe(
    'type: must be one of "watch", "unwatch", "join", "leave", "time"; did you mean "watch"?',
  )
  expect(detailOf({})).toBe('type: is missing')
  expect(detailOf([])).toBe('message: must be an object, not a list')
  expect(detailOf({ type: 'time', at: 'now' })).toBe('at: must be a number, not "now"')
  expect(detailOf({ type: 'watch' })).toBe('eventId: is missing')
})
