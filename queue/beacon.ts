/**
 * Public randomness that nobody can know before its time: rounds of drand's network `quicknet`, one every 3 s. A round is a
 * BLS signature (BLS12-381, on G1) of its number by a known key, so whoever brings it is not believed but checked; its
 * randomness is the signature's SHA-256. https://docs.drand.love/docs/specification
 */
import { createHash } from 'node:crypto'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { isRoundBeside } from './draw-thread.ts'

export const QUICKNET = {
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  /** Of round 1, ms. */
  genesis: 1_692_803_367_000,
  period: 3_000,
} as const

/** When this round is made, ms. */
export function roundAt(round: number): number {
  return QUICKNET.genesis + (round - 1) * QUICKNET.period
}

export function randomnessOf(signature: Uint8Array): Buffer {
  return createHash('sha256').update(signature).digest()
}

const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_'

/** Some 0.1 s of work: a server asks its thread, `isRoundBeside`. */
export function isRound(round: number, signature: Uint8Array): boolean {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(round))
  const message = createHash('sha256').update(number).digest()
  const { shortSignatures } = bls12_381
  try {
    const key = Buffer.from(QUICKNET.publicKey, 'hex')
    return shortSignatures.verify(signature, shortSignatures.hash(message, DOMAIN), key)
  } catch {
    // Not a point of the curve.
    return false
  }
}

/** The signature of a round; undefined while it cannot be had. `end`: the process stops. */
export type BeaconSource = (round: number, end: AbortSignal) => Promise<Buffer | undefined>

const RELAYS = ['https://api.drand.sh', 'https://drand.cloudflare.com', 'https://api2.drand.sh']
const FETCH_MS = 2_000

/** From drand's public relays, one after the other. */
export const drandRelays: BeaconSource = async (round, end) => {
  for (const relay of RELAYS) {
    const url = `${relay}/${QUICKNET.chain}/public/${round}`
    const signature = await fetchRound(url, end).catch(() => undefined)
    end.throwIfAborted()
    if (signature !== undefined && (await isRoundBeside(round, signature, end))) return signature
  }
  return undefined
}

async function fetchRound(url: string, end: AbortSignal): Promise<Buffer | undefined> {
  const response = await fetch(url, { signal: AbortSignal.any([end, AbortSignal.timeout(FETCH_MS)]) })
  if (!response.ok) return undefined
  const body: unknown = await response.json()
  if (typeof body !== 'object' || body === null || !('signature' in body)) return undefined
  return typeof body.signature === 'string' ? Buffer.from(body.signature, 'hex') : undefined
}
