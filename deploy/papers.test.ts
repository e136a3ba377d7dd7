/** What the papers say of settings is what the program reads. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const text = (file: string): string => readFileSync(file, 'utf8')

test('[D16] the README names every setting, and none that is not read', () => {
  const read = [...text('shared/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name = '']) => name)
  expect(read.length).toBeGreaterThan(20)
  const table = text('README.md')
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .join('\n')
  const named = [...table.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name = '']) => name)
  expect(read.filter(name => !named.includes(name))).toEqual([])
  expect(named.filter(name => !read.includes(name))).toEqual([])
})
