/**
 * `npm run admin:token -- --name ada --hours 12`: prints a token for one operator, to standard output alone. From the environment
 * of the installation: ONSALE_SECRET and ADMIN_TOKEN; dev/admin-token.ts knows those of `npm start`.
 */
import { parseArgs } from 'node:util'
import { AdminTokens } from '../../shared/admin-tokens.ts'
import { systemClock } from '../../shared/clock.ts'
import { ConfigError, readAdminKeys } from '../../shared/config.ts'

const USAGE = `Usage: npm run admin:token -- --name ada [--hours 12]
  --name   who it is for: letters, digits, . _ @ -, at most 40, and not admin; stands in the audit log
  --hours  how long it lasts, 0.01 to 336 (12)`
const HOURS_AT_MOST = 14 * 24
const HOUR_MS = 3_600_000

try {
  print()
} catch (error) {
  // parseArgs throws TypeErrors, and so does what checks its values.
  if (error instanceof TypeError) console.error(`${error.message}\n${USAGE}`)
  else if (error instanceof ConfigError) console.error(error.message)
  else throw error
  process.exitCode = 1
}

function print(): void {
  const text = { type: 'string' } as const
  const { name = '', hours = '12' } = parseArgs({ options: { name: text, hours: text } }).values
  const long = Number(hours)
  if (!(long >= 0.01 && long <= HOURS_AT_MOST))
    throw new TypeError(`--hours ${hours} is not from 0.01 to 336.`)
  const keys = readAdminKeys()
  const until = systemClock.now() + long * HOUR_MS
  const token = new AdminTokens(keys).issue(name, until)
  if (token === undefined) throw new TypeError(`--name ${name || 'is missing, or'} is no name.`)
  console.log(token)
  // Beside the token, so that it may be taken as it is: token=$(npm run --silent admin:token -- --name ada).
  console.error(`For ${name}, until ${new Date(until).toISOString()}. Another ADMIN_TOKEN ends it sooner.
${keys.HTTP_PUBLIC_URL}/operator#token=${token}`)
}
