/**
 * Makes the prebuilt uWebSockets.js load on a glibc between 2.36 and 2.37 (Debian 12). Its binary asks for glibc 2.38 for the
 * sake of three functions only: the C23 twins of strtol, strtoul and sscanf, which differ from the plain ones in nothing but
 * binary literals ("0b101"), which uWebSockets.js never parses. We point those three at the plain functions and mark the need
 * for 2.38 as weak. Where the binary loads, nothing is touched; anything we do not know is refused.
 * Plain JS for Node 20: it runs in npm's postinstall and again in `npm start`.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Cure } from './cure.mjs'
import { findNode, projectRoot } from './find-node.mjs'

const MISSING_VERSION = 'GLIBC_2.38'
const C23_PREFIX = '__isoc23_'
const C23_TWINS = new Set(['__isoc23_strtol', '__isoc23_strtoul', '__isoc23_sscanf'])
const WEAK = 0x2
const VERSION_GLOBAL = 1
const CURE =
  'Cure: use a system with glibc 2.38 or newer (Debian 13, Ubuntu 24.04), or the image built by deploy/Dockerfile.'

/**
 * Mends the binary that `node` would load, if it needs it.
 * @param {{root?: string, node?: string}} [options]
 * @returns {'absent' | 'loads' | 'mended'}
 * @throws {Cure} where it neither loads nor can be mended
 */
export function mendUWebSockets({ root = projectRoot, node = findNode(root) } = {}) {
  const folder = join(root, 'node_modules', 'uWebSockets.js')
  if (!existsSync(folder)) return 'absent'
  const abi = execFileSync(
    node,
    ['-p', 'process.platform + "_" + process.arch + "_" + process.versions.modules'],
    {
      encoding: 'utf8',
    },
  ).trim()
  const binary = join(folder, `uws_${abi}.node`)
  if (!existsSync(binary)) throw new Cure(`uWebSockets.js has no binary for ${abi}.\n${CURE}`)
  return mendFile(binary, path => whyNotLoaded(node, path))
}

/**
 * @param {string} binary path of a .node file; the original is kept beside it as `<binary>.orig`
 * @param {(path: string) => string | null} whyNot the loader's complaint, null where the file loads
 * @returns {'loads' | 'mended'}
 */
export function mendFile(binary, whyNot) {
  const complaint = whyNot(binary)
  if (complaint === null) return 'loads'
  if (!complaint.includes(`version \`${MISSING_VERSION}' not found`)) {
    throw new Cure(`uWebSockets.js does not load: ${complaint}\n${CURE}`)
  }
  const mended = mendElf(readFileSync(binary))
  // Named *.node, since only such files are loaded as binaries; with our pid, since two installs may run at once.
  const draft = `${binary}.${process.pid}.node`
  try {
    writeFileSync(draft, mended, { mode: statSync(binary).mode })
    const still = whyNot(draft)
    if (still !== null) throw new Cure(`uWebSockets.js does not load even when mended: ${still}\n${CURE}`)
    if (!existsSync(`${binary}.orig`)) copyFileSync(binary, `${binary}.orig`)
    renameSync(draft, binary)
  } finally {
    rmSync(draft, { force: true })
  }
  return 'mended'
}

/**
 * @param {Buffer} original an ELF64 little-endian shared object
 * @returns {Buffer} a copy that no longer needs GLIBC_2.38
 * @throws {Cure} where anything but the three C23 twins needs it, or the layout is not the known one
 */
export function mendElf(original) {
  const elf = Buffer.from(original)
  const sections = readSections(elf)
  const need = findVersionNeed(elf, sections.versionNeeds, sections.strings)
  const symbols = symbolsOfVersion(elf, sections, need.version)
  const unknown = symbols.filter(symbol => !C23_TWINS.has(symbol.name))
  if (unknown.length > 0) {
    refuse(`${unknown.map(symbol => symbol.name).join(', ')} needs ${MISSING_VERSION} too`)
  }
  for (const symbol of symbols) {
    // "strtol" is the tail of "__isoc23_strtol", so the plain name is in the string table already.
    elf.writeUInt32LE(elf.readUInt32LE(symbol.at) + C23_PREFIX.length, symbol.at)
    elf.writeUInt16LE(VERSION_GLOBAL, symbol.versionAt)
  }
  elf.writeUInt16LE(elf.readUInt16LE(need.flagsAt) | WEAK, need.flagsAt)
  return elf
}

