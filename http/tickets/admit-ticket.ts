/** At the door: a ticket lets one person in, once, whoever scans it and however often. */
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { splitTicketId } from '../../shared/ids.ts'
import { transaction } from '../../shared/postgres.ts'
import type { HttpDeps } from '../deps.ts'
import type { TicketCodes } from './ticket-codes.ts'
import { lockTicket, type Scan, type TicketAtDoor, writeScan } from './ticket-store.ts'

export interface Admitted {
  ticketId: string
  index: number
  serial: number
  ticketType: string
  at: number
  disputed: boolean
}

/** @throws Problem that says why nobody comes in with it */
export async function admitTicket(
  { pool, config }: Pick<HttpDeps, 'pool' | 'config'>,
  codes: TicketCodes,
  event: EventRecord,
  code: string,
  by: Pick<Scan, 'gate' | 'operator'>,
): Promise<Admitted> {
  const proof = codes.check(code)
  const place = proof.ok ? splitTicketId(proof.value.ticketId) : undefined
  if (!proof.ok || place === undefined)
    throw new Problem('ticket_invalid', 'The code is not signed by this box office.')
  const { ticketId, serial } = proof.value
  if (place.eventId !== event.eventId)
    throw new Problem('ticket_foreign', `The ticket is for ${place.eventId}.`, {
      members: { ticketId, eventId: place.eventId },
    })
  return transaction(pool, async client => {
    const ticket = await lockTicket(client, event.eventId, place.index)
    const refusal = refusalOf(ticket, ticketId, serial, config.SCAN_DISPUTED === 'refuse')
    if (refusal !== undefined || ticket === undefined) throw refusal
    const scan = await writeScan(client, event.eventId, place.index, serial, by)
    if (!scan.first) {
      const { gate, operator } = scan
      const at = new Date(scan.at).toISOString()
      throw new Problem(
        'ticket_admitted',
        `Somebody came in with it at ${at}${gate === '' ? '' : `, ${gate}`}.`,
        {
          members: { ticketId, at, gate, operator },
        },
      )
    }
    const { ticketType, disputed } = ticket
    return { ticketId, index: place.index, serial, ticketType, at: scan.at, disputed }
  })
}

function refusalOf(
  ticket: TicketAtDoor | undefined,
  ticketId: string,
  serial: number,
  refuseDisputed: boolean,
): Problem | undefined {
  const extra = { members: { ticketId } }
  if (ticket === undefined || serial > ticket.serial)
    return new Problem('ticket_invalid', 'This ticket was never sold here.', extra)
  if (serial < ticket.serial || !ticket.sold)
    return new Problem(
      'ticket_returned',
      'The ticket was returned; its seat may be somebody else’s by now.',
      extra,
    )
  if (!ticket.paid) return new Problem('tickets_not_ready', 'The payment is not through.', extra)
  if (ticket.disputed && refuseDisputed)
    return new Problem('ticket_disputed', 'The buyer disputes the payment at the bank.', extra)
  return undefined
}
