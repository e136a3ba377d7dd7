/**
 * Finds the Node that runs Onsale: the one npm brought along, else the one we run under if it is new enough. Plain JS that
 * Node 20 can run, since `npm start` may begin under whatever Node npm itself uses.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Cure } from './cure.mjs'

/** The clone this file stands in. */
export const projectRoot = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

const OLDEST_MAJOR = 24

/**
 * @param {string} root
 * @returns {string} path of a Node of at least version 24
 * @throws {Cure} where there is none
 */
export function findNode(root = projectRoot) {
  const brought = join(root, 'node_modules', '.bin', 'node')
  const works = existsSync(brought) && majorOf(brought) >= OLDEST_MAJOR
  if (works) return brought
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) return process.execPath
  throw new Cure(
    `Onsale runs on Node ${OLDEST_MAJOR}; this is ${process.version} and npm has not brought one along.\n` +
      'Cure: run `npm ci` without --omit=optional, or install Node 24 from https://nodejs.org.',
  )
}

/** @param {string} node */
function majorOf(node) {
  try {
    return Number.parseInt(
      execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8', timeout: 20_000 }),
      10,
    )
  } catch {
    return 0
  }
}
