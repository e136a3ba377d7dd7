import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { reasonOf } from '../shared/errors.ts'
import { MigrationRefused, pending } from './migrate.ts'

const migration = (name: string, checksum = `sum of ${name}`) => ({ name, checksum, sql: '' })
const files = [migration('0001-one'), migration('0002-two'), migration('0003-three')]

describe('what there is to migrate', () => {
  it('[C20] is what the database lacks, in order', () => {
    expect(pending(files, []).map(({ name }) => name)).toEqual(['0001-one', '0002-two', '0003-three'])
    expect(pending(files, files.slice(0, 2)).map(({ name }) => name)).toEqual(['0003-three'])
    expect(pending(files, files)).toEqual([])
  })

  it.each([
    ['edited', [migration('0001-one', 'another')], /^Migration 0001-one was edited after it was applied/],
    ['unknown', [migration('0009-nine')], /^The database has migration 0009-nine, which this version/],
    [
      'overtaken',
      [migration('0001-one'), migration('0003-three')],
      /^Migration 0002-two comes before 0003-three/,
    ],
  ])('[C21] is refused in words where a migration is %s', (_, applied, words) => {
    expect(() => pending(files, applied)).toThrow(MigrationRefused)
    expect(() => pending(files, applied)).toThrow(words)
  })
})

describe('the command', () => {
  const run = (script: string, environment: Record<string, string>) =>
    spawnSync(process.execPath, [fileURLToPath(new URL(script, import.meta.url))], {
      env: environment,
      encoding: 'utf8',
    })

  it.each(['./migrate.ts', './catalogue/load.ts'])(
    '[C22] %s says in one line that DATABASE_URL is missing',
    script => {
      const { status, stderr, stdout } = run(script, {})
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(/^DATABASE_URL is not set: [^\n]+\n$/)
    },
  )

  it('[C22] says in one line that nobody answers', () => {
    const { status, stderr } = run('./migrate.ts', { DATABASE_URL: 'postgres://127.0.0.1:1/onsale' })
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^Migrating failed: Postgres \(DATABASE_URL\) cannot be reached: [^\n]*ECONNREFUSED[^\n]*\n$/,
    )
    expect(reasonOf(new AggregateError([new Error('first'), new Error('second')]))).toBe('first')
  })
})
