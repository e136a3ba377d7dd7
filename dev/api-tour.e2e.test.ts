/** What the README and the tour tell readers to type, typed: all of their blocks in one shell, against a whole Onsale. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Onsale, startOnsale } from './processes.ts'
import { testDatabase } from './test-parts.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')
const TOUR_MS = 90_000

/** Each call's status goes beside its words; what ends a wait is asked with -sf, and may be refused. */
const WATCHED = `set -eo pipefail
curl() {
  local answer status=0
  answer=$(command curl -w '\\n%{http_code}' "$@") || status=$?
  if [[ $1 != -sf && \${answer##*$'\\n'} != 2* ]]; then echo "\${answer} of curl $*" >&2; fi
  printf '%s\\n' "\${answer%$'\\n'*}"
  return $status
}
`

let onsale: Onsale
beforeAll(async () => {
  const { url } = await testDatabase({ catalogue: true })
  const env = { DATABASE_URL: url, FAN_RETURNS_UNTIL_HOURS: '24' }
  onsale = await startOnsale({ ports: 'free', env })
}, 120_000)
afterAll(() => onsale?.stop())

async function blocksOf(file: string): Promise<string[]> {
  const text = await readFile(join(ROOT, file), 'utf8')
  const at = new URL(onsale.httpUrl).host
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) =>
    block.replaceAll('localhost:3000', at),
  )
}

test('[W166] every line of the README and of the tour that calls the API works as it is written, top to bottom in one shell', async () => {
  const [readme, tour] = [await blocksOf('README.md'), await blocksOf('docs/api-tour.md')]
  expect([readme.length, tour.length]).toEqual([2, 5])
  const ends = 'echo; echo "the tour is over: $booking"'
  const { stdout, stderr } = await run(
    'bash',
    ['--norc', '-c', [WATCHED, ...readme, ...tour, ends].join('\n')],
    {
      env: { PATH: process.env['PATH'], ADMIN_TOKEN: onsale.adminToken },
      timeout: TOUR_MS,
    },
  ).catch((error: unknown) => error as { stdout: string; stderr: string })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/the tour is over: [\da-f-]{36}\n$/)
  expect(stdout).not.toMatch(/^null$/m)
  // One of two tickets came back by the fan, and the other by an operator.
  expect(stdout.match(/^\{"refundId":/gm)).toHaveLength(2)
})
