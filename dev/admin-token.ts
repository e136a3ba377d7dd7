/** `npm run admin:token`, once Node 24 runs it: what the environment does not say is taken from the `npm start` of this clone. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { findDataFolder } from './data-folder.ts'

const secrets = await read('secrets.json', z.object({ ADMIN_TOKEN: z.string(), ONSALE_SECRET: z.string() }))
const instance = await read('instance.json', z.object({ url: z.url() }))
const known = { ...secrets, ...(instance === undefined ? {} : { HTTP_PUBLIC_URL: instance.url }) }
for (const [name, value] of Object.entries(known)) process.env[name] ||= value
await import('../http/admin/token.ts')

/** Undefined where nothing was ever started, or runs now, and where there is no such folder. */
async function read<T>(file: string, form: z.ZodType<T>): Promise<T | undefined> {
  try {
    return form.parse(
      JSON.parse(await readFile(join(findDataFolder(process.env['ONSALE_DATA']), file), 'utf8')),
    )
  } catch {
    return undefined
  }
}
