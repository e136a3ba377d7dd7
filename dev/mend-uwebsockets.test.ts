/**
 * Works on copies of the binary that npm installed, so it says something about the very file that `npm start` would mend.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mendElf, mendFile, mendUWebSockets } from './mend-uwebsockets.mjs'

const installed = join(
  import.meta.dirname,
  '../node_modules/uWebSockets.js',
  `uws_linux_x64_${process.versions.modules}.node`,
)
const original = existsSync(`${installed}.orig`) ? `${installed}.orig` : installed
const refused = "Error: libc.so.6: version `GLIBC_2.38' not found (required by the copy)"

let folder: string
let copy: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onsale-mend-'))
  copy = join(folder, 'copy.node')
  if (existsSync(original)) copyFileSync(original, copy)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A loader that refuses the copy until its bytes differ from the original's. */
const untilChanged = (path: string) => (readFileSync(path).equals(readFileSync(original)) ? refused : null)

const noBinary = !existsSync(original)

test.skipIf(noBinary)(
  '[R70] a binary that the loader refuses for GLIBC_2.38 is mended, and the original kept beside it',
  () => {
    expect(mendFile(copy, untilChanged)).toBe('mended')
    expect(readFileSync(`${copy}.orig`).equals(readFileSync(original))).toBe(true)
    expect(readdirSync(folder).sort()).toEqual(['copy.node', 'copy.node.orig'])
  },
)

test.skipIf(noBinary)('[R70] the mended binary loads in this very Node', () => {
  writeFileSync(copy, mendElf(readFileSync(original)))
  execFileSync(process.execPath, ['-e', 'require(process.argv[1])', copy])
})

test.skipIf(noBinary)('[R71] a second run touches nothing', () => {
  mendFile(copy, untilChanged)
  const mended = readFileSync(copy)
  expect(mendFile(copy, untilChanged)).toBe('loads')
  expect(readFileSync(copy).equals(mended)).toBe(true)
})

test.skipIf(noBinary)('[R72] a fourth symbol that needs GLIBC_2.38 is refused by name', () => {
  const elf = readFileSync(original)
  // Same length, other name: the binary then asks 2.38 for a function that we know nothing of.
  elf.write('__isoc23_strxyz', elf.indexOf('__isoc23_sscanf'))
  writeFileSync(copy, elf)
  expect(() => mendFile(copy, () => refused)).toThrow(/__isoc23_strxyz needs GLIBC_2\.38 too.*\n.*Debian 13/)
  expect(readFileSync(copy).equals(elf)).toBe(true)
  expect(existsSync(`${copy}.orig`)).toBe(false)
})

test.skipIf(noBinary)('[R72] any other complaint of the loader is passed on, not mended', () => {
  const complaint = "Error: libc.so.6: version `GLIBC_2.36' not found"
  expect(() => mendFile(copy, () => complaint)).toThrow(/GLIBC_2\.36' not found\nCure: /)
  expect(existsSync(`${copy}.orig`)).toBe(false)
})

test.skipIf(noBinary)('[R72] a mended binary that still does not load is thrown away', () => {
  expect(() => mendFile(copy, () => refused)).toThrow(/does not load even when mended/)
  expect(readFileSync(copy).equals(readFileSync(original))).toBe(true)
  expect(readdirSync(folder)).toEqual(['copy.node'])
})

test('[R72] a file of another layout is refused', () => {
  expect(() => mendElf(Buffer.alloc(4096))).toThrow(/not a 64-bit little-endian ELF/)
})

test('[R73] a missing uWebSockets.js does not break an install', () => {
  expect(mendUWebSockets({ root: dirname(folder), node: process.execPath })).toBe('absent')
})
