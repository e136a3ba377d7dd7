/**
 * The Merkle root of a draw's entrants, as RFC 6962 builds it: leaf = SHA-256(0x00 || member), node = SHA-256(0x01 ||
 * left || right), the last of an odd row goes up as it is. A root that is published fixes who takes part.
 */
import { createHash } from 'node:crypto'
import { compress, INITIAL, wordAt } from './sha256.ts'
import { MEMBER_BYTES } from './verbs.ts'

/** Of members one after the other, in order of arrival. Half the time of node:crypto; for a thread of its own. */
export function merkleRoot(members: Uint8Array): Buffer {
  const count = members.length / MEMBER_BYTES
  if (count === 0) return createHash('sha256').digest()
  const row = leaves(members, count)
  const state = new Int32Array(8)
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    for (let i = 0; i + 1 < width; i += 2) {
      join(state, row, 8 * i)
      row.set(state, 4 * i)
    }
    if (width % 2 === 1) row.copyWithin(4 * (width - 1), 8 * (width - 1), 8 * width)
  }
  const root = Buffer.alloc(32)
  for (let i = 0; i < 8; i++) root.writeInt32BE(row[i]!, 4 * i)
  return root
}

function leaves(members: Uint8Array, count: number): Int32Array {
  const row = new Int32Array(8 * count)
  const state = new Int32Array(8)
  const block = new Int32Array(16)
  block[15] = 8 * (1 + MEMBER_BYTES)
  for (let i = 0; i < count; i++) {
    const at = i * MEMBER_BYTES
    block[0] = (members[at]! << 16) | (members[at + 1]! << 8) | members[at + 2]!
    for (let word = 1; word < 4; word++) block[word] = wordAt(members, at + 4 * word - 1)
    block[3] = (block[3]! & -256) | 0x80
    state.set(INITIAL)
    compress(state, block)
    row.set(state, 8 * i)
  }
  return row
}

const first = new Int32Array(16)
const second = new Int32Array(16)

/** state <- SHA-256(0x01 || the 16 words of `row` at `at`): 65 bytes, so every word is a byte late. */
function join(state: Int32Array, row: Int32Array, at: number): void {
  first[0] = (0x01 << 24) | (row[at]! >>> 8)
  for (let i = 1; i < 16; i++) first[i] = (row[at + i - 1]! << 24) | (row[at + i]! >>> 8)
  second[0] = (row[at + 15]! << 24) | 0x800000
  second[15] = 8 * 65
  state.set(INITIAL)
  compress(state, first)
  compress(state, second)
}
