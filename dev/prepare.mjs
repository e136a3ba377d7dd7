/** What must be there before anything of Onsale runs; mended where it can be, else told with its one cure. Plain JS for Node 20. */
import { Cure } from './cure.mjs'
import { findNode } from './find-node.mjs'
import { mendUWebSockets } from './mend-uwebsockets.mjs'
import { findPostgres } from './postgres-binaries.mjs'

/** @returns {string} the Node to run Onsale with; does not return where something is missing */
export function prepare() {
  try {
    const node = findNode()
    findPostgres()
    if (mendUWebSockets({ node }) === 'absent') {
      throw new Cure('uWebSockets.js is not installed.\nCure: run `npm ci` in this folder.')
    }
    return node
  } catch (error) {
    console.error(error instanceof Cure ? error.message : error)
    process.exit(1)
  }
}
