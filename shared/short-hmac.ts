/**
 * HMAC-SHA256 (RFC 2104) of short texts, as base64url. By node:crypto's Hmac, a stream that is made anew for each, checking a
 * session was a handshake's largest part; two hashes in one call each take half as long.
 */
import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256's block and digest, bytes. */
const BLOCK = 64
const DIGEST = 32
/** Of a digest as base64url. */
const WRITTEN = 43
const LONGEST = 4_096

export class ShortHmac {
  readonly #inner = Buffer.alloc(BLOCK + LONGEST)
  readonly #outer = Buffer.alloc(BLOCK + DIGEST)
  readonly #given = Buffer.alloc(WRITTEN)
  readonly #right = Buffer.alloc(WRITTEN)

  constructor(key: Buffer) {
    const short = key.length > BLOCK ? hash('sha256', key, 'buffer') : key
    for (let i = 0; i < BLOCK; i++) {
      this.#inner[i] = (short[i] ?? 0) ^ 0x36
      this.#outer[i] = (short[i] ?? 0) ^ 0x5c
    }
  }

  /** Whether this is the text's signature, in a time that does not tell how much of it is right. False for what is no short ASCII. */
  isOf(text: string, signature: string): boolean {
    if (signature.length !== WRITTEN || text.length > LONGEST) return false
    const bytes = this.#inner.write(text, BLOCK, 'utf8')
    if (bytes !== text.length) return false
    this.#outer.write(hash('sha256', this.#inner.subarray(0, BLOCK + bytes)), BLOCK, 'hex')
    this.#right.write(hash('sha256', this.#outer, 'base64url'), 'latin1')
    if (this.#given.write(signature, 'utf8') !== WRITTEN) return false
    return timingSafeEqual(this.#given, this.#right)
  }
}
