/**
 * Where a clone's data lives, and the secrets made there once. A clone has one data folder: `npm start` keeps Postgres, Redis,
 * pages and logs in it, tests take only downloaded binaries from it.
 */
import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Cure } from './cure.mjs'
import { makeSecrets, type Secrets } from './new-secrets.ts'

export const projectRoot = realpathSync(fileURLToPath(new URL('..', import.meta.url)))

/**
 * Root's data stands outside the clone, because Postgres and Redis then run as `nobody`, who cannot reach a clone below /root.
 * @param chosen ONSALE_DATA, where it is set
 * @returns an existing folder that others may pass through but not list
 */
export function findDataFolder(chosen: string | undefined): string {
  if (chosen) {
    const folder = made(chosen)
    if (canPass(folder)) return folder
    throw new Cure(
      `ONSALE_DATA (${folder}) lies where "nobody", who runs the databases under root, cannot pass.
Cure: choose another folder, or start Onsale as a user other than root.`,
    )
  }
  if (process.getuid?.() !== 0) return made(join(projectRoot, '.onsale'))
  const name = createHash('sha256').update(projectRoot).digest('hex').slice(0, 12)
  for (const place of ['/var/lib/onsale', join(tmpdir(), 'onsale')]) {
    try {
      return made(join(made(place), name))
    } catch {
      // A read-only /var is no reason to stop: the temporary folder is next.
    }
  }
  throw new Cure(
    'No folder to keep data in. Cure: set ONSALE_DATA to a folder that every user may pass through.',
  )
}

/** A folder below the temporary one, that others may pass through; whoever asks for it removes it. */
export function makeTemporaryFolder(name: string): string {
  const place = [tmpdir(), '/tmp', '/var/tmp'].find(candidate => existsSync(candidate) && canPass(candidate))
  const folder = mkdtempSync(join(place ?? tmpdir(), `${name}-`))
  chmodSync(folder, 0o711)
  return realpathSync(folder)
}

/** Whether whoever runs the databases can reach the folder: under root that is somebody else. */
function canPass(folder: string): boolean {
  if (process.getuid?.() !== 0) return true
  const parent = dirname(folder)
  return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || canPass(parent))
}

function made(folder: string): string {
  // The mode is set apart, since a strict umask would shut out the unprivileged user.
  if (mkdirSync(folder, { recursive: true })) chmodSync(folder, 0o711)
  accessSync(folder, constants.W_OK)
  return realpathSync(folder)
}

const SecretsFile = z.object({
  ADMIN_TOKEN: z.string().min(16),
  ONSALE_SECRET: z.string().min(32),
  PASS_PRIVATE_KEY: z.string().min(40),
  STRIPE_WEBHOOK_SECRET: z.string().startsWith('whsec_'),
})

/** The folder's secrets, made at the first call. They are kept by `--fresh`, so that bookmarked admin links live on. */
export async function loadSecrets(folder: string): Promise<Secrets> {
  const file = join(folder, 'secrets.json')
  const draft = `${file}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(makeSecrets(), null, 2)}\n`, { mode: 0o600 })
  try {
    // Of two that start at once one wins, and both read the same file.
    await link(draft, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(draft)
  }
  try {
    return SecretsFile.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    throw new Cure(
      `${file} is damaged. Cure: remove it (admin token, sessions and passes are then made anew).`,
    )
  }
}

/** The package's version, part of the names of what is built or copied from it. */
export function packageVersion(folder: string): string {
  return z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).version
}
