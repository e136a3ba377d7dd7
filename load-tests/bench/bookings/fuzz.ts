/**
 * `npm run fuzz [-- --seconds N] [--seed N] [--required]`: schemathesis against a whole Onsale of its own: every operation of /openapi.json with values that
 * its schema allows and that it does not, once as a fan and once as an operator. No answer may be a 5xx, or another than documented.
 * Needs python3 of 3.11 or newer with pip, and PyPI, or says so and ends well: what cannot be tried is not wrong. With --required, as
 * in CI, it is. What is installed is pinned by its hashes in fuzz-requirements.txt.
 */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeTemporaryFolder } from '../../../dev/data-folder.ts'
import { startOnsale } from '../../../dev/processes.ts'
import { readConfig } from '../../../shared/config.ts'
import { visitorId } from '../../../shared/ids.ts'
import { SESSION_SECONDS } from '../../../shared/limits.ts'
import { makeLog } from '../../../shared/log.ts'
import { connectPostgres } from '../../../shared/postgres.ts'
import { insertSmallHouse } from '../../../shared/seats/small-house.ts'
import { SessionTokens } from '../../../shared/tokens.ts'

const REQUIREMENTS = join(import.meta.dirname, 'fuzz-requirements.txt')
const INSTALL_MS = 180_000
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
]
/** So that a wish can be a real event. */
const EVENT = 'fuzzed1'

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, required: { type: 'boolean' } },
})
const seconds = Number(values.seconds ?? 60)
if (!Number.isSafeInteger(seconds) || seconds < 1) {
  console.error('--seconds must be a whole number of 1 or more')
  process.exit(1)
}

const folder = makeTemporaryFolder('onsale-fuzz')
try {
  const command = install()
  if (command === undefined) {
    console.log(
      'Skipped: schemathesis could not be installed. It needs python3 of 3.11 or newer with venv and pip, and PyPI.',
    )
    process.exitCode = values.required ? 1 : 0
  } else process.exitCode = await fuzz(command)
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Into a folder of its own: nothing of the machine's Python is changed. */
function install(): string | undefined {
  const bin = join(folder, 'venv', 'bin')
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', join(folder, 'venv')]],
    [
      join(bin, 'pip'),
      ['install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', REQUIREMENTS],
    ],
  ]
  const works = steps.every(
    ([command, args]) => spawnSync(command, args, { timeout: INSTALL_MS, stdio: 'ignore' }).status === 0,
  )
  return works ? join(bin, 'schemathesis') : undefined
}

async function fuzz(command: string): Promise<number> {
  const onsale = await startOnsale({
    ports: 'free',
    catalogue: false,
    env: {
      LOG_LEVEL: 'error',
      BOOKINGS_PER_MINUTE: '10000000',
      SESSIONS_PER_MINUTE: '10000000',
      SEARCHES_PER_MINUTE: '10000000',
      JOINS_PER_MINUTE: '10000000',
    },
    onTrouble: (part, line) => console.error(`${part}: ${line}`),
  })
  try {
    const config = readConfig({ ...onsale.env })
    const pool = connectPostgres(onsale.databaseUrl, 'fuzz', makeLog('fuzz', 'error'), 1)
    await insertSmallHouse(pool, EVENT)
    await pool.end()
    const fan = new SessionTokens(config.keys.session, SESSION_SECONDS).issue(visitorId(randomUUID()))
    const run = (token: string, ...which: string[]) =>
      spawnSync(
        command,
        [
          'run',
          `${onsale.httpUrl}/openapi.json`,
          '--header',
          `Authorization: Bearer ${token}`,
          '--checks',
          CHECKS.join(','),
          '--max-time',
          String(seconds),
          '--generation-database',
          'none',
          '--continue-on-failure',
          '--warnings',
          'off',
          '--no-color',
          ...(values.seed === undefined ? [] : ['--seed', values.seed]),
          ...which,
        ],
        { stdio: 'inherit', cwd: folder },
      ).status ?? 1
    console.log('as a fan')
    const asFan = run(fan, '--exclude-path-regex', '^/admin')
    console.log('as an operator')
    const asOperator = run(onsale.adminToken, '--include-path-regex', '^/admin')
    return asFan === 0 && asOperator === 0 ? 0 : 1
  } finally {
    await onsale.stop()
  }
}
