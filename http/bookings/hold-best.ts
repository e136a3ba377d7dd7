/**
 * Holding the best seats that can be had: chosen on a picture of the house, taken as others are, and where somebody
 * was quicker, others chosen. Where nothing fits, the refusal says what would.
 */
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { ticketId } from '../../shared/ids.ts'
import {
  bestApart,
  bestTogether,
  countFree,
  type Together,
  type Wish,
} from '../../shared/seats/best-available.ts'
import { type BestAvailable, quantityOf, standingOf, wishOf } from './best-wish.ts'
import { checkCount, HoldBody, orderOf } from './order.ts'
import { totalOf } from './pricing.ts'
import type { Sales } from './sales.ts'
import type { Picture } from './seat-pictures.ts'

/** On one picture of the house; then it is looked at anew. */
const TRIES_A_PICTURE = 8
/** Whoever meets others so often is told to come again: the house is all but sold. */
const PICTURES = 4

type Attempt<T> = (chosen: HoldBody) => Promise<T>

/** Checks what is asked for, then answers who chooses: until an attempt holds something, or nothing is left. @throws Problem */
export function chooserOf(
  sales: Sales,
  event: EventRecord,
  asked: BestAvailable,
): <T>(attempt: Attempt<T>) => Promise<T> {
  checkCount(quantityOf(asked), sales.config.MAX_TICKETS_PER_BOOKING)
  const wish = wishOf(event, asked)
  return attempt => choose(sales, event, asked, wish, attempt)
}

async function choose<T>(
  sales: Sales,
  event: EventRecord,
  asked: BestAvailable,
  wish: Wish,
  attempt: Attempt<T>,
): Promise<T> {
  for (let look = 0; look < PICTURES; look++) {
    const picture = await sales.step('hold.picture', () => sales.pictures.read(event))
    const best = picture.best(wish, asked.together)
    if (best.choices.length === 0) return standing(event, asked, wish, picture, attempt)
    for (let tries = 0; tries < TRIES_A_PICTURE; tries++) {
      const seats = picture.pick(best, sales.chance.fraction(), look + tries > 0)
      if (seats === undefined) break
      const held = await picture.trying(seats, () => tryOnce(attempt, bodyOf(event, seats, asked.ticketType)))
      picture.met(!held.ok)
      if (held.ok) return held.value
    }
  }
  throw new Problem('unavailable', 'So many are choosing at once that every choice was gone. Try again.', {
    retryAfter: 1,
  })
}

async function tryOnce<T>(
  attempt: Attempt<T>,
  chosen: HoldBody,
): Promise<{ ok: true; value: T } | { ok: false }> {
  try {
    return { ok: true, value: await attempt(chosen) }
  } catch (error) {
    if (error instanceof Problem && error.code === 'hold_conflict') return { ok: false }
    throw error
  }
}

/** Where the wish allows no seat of this house, a standing area that it allows. */
async function standing<T>(
  event: EventRecord,
  asked: BestAvailable,
  wish: Wish,
  picture: Picture,
  attempt: Attempt<T>,
): Promise<T> {
  const everySeat = new Uint8Array(picture.free.length).fill(1)
  if (countFree(picture.stretches, everySeat, wish) > 0) throw refusal(event, asked, wish, picture)
  const area = standingOf(event, asked, picture.areas)
  if (area === undefined || wish.accessible > 0) throw refusal(event, asked, wish, picture)
  const { ticketType } = asked
  const line = { areaId: area.areaId, quantity: wish.quantity }
  return attempt(HoldBody.parse({ areas: [ticketType === undefined ? line : { ...line, ticketType }] }))
}

function bodyOf(event: EventRecord, seats: readonly number[], ticketType: string | undefined): HoldBody {
  const ticketIds = seats.map(index => ticketId(event.eventId, index))
  const types = ticketType === undefined ? [] : ticketIds.map(id => [id, ticketType])
  return HoldBody.parse({ ticketIds, ticketTypes: Object.fromEntries(types) })
}

/** What would fit instead: the nearest to what was asked for. */
interface Alternative {
  /** What had to be given up of it. */
  without: ('together' | 'filters' | 'quantity')[]
  quantity: number
  together: Together
  ticketIds: string[]
  amount: number
  currency: string
}

function refusal(event: EventRecord, asked: BestAvailable, wish: Wish, picture: Picture): Problem {
  const left = countFree(picture.stretches, picture.free, wish)
  const enough = left >= wish.quantity
  const alternative = alternativeOf(event, asked, wish, picture, left)
  const members = { left, ...(alternative === undefined ? {} : { alternative }) }
  return enough
    ? new Problem('not_enough_together', `No ${wish.quantity} are left together.`, { members })
    : new Problem('sold_out', `Only ${left} such tickets are left.`, { members })
}

function alternativeOf(
  event: EventRecord,
  { ticketType }: BestAvailable,
  wish: Wish,
  { stretches, free }: Picture,
  left: number,
): Alternative | undefined {
  const told = (without: Alternative['without'], together: Together, seats: number[] | undefined) => {
    if (seats === undefined) return undefined
    const body = bodyOf(event, seats, ticketType)
    const amount = totalOf(orderOf(event, body, seats.length).itemsOf(seats))
    const { ticketIds } = body
    return { without, quantity: seats.length, together, ticketIds, amount, currency: event.currency }
  }
  if (left >= wish.quantity) {
    const [apart] = bestApart(stretches, free, wish, 1).choices
    if (apart !== undefined) return told(['together'], 'apart', apart)
  }
  const anywhere = { ...wish, ...everywhere(event, wish, ticketType) }
  const side = bestTogether(stretches, free, anywhere, 1)
  if (side.choices[0] !== undefined) return told(['filters'], side.together, side.choices[0])
  for (let quantity = Math.min(wish.quantity - 1, left); quantity > 0; quantity--) {
    const fewer = { ...wish, quantity, accessible: Math.min(wish.accessible, quantity) }
    const { together, choices } = bestTogether(stretches, free, fewer, 1)
    if (choices[0] !== undefined) return told(['quantity'], together, choices[0])
  }
  return undefined
}

/** Every category and section that sells the ticket type. */
function everywhere(
  event: EventRecord,
  wish: Wish,
  ticketType: string | undefined,
): Pick<Wish, 'categories' | 'sections'> {
  const sold = new Set(
    event.prices
      .filter(price => ticketType === undefined || price.ticketType === ticketType)
      .map(p => p.category),
  )
  const categories = Uint8Array.from(event.plan.map.categories, ({ id }) => Number(sold.has(id)))
  return { categories, sections: new Uint8Array(wish.sections.length).fill(1) }
}
