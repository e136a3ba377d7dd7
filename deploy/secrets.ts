/**
 * `npm run secrets [-- FILE]`: makes the secrets of an installation and writes them to FILE (.env), which must not be there
 * yet: other secrets end every session and pass, and leave Postgres with a password nobody knows. `-- -` prints them.
 */
import { writeFileSync } from 'node:fs'
import { makeSecrets, randomSecret } from '../dev/new-secrets.ts'

const [file = '.env'] = process.argv.slice(2)
const { ONSALE_SECRET, PASS_PRIVATE_KEY, ADMIN_TOKEN } = makeSecrets()
const POSTGRES_PASSWORD = randomSecret()
const text = Object.entries({ ONSALE_SECRET, PASS_PRIVATE_KEY, ADMIN_TOKEN, POSTGRES_PASSWORD })
  .map(([name, value]) => `${name}=${value}\n`)
  .join('')

if (file === '-') process.stdout.write(text)
else {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
    console.log(
      `Wrote ONSALE_SECRET, PASS_PRIVATE_KEY, ADMIN_TOKEN and POSTGRES_PASSWORD to ${file}. Keep it.`,
    )
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    if (!isThere) throw error
    console.error(
      `${file} is there already and stays as it is. New secrets would end every session and pass, and the database would keep its old password.`,
    )
    process.exitCode = 1
  }
}
