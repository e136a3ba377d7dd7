/** What of a part's log a person sees. */
import { expect, test } from 'vitest'
import { worthShowing } from './log-lines.ts'

const json = (level: number, more: object): string => JSON.stringify({ level, ...more })

test.each([
  ['http', json(30, { msg: 'ready' }), null],
  ['http', json(40, { msg: 'slow' }), 'slow'],
  ['http', json(50, { msg: 'failed', err: { message: 'no route' } }), 'failed: no route'],
  ['worker', 'a plain line', 'a plain line'],
  ['worker', '', null],
  ['worker', '{"level": broken', '{"level": broken'],
  ['redis', '1:M WARNING overcommit', null],
  ['postgres', 'LOG:  ready', null],
  ['postgres', 'ERROR:  duplicate key value', null],
  ['postgres', 'FATAL:  out of disk', 'FATAL:  out of disk'],
  ['postgres', 'FATAL:  the database system is starting up', null],
])('[R84] of %s, %j is shown as %j', (part, line, shown) => {
  expect(worthShowing(part, line, 'stderr')).toBe(shown)
})

test('[R84] plain words on stdout are no trouble', () => {
  expect(worthShowing('simulator', 'ready', 'stdout')).toBe(null)
})
