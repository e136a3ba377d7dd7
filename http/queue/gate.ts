/** What the waiting room answers to whom it does not let in: one answer for seats, tickets and bookings. */
import type { Gate, Queue } from '../../queue/queue.ts'
import { Problem } from '../../shared/errors.ts'
import type { EventId, VisitorId } from '../../shared/ids.ts'
import type { SentPass } from '../middleware/session.ts'

/** A pass comes by the queue, not by calling again: no faster than its own rounds. */
export const TURN_RETRY_SECONDS = 5
const MOST_RETRY_SECONDS = 60

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
  const members = { queue: `/events/${event}/queue` }
  if (code !== 'waiting_room_required') return new Problem(code, detailOf(code, event), { members })
  return new Problem(code, detailOf(code, event), { retryAfter: patience(gate.doorsInMs), members })
}

/** Whoever calls again without a pass is to wait for the doors; a bound, as an operator may open them sooner. */
function patience(doorsInMs: number | undefined): number {
  if (doorsInMs === undefined) return TURN_RETRY_SECONDS
  return Math.min(Math.max(Math.ceil(doorsInMs / 1_000), 1), MOST_RETRY_SECONDS)
}

function detailOf(code: Refusal, event: EventId): string {
  const path = `/events/${event}/queue`
  switch (code) {
    case 'waiting_room_required':
      return `This event has a waiting room: join it with POST ${path}, ask GET ${path} until place.pass comes, and send that in the header X-Onsale-Pass.`
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
