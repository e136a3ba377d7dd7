/**
 * Signed proof of a place, kept by the visitor: it brings the place back where Redis lost it. A JWT keyed by a secret
 * (HS256: some 4 us; Ed25519 would be ten times that, for every place), of use to us alone.
 */
import { createSigner, createVerifier } from 'fast-jwt'
import type { EventId, VisitorId } from '../shared/ids.ts'

export interface Receipt {
  eventId: EventId
  visitorId: VisitorId
  score: number
  generation: number
  /** `pre`: the draw is still to come, and the score is only of arrival. */
  phase: 'line' | 'pre'
  /** When the visitor was last known to be there, ms. */
  seen: number
}

interface Claims {
  sub: VisitorId
  event: EventId
  score: number
  gen: number
  phase: Receipt['phase']
  seen: number
}

/** A receipt is some 300 bytes; anything far longer is none. */
const LONGEST = 1_024

export class Receipts {
  readonly #sign: (claims: Claims) => string
  readonly #verify: (token: string) => Claims

  constructor(key: Buffer) {
    this.#sign = createSigner({ key, algorithm: 'HS256', aud: 'receipt', noTimestamp: true })
    this.#verify = createVerifier({
      key,
      algorithms: ['HS256'],
      allowedAud: 'receipt',
      requiredClaims: ['sub', 'event', 'score', 'gen'],
    })
  }

  issue(receipt: Receipt): string {
    const { visitorId, eventId, score, generation, phase, seen } = receipt
    return this.#sign({ sub: visitorId, event: eventId, score, gen: generation, phase, seen })
  }

  /** Undefined where it is not ours, or of another visitor or event: it proves nothing then. */
  check(token: string, event: EventId, visitor: VisitorId): Receipt | undefined {
    if (token.length > LONGEST) return undefined
    try {
      const { sub, event: of, score, gen, phase, seen } = this.#verify(token)
      if (sub !== visitor || of !== event) return undefined
      return { eventId: of, visitorId: sub, score, generation: gen, phase, seen }
    } catch {
      return undefined
    }
  }
}
