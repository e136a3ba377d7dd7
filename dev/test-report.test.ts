/** What `npm test` counts, on runs of vitest's own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Family, run } from './child.ts'
import { projectRoot } from './data-folder.ts'

let folder: string
beforeEach(() => {
  // Below node_modules, so that the runs find vitest, and no other run finds them.
  folder = mkdtempSync(join(projectRoot, 'node_modules', '.onsale-report-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function countOf(files: Record<string, string>): Promise<unknown> {
  const report = join(projectRoot, 'dev/test-report.ts')
  const count = join(folder, 'count.json')
  const config = `import TestReport from '${report}'
    export default { test: { exclude: [], reporters: [new TestReport({ file: '${count}' })] } }`
  writeFileSync(join(folder, 'vitest.config.ts'), config)
  for (const [name, body] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { beforeAll, describe, expect, test } from 'vitest'\n${body}`)
  }
  const vitest = join(projectRoot, 'node_modules/vitest/vitest.mjs')
  const family = new Family(process.execPath, folder)
  const options = { command: process.execPath, args: [vitest, 'run'], env: {}, cwd: folder }
  // It ends with 1 where a test failed, which is what some of these are about.
  await run(family, options, 15_000).catch(() => {})
  return JSON.parse(readFileSync(count, 'utf8'))
}

test('[R86] tests that pass and fail are counted, those skipped with their reason', async () => {
  const body = `
    test('passes', () => {})
    test('fails', () => expect(1).toBe(2))
    test('needs', context => context.skip('no Chromium'))
    test('needs too', context => context.skip('no Chromium'))
    test.skipIf(true)('off', () => {})`
  expect(await countOf({ 'a.test.ts': body })).toEqual({
    passed: 1,
    failed: 1,
    skipped: { 'no Chromium': 2, 'marked as skipped': 1 },
  })
})

test('[R87] a file that does not load, a hook that throws and an error that nobody caught count as failed', async () => {
  const files = {
    'load.test.ts': `import './missing.ts'\ntest('never runs', () => {})`,
    'hook.test.ts': `describe('group', () => { beforeAll(() => { throw new Error('no') }); test('never runs', () => {}) })`,
    'late.test.ts': `test('passes', () => { void Promise.reject(new Error('late')) })`,
  }
  expect(await countOf(files)).toMatchObject({ passed: 1, failed: 3 })
})

test('[R87] a run without a test has failed', async () => {
  expect(await countOf({ 'empty.test.ts': '' })).toMatchObject({ passed: 0, failed: 1 })
})
