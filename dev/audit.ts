/** `npm run audit`, once Node 24 runs it: where no store is named, it looks at the Onsale that `npm start` runs from this clone. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { DATA_HINT } from '../load-tests/site.ts'
import { findDataFolder } from './data-folder.ts'

const NAMED = ['DATABASE_URL', 'REDIS_URL', 'STRIPE_SECRET_KEY']

if (NAMED.every(name => !process.env[name])) {
  const own = await ownEnvironment()
  if (own === undefined) {
    console.error(
      `The audit could not look: neither DATABASE_URL and REDIS_URL are set, nor was an Onsale started from this clone${DATA_HINT}.`,
    )
    process.exit(2)
  }
  // The whole of it, or none: a half would look at one Onsale's sales and another's seats.
  for (const [name, value] of Object.entries(own)) process.env[name] ||= value
}
await import('../http/audit/main.ts')

/** As `npm start` wrote it for its own processes. */
async function ownEnvironment(): Promise<NodeJS.Dict<string> | undefined> {
  const folder = findDataFolder(process.env['ONSALE_DATA'])
  try {
    return parseEnv(await readFile(join(folder, 'environment'), 'utf8'))
  } catch {
    return undefined
  }
}
