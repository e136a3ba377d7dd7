/** What must be there before anything of Onsale runs; mended where it can be, else told with its one cure. Plain JS for Node 20. */
import { Cure } from './cure.mjs'
import { findNode } from './find-node.mjs'
import { mendUWebSockets } from './mend-uwebsockets.mjs'
import { findPostgres } from './postgres-binaries.mjs'

/**
 * @param {{postgres: boolean}} needs whether a Postgres of our own will be started
 * @returns {string} the Node to run Onsale with; does not return where something is missing
 */
export function prepare(needs) {
  try {
    if (process.platform === 'win32') {
      throw new Cure(
        'Onsale does not run on Windows itself.\nCure: clone and start it inside WSL (Ubuntu 24.04).',
      )
    }
    const node = findNode()
    if (needs.postgres) findPostgres()
    if (mendUWebSockets({ node }) === 'absent') {
      throw new Cure('uWebSockets.js is not installed.\nCure: run `npm ci` in this folder.')
    }
    return node
  } catch (error) {
    console.error(error instanceof Cure ? error.message : error)
    process.exit(1)
  }
}