/** Offsets and sizes of the four sections that matter. @param {Buffer} elf */
function readSections(elf) {
  const isElf64Little = elf.length > 64 && elf.readUInt32BE(0) === 0x7f454c46 && elf[4] === 2 && elf[5] === 1
  if (!isElf64Little) refuse('it is not a 64-bit little-endian ELF file')
  const table = Number(elf.readBigUInt64LE(0x28))
  const size = elf.readUInt16LE(0x3a)
  const count = elf.readUInt16LE(0x3c)
  if (size !== 64 || table + size * count > elf.length) refuse('its section table is not where it should be')
  const all = Array.from({ length: count }, (_, index) => {
    const at = table + index * size
    return {
      type: elf.readUInt32LE(at + 4),
      at: Number(elf.readBigUInt64LE(at + 0x18)),
      length: Number(elf.readBigUInt64LE(at + 0x20)),
      link: elf.readUInt32LE(at + 0x28),
    }
  })
  const symbols = only(all, 11, '.dynsym')
  const strings = all[symbols.link]
  if (strings?.type !== 3) refuse('.dynsym has no string table')
  return {
    symbols,
    strings,
    versions: only(all, 0x6fffffff, '.gnu.version'),
    versionNeeds: only(all, 0x6ffffffe, '.gnu.version_r'),
  }
}

/** @template {{type: number}} S @param {S[]} sections @param {number} type @param {string} name */
function only(sections, type, name) {
  const found = sections.filter(section => section.type === type)
  if (found.length !== 1) refuse(`it has ${found.length} ${name} sections`)
  return found[0]
}

/** The entry of .gnu.version_r that asks libc for the missing version. */
function findVersionNeed(elf, section, strings) {
  const found = []
  for (let file = section.at, next = -1; next !== 0; file += next) {
    let entry = file + elf.readUInt32LE(file + 8)
    for (let left = elf.readUInt16LE(file + 2); left > 0; left--) {
      if (text(elf, strings, elf.readUInt32LE(entry + 8)) === MISSING_VERSION) {
        found.push({
          library: text(elf, strings, elf.readUInt32LE(file + 4)),
          flagsAt: entry + 4,
          version: elf.readUInt16LE(entry + 6),
        })
      }
      entry += elf.readUInt32LE(entry + 12)
    }
    next = elf.readUInt32LE(file + 12)
  }
  if (found.length !== 1 || found[0].library !== 'libc.so.6') {
    refuse(`${MISSING_VERSION} is needed of ${found.map(need => need.library).join(', ') || 'no library'}`)
  }
  return found[0]
}

function symbolsOfVersion(elf, { symbols, strings, versions }, version) {
  const count = symbols.length / 24
  if (versions.length !== count * 2) refuse('.gnu.version does not fit .dynsym')
  const found = []
  for (let index = 0; index < count; index++) {
    const at = symbols.at + index * 24
    const versionAt = versions.at + index * 2
    // The top bit of a version only means "hidden".
    if ((elf.readUInt16LE(versionAt) & 0x7fff) !== version) continue
    found.push({ at, versionAt, name: text(elf, strings, elf.readUInt32LE(at)) })
  }
  if (found.length === 0) refuse(`no symbol needs ${MISSING_VERSION}`)
  return found
}

function text(elf, strings, offset) {
  if (offset >= strings.length) refuse('a name lies outside its string table')
  const start = strings.at + offset
  return elf.toString('latin1', start, elf.indexOf(0, start))
}

/** @param {string} why @returns {never} */
function refuse(why) {
  throw new Cure(`uWebSockets.js needs glibc 2.38 and cannot be mended: ${why}.\n${CURE}`)
}

/** Loads a binary in a process of its own, because a bad one may take its process along. */
function whyNotLoaded(node, path) {
  try {
    execFileSync(node, ['-e', 'require(process.argv[1])', path], {
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: 20_000,
    })
    return null
  } catch (error) {
    const lines = String(error.stderr || error.message).split('\n')
    return lines.find(line => line.startsWith('Error:')) ?? lines.filter(Boolean).slice(0, 3).join(' ')
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const outcome = mendUWebSockets()
    if (outcome === 'absent')
      console.warn('uWebSockets.js is not installed: the realtime tier will not start.')
    if (outcome === 'mended')
      console.log('uWebSockets.js mended to load on this glibc (the original is kept beside it).')
  } catch (error) {
    console.error(error instanceof Cure ? error.message : error)
    process.exitCode = 1
  }
}
