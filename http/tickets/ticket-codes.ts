/**
 * What proves a ticket: the text of its QR code, signed so that a scanner without a network can check it with the keys at
 * /.well-known/jwks.json; and the link that opens a booking's tickets on any device.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import type { Config } from '../../shared/config.ts'
import { type BookingId, bookingId, splitTicketId, type TicketId, UUID } from '../../shared/ids.ts'
import { type Checked, checked, signingKeys, verifierOf } from '../../shared/tokens.ts'

export interface Proof {
  ticketId: TicketId
  /** Rises when the ticket is returned, so that what was printed before lets nobody in. */
  serial: number
}

interface Claims {
  sub: string
  ser: number
  iss: string
}

/** 128 bits, which nobody guesses. */
const MAC_BYTES = 16

export class TicketCodes {
  readonly #sign: (payload: object) => string
  readonly #verify: (code: string) => Checked<Claims>
  readonly #instance: string
  readonly #linkKey: Buffer

  constructor({
    PASS_PRIVATE_KEY,
    INSTANCE,
    ticketKey,
  }: Pick<Config, 'PASS_PRIVATE_KEY' | 'INSTANCE' | 'ticketKey'>) {
    const keys = signingKeys(PASS_PRIVATE_KEY)
    const { id, pem } = keys[0]!
    // Without a time a ticket has one code, wherever it is shown.
    this.#sign = createSigner({
      key: pem,
      algorithm: 'EdDSA',
      kid: id,
      aud: 'ticket',
      iss: INSTANCE,
      noTimestamp: true,
    })
    this.#verify = verifierOf(keys, 'ticket', ['sub', 'ser', 'iss'])
    this.#instance = INSTANCE
    this.#linkKey = ticketKey
  }

  /** A JWT (EdDSA): `sub` is the ticket, `ser` its serial, `iss` the installation. */
  code({ ticketId, serial }: Proof): string {
    return this.#sign({ sub: ticketId, ser: serial })
  }

  check(code: string): Checked<Proof> {
    const claims = this.#verify(code)
    if (!claims.ok) return claims
    return checked(() => {
      const { sub, ser, iss } = claims.value
      if (iss !== this.#instance || !Number.isSafeInteger(ser) || splitTicketId(sub) === undefined)
        throw new Error('another installation’s')
      return { ticketId: sub as TicketId, serial: ser }
    })
  }

  /** Opens these tickets without a session. */
  link(booking: BookingId): string {
    return `${booking}.${this.#mac(booking).toString('base64url')}`
  }

  /** Undefined where the link is not ours. */
  bookingOf(link: string): BookingId | undefined {
    const [id = '', mac = ''] = link.split('.')
    if (!UUID.test(id)) return undefined
    const given = Buffer.from(mac, 'base64url')
    const isOurs = given.length === MAC_BYTES && timingSafeEqual(given, this.#mac(id))
    return isOurs ? bookingId(id) : undefined
  }

  #mac(booking: string): Buffer {
    return createHmac('sha256', this.#linkKey).update(booking).digest().subarray(0, MAC_BYTES)
  }
}
