/**
 * Who Postgres and Redis run as. Postgres refuses root, and neither needs it: under root they run as `nobody`, an account
 * that every system has, so none must be made.
 */
import { readFileSync } from 'node:fs'
import { chown, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Cure } from './cure.mjs'

export type User = { uid: number; gid: number }

/** The user to run as, or null where we are not root and run as ourselves. */
export function unprivilegedUser(): User | null {
  if (process.getuid?.() !== 0) return null
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .find(([name]) => name === 'nobody')
  if (!entry)
    throw new Cure('This system has no user "nobody". Cure: start Onsale as a user other than root.')
  return { uid: Number(entry[2]), gid: Number(entry[3]) }
}

/** Gives a folder and all below it to the user; does nothing where there is none to give it to. */
export async function giveTo(user: User | null, path: string): Promise<void> {
  if (!user) return
  await chown(path, user.uid, user.gid)
  if (!(await lstat(path)).isDirectory()) return
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await giveTo(user, join(path, entry.name))
  }
}
