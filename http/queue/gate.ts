/** What the waiting room answers to whom it does not let in: one answer for seats, tickets and bookings. */
import type { Gate, Queue } from '../../queue/queue.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventId, VisitorId } from '../../shared/ids.ts'
import type { SentPass } from '../middleware/session.ts'

type Refusal = Exclude<Gate, { ok: true }>['code']

/**
 * Undefined where the visitor may see and book the event's seats. A cookie that does not count is as none: nobody chose
 * to send it here. A header that does not count is an error of the caller, and named.
 */
export async function refusalAtGate(
  queue: Pick<Queue, 'gate'>,
  event: EventId,
  visitor: VisitorId | undefined,
  pass: SentPass | undefined,
): Promise<Problem | undefined> {
  const gate = await queue.gate(event, visitor, pass?.token)
  if (gate.ok) return undefined
  const code = pass?.byCookie === true ? 'waiting_room_required' : gate.code
  return new Problem(code, detailOf(code, event), { members: { queue: `/events/${event}/queue` } })
}

function detailOf(code: Refusal, event: EventId): string {
  const path = `/events/${event}/queue`
  switch (code) {
    case 'waiting_room_required':
      return `This event has a waiting room: join it with POST ${path}, and send the pass it gives you.`
    case 'pass_invalid':
      return 'X-Onsale-Pass is not a pass of ours, or was changed on the way: send it as the queue gave it.'
    case 'pass_expired':
      return `The time of this pass is over: join again with POST ${path}.`
    case 'pass_foreign':
      return `This pass was given to another session, or for another event: GET ${path} tells where this session stands.`
    default:
      return code satisfies never
  }
}
