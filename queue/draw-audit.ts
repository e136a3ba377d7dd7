/**
 * What a stranger checks of a published draw, from nothing but what was published. Written apart from the code that draws,
 * on node:crypto alone, so that a fault there is found here.
 */
import { createHash, createHmac } from 'node:crypto'
import { isRound, QUICKNET, randomnessOf, roundAt } from './beacon.ts'

/** The body of GET /events/:eventId/queue/draw. Bytes as hex, times as ms since 1970; null: not yet, or none. */
export interface PublishedDraw {
  eventId: string
  generation: number
  method: 'random'
  /** SHA-256 of the secret, told when the line was planned. */
  commitment: string
  promisedAt: number
  beacon: PublishedBeacon | null
  closedAt: number | null
  entrants: number | null
  root: string | null
  /** Files of the entrants, and entrants in each but the last. */
  chunks: number | null
  chunkSize: number
  secret: string | null
  seed: string | null
  drawnAt: number | null
  note: string
}

export interface PublishedBeacon {
  network: string
  round: number
  /** When the round is made. */
  at: number
  signature: string | null
  randomness: string | null
  /** An operator went on without it. */
  dropped: boolean
}

export interface Audit {
  /** What contradicts the promise; empty where the draw is sound. */
  faults: string[]
  /** What is allowed and weakens it. */
  remarks: string[]
  /** Entrants, hex, the best first. */
  order: string[]
}

const MEMBER_BYTES = 14

/** `members`: the entrants' files, one after the other. */
export function auditDraw(draw: PublishedDraw, members: Buffer): Audit {
  const { commitment, beacon } = draw
  const faults: string[] = []
  const remarks: string[] = []
  const [root, secret, seed] = [draw.root, draw.secret, draw.seed].map(text => Buffer.from(text ?? '', 'hex'))
  if (root!.length !== 32 || secret!.length !== 32 || seed!.length !== 32)
    return {
      faults: ['the draw has not been made yet: root, secret and seed must be known'],
      remarks,
      order: [],
    }

  if (sha256(secret!).toString('hex') !== commitment)
    faults.push('the secret is not the one that was promised: its SHA-256 is not the commitment')
  if (members.length !== (draw.entrants ?? 0) * MEMBER_BYTES)
    faults.push(`the files hold ${members.length / MEMBER_BYTES} entrants, and ${draw.entrants} were counted`)
  if (!treeOf(members).equals(root!))
    faults.push(
      'the root is not that of the entrants: one was added, left out, changed or moved after it was told',
    )
  const randomness = beacon === null ? Buffer.alloc(0) : beaconOf(beacon, draw, faults, remarks)
  if (!sha256(secret!, root!, randomness).equals(seed!))
    faults.push('the seed is not the SHA-256 of secret, root and beacon')
  if (new Set(split(members)).size !== Math.floor(members.length / MEMBER_BYTES))
    faults.push('an entrant has more than one lot')
  return { faults, remarks, order: orderOf(seed!, members) }
}

function beaconOf(
  beacon: PublishedBeacon,
  { closedAt }: PublishedDraw,
  faults: string[],
  remarks: string[],
): Buffer {
  const { round, signature, dropped } = beacon
  if (dropped) {
    remarks.push(
      `the operator went on without round ${round}: who knew the secret knew the order it would give`,
    )
    return Buffer.alloc(0)
  }
  const bytes = Buffer.from(signature ?? '', 'hex')
  if (beacon.network !== QUICKNET.chain || !isRound(round, bytes))
    faults.push(`the beacon is not round ${round} of drand quicknet: its signature does not verify`)
  if (closedAt !== null && roundAt(round) <= closedAt)
    faults.push(`round ${round} was known before entries closed: it proves nothing`)
  return randomnessOf(bytes)
}

/** RFC 6962, row by row. */
function treeOf(members: Buffer): Buffer {
  let row: Buffer[] = []
  for (let at = 0; at < members.length; at += MEMBER_BYTES)
    row.push(sha256(Buffer.of(0), members.subarray(at, at + MEMBER_BYTES)))
  if (row.length === 0) return sha256()
  while (row.length > 1) {
    const above: Buffer[] = []
    for (let i = 0; i < row.length; i += 2) {
      const [left, right] = [row[i]!, row[i + 1]]
      above.push(right === undefined ? left : sha256(Buffer.of(1), left, right))
    }
    row = above
  }
  return row[0]!
}

/** By the first 52 bits of the lot, then by the bytes of the entrant. */
function orderOf(seed: Buffer, members: Buffer): string[] {
  return split(members)
    .map(entrant => {
      const lot = createHmac('sha256', seed).update(Buffer.from(entrant, 'hex')).digest()
      return { entrant, lot: Number(lot.readBigUInt64BE() >> 12n) }
    })
    .toSorted((a, b) => a.lot - b.lot || (a.entrant < b.entrant ? -1 : 1))
    .map(({ entrant }) => entrant)
}

function split(members: Buffer): string[] {
  const entrants: string[] = []
  for (let at = 0; at < members.length; at += MEMBER_BYTES)
    entrants.push(members.toString('hex', at, at + MEMBER_BYTES))
  return entrants
}

function sha256(...parts: Buffer[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
