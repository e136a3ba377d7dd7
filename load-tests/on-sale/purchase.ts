/** From an admitted fan's first look at the seats to the end of the evening: choose, hold, pay; or lose, abandon, vanish. */
import { between } from '../chance.ts'
import type { Answer, Calls } from './calls.ts'
import type { Crowd } from './fan.ts'
import * as measures from './measures.ts'

/** What a purchase needs of its fan. */
export interface Purchase {
  readonly number: number
  readonly random: () => number
  readonly crowd: Crowd
  readonly calls: Calls
  readonly token: string
  readonly pass: string | undefined
  readonly timeIsUp: boolean
  pause(ms: number): Promise<void>
  leave(): void
  fail(why: measures.Failure): 'failed'
}

const VANISHES = 0.05
const ABANDONS = 0.12
const DECLINED_FIRST = 0.1
/** Standing room, where an event has both. */
const STANDS = 0.2
/** A fan who lost so many races goes home. */
const TRIES = 6
const LOOKS_MS = [500, 3_000] as const
const TYPES_CARD_MS = [1_000, 4_000] as const
const ASK_EVERY_MS = 500
const SETTLED_WITHIN_MS = 40_000
const GOOD_CARD = 'pm_card_visa'
const BAD_CARD = 'pm_card_visa_chargeDeclined'

export async function purchase(fan: Purchase): Promise<measures.Outcome> {
  for (let tries = 0; tries < TRIES; tries++) {
    await fan.pause(between(fan.random, ...LOOKS_MS))
    if (fan.timeIsUp) {
      fan.leave()
      return 'still_there'
    }
    const wanted = choice(fan)
    if (wanted === undefined) break
    const answer = await fan.calls.hold(fan.crowd.sale.eventId, fan.token, fan.pass, wanted)
    if (answer.status === 201) {
      measures.hold.add(answer.tookMs)
      measures.holds.add(1)
      return withHold(fan, String(answer.body['bookingId']))
    }
    if (answer.code === 'hold_conflict') {
      measures.hold.add(answer.tookMs)
      measures.conflicts.add(1)
    } else if (answer.code === 'waiting_room_required' || answer.code === 'pass_expired') return 'turn_over'
    else if (answer.code !== 'sold_out') return fan.fail('hold')
  }
  fan.leave()
  return 'empty_handed'
}

/** The body of a hold; undefined where nothing is left. */
function choice({ random, crowd: { house, sale } }: Purchase): object | undefined {
  const wanted = Math.min(sale.maxTickets, 1 + Math.floor(4 * random() ** 1.2))
  const area = house.roomiest(wanted)
  const stand = area !== undefined && (house.seats === 0 || random() < STANDS)
  const seats = stand ? [] : house.pick(wanted, random)
  if (seats.length > 0) return { ticketIds: seats.map(index => `${sale.eventId}-${index}`) }
  return area === undefined ? undefined : { areas: [{ areaId: sale.areas[area], quantity: wanted }] }
}

async function withHold(fan: Purchase, bookingId: string): Promise<measures.Outcome> {
  const whim = fan.random()
  if (whim < VANISHES) return 'vanished'
  await fan.pause(between(fan.random, ...TYPES_CARD_MS))
  if (whim < VANISHES + ABANDONS) {
    const { status } = await fan.calls.cancel(bookingId, fan.token)
    fan.leave()
    return status === 200 ? 'abandoned' : fan.fail('hold')
  }
  if (fan.random() < DECLINED_FIRST) {
    const { code } = await fan.calls.confirm(bookingId, fan.token, BAD_CARD, fan.number)
    if (code !== 'card_declined') return fan.fail('payment')
    measures.declined.add(1)
    await fan.pause(between(fan.random, ...TYPES_CARD_MS))
  }
  return pay(fan, bookingId)
}

async function pay(fan: Purchase, bookingId: string): Promise<measures.Outcome> {
  const began = Date.now()
  let answer = await fan.calls.confirm(bookingId, fan.token, GOOD_CARD, fan.number)
  let took = answer.tookMs
  while (isPending(answer) && Date.now() - began < SETTLED_WITHIN_MS) {
    await fan.pause(ASK_EVERY_MS)
    answer = await fan.calls.booking(bookingId, fan.token)
    took = Date.now() - began
  }
  if (answer.status === 200 && answer.body['status'] === 'confirmed') {
    measures.payment.add(took)
    count(fan.crowd, answer)
    return 'bought'
  }
  const lost = answer.code === 'booking_expired' || answer.code === 'hold_conflict'
  return lost ? 'turn_over' : fan.fail('payment')
}

function isPending({ status, body }: Answer): boolean {
  return status === 200 && body['status'] !== 'confirmed' && body['status'] !== 'expired'
}

function count({ bought }: Crowd, { body }: Answer): void {
  const tickets = Array.isArray(body['tickets']) ? (body['tickets'] as { ticketId: string }[]) : []
  measures.ticketsBought.add(tickets.length)
  for (const { ticketId } of tickets) {
    if (bought.has(ticketId)) measures.soldTwice.add(1)
    bought.add(ticketId)
  }
}
