import { expect, test } from 'vitest'
import { lineWords, slowerWords } from './line-words.ts'

test('[V44] the length of the line is told once a count has come that has oneself in it', () => {
  expect(lineWords({ waiting: 0, position: undefined })).toBe('being counted')
  expect(lineWords({ waiting: 0, position: 0 })).toBe('being counted')
  expect(lineWords({ waiting: 4_999, position: 5_000 })).toBe('being counted')
  expect(lineWords({ waiting: 5_001, position: 5_000 })).toBe('5,001')
  expect(lineWords({ waiting: 1, position: 0 })).toBe('1')
})

test('[Q164] why the wait has become longer is said in words, once: of a pause the state tells', () => {
  const words = (['rate', 'cap', 'seats', 'payments'] as const).map(slowerWords)
  for (const one of words) expect(one).toMatch(/^It takes longer than we told you: .+\.$/)
  expect(new Set(words).size).toBe(4)
  expect(slowerWords('paused')).toBeUndefined()
})
