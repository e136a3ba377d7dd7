/**
 * Redis against Postgres, event by event: what each seat shows, who holds it, the free units of areas, counts and lives. Redis is
 * read first and Postgres after, so a sale in between looks like a fault, once; the audit looks twice.
 */
import type { BookingId, EventId } from '../../shared/ids.ts'
import { SECOND, TAKE_TTL_MS } from '../../shared/limits.ts'
import { STATUS, STATUS_NAMES, type Stock } from '../../shared/seats/inventory.ts'
import type { AuditParts } from './audit.ts'
import type { Fault } from './fault.ts'
import {
  type HoldParts,
  readHolds,
  readSeatState,
  readSeats,
  type SeatState,
  walkHoldKeys,
} from './seat-state.ts'
import { eventsWithSeats, type SeatTruth, seatTruth } from './seat-truth.ts'
import { inSnapshot } from './snapshot.ts'
import { visitorLook } from './visitor-look.ts'

/** Sweepers that were not told of a hold come twice a minute. */
const UNSWEPT_MS = 60 * SECOND
/** Redis ends keys some ms after their time. */
const CLOCK_SLACK_MS = SECOND

interface Look {
  event: EventId
  stock: Stock
  state: SeatState
  truth: SeatTruth
  holds: Map<string, HoldParts | undefined>
}

export async function seatLook(
  parts: AuditParts,
  jobs: boolean,
): Promise<{ faults: Fault[]; events: number }> {
  const events = await inSnapshot(parts.pool, eventsWithSeats)
  const walked = await walkHoldKeys(parts, events)
  const faults: Fault[] = []
  for (const event of events) {
    const stock = (await parts.events.find(event))?.stock
    if (stock === undefined) continue
    const state = await readSeatState(parts, stock)
    const truth = await inSnapshot(parts.pool, snapshot => seatTruth(snapshot, event, jobs))
    const there = walked.get(event) ?? { seats: [], bookings: [] }
    if (state === undefined) {
      const detail = `generation ${truth.generation}`
      faults.push({ kind: 'not_in_redis', place: event, detail, repair: { do: 'rebuild', eventId: event } })
      continue
    }
    const named = new Set([...state.expiries.keys(), ...there.bookings, ...truth.bookings.keys()])
    const holds = await readHolds(parts, event, [...named])
    const look = { event, stock, state, truth, holds }
    faults.push(...livesOf(look), ...seatsOf(look), ...holdsOf(look), ...unitsOf(look))
    faults.push(...(await keysOf(parts, look, there.seats)))
    faults.push(...(await visitorLook(parts, event, truth, holds, state.now)))
  }
  return { faults, events: events.length }
}

function livesOf({ event, state, truth }: Look): Fault[] {
  const faults: Fault[] = []
  const repair = { do: 'rebuild', eventId: event } as const
  if (state.generation !== truth.generation || state.epoch !== truth.epoch)
    faults.push({
      kind: 'generation_wrong',
      place: event,
      detail: `Redis ${state.generation}, epoch ${state.epoch}; Postgres ${truth.generation}, epoch ${truth.epoch}`,
      repair,
    })
  if (state.seats !== truth.seats || state.units !== truth.units)
    faults.push({
      kind: 'seats_missing',
      place: event,
      detail: `Redis ${state.seats} seats and ${state.units} units, Postgres ${truth.seats} and ${truth.units}`,
    })
  const free = state.status.reduce((sum, status) => sum + (status === STATUS.available ? 1 : 0), 0)
  if (free !== state.free)
    faults.push({ kind: 'free_wrong', place: event, detail: `${state.free}, but ${free} are free`, repair })
  return faults
}

/** Sold and blocked seats, both ways. */
function seatsOf({ event, state, truth }: Look): Fault[] {
  const faults: Fault[] = []
  for (const [seat, status] of state.status.entries()) {
    const decided = truth.decided.get(seat)
    const right =
      decided === undefined
        ? status === STATUS.available || status === STATUS.held
        : status === decided.status
    if (right || truth.pending.has(seat)) continue
    const shown = STATUS_NAMES[status as 0 | 1 | 2 | 3]
    faults.push({
      kind: 'seat_wrong',
      place: `${event}-${seat}`,
      detail: `shown ${shown}, ${decided?.why ?? 'neither sold nor blocked'}`,
      repair: { do: 'show', eventId: event, seats: [seat] },
    })
  }
  return faults
}

/** Holds against live bookings, both ways. */
function holdsOf({ event, state, truth, holds }: Look): Fault[] {
  const faults: Fault[] = []
  for (const [id, hold] of holds) {
    const booking = truth.bookings.get(id)
    if (
      booking !== undefined &&
      booking.until > state.now + CLOCK_SLACK_MS &&
      !holdsAll(id, hold, booking.seats)
    ) {
      const lost = `${booking.status}, seats {${booking.seats.join(',')}}`
      // A process died between the insert and the activation: nobody was told of the booking.
      const kind = booking.status === 'in_progress' ? 'never_held' : 'hold_missing'
      faults.push({ kind, place: id, detail: `${event}: ${lost}` })
    }
    if (hold === undefined) continue
    const release = { do: 'release', eventId: event, bookingId: id as BookingId } as const
    if (hold.ends === undefined || hold.until === 0)
      faults.push({
        kind: 'hold_torn',
        place: id,
        detail: `${event}: ${hold.until === 0 ? 'what it holds' : 'its end'} is missing`,
        repair: release,
      })
    else if (hold.ends < state.now - UNSWEPT_MS)
      faults.push({
        kind: 'hold_unswept',
        place: id,
        detail: `${event}: ended ${timeOf(hold.ends)}`,
        repair: release,
      })
    else if (booking === undefined && hold.ends > state.now + TAKE_TTL_MS + CLOCK_SLACK_MS)
      faults.push({
        kind: 'hold_orphaned',
        place: id,
        detail: `${event}: until ${timeOf(hold.ends)}`,
        repair: release,
      })
  }
  return faults
}

function holdsAll(id: string, hold: HoldParts | undefined, wanted: number[]): boolean {
  if (hold === undefined) return false
  const has = new Set([...hold.seats.filter((_, at) => hold.owners[at] === id), ...hold.units])
  return wanted.every(seat => has.has(seat))
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

function unitsOf({ event, stock, state }: Look): Fault[] {
  return stock.areas.flatMap(({ first, capacity }, area): Fault[] => {
    const listed = (state.freeUnits[area] ?? []).toSorted((a, b) => a - b)
    const free = Array.from({ length: capacity }, (_, unit) => first + unit).filter(
      index => state.status[index] === STATUS.available,
    )
    if (listed.join() === free.join()) return []
    const odd = new Set(
      [...listed, ...free].filter(index => !listed.includes(index) || !free.includes(index)),
    )
    const detail = `${listed.length} listed, ${free.length} free; not in both: ${[...odd].slice(0, 10).join(', ') || 'none, but some twice'}`
    return [
      {
        kind: 'units_wrong',
        place: `${event} area ${area}`,
        detail,
        repair: { do: 'rebuild', eventId: event },
      },
    ]
  })
}

/** Seats shown held without a hold, and keys of seats that are shown otherwise: asked again, bit and key in one moment. */
async function keysOf(
  parts: AuditParts,
  { event, stock, state, holds, truth }: Look,
  walked: number[],
): Promise<Fault[]> {
  const held = [...state.status.keys()].filter(index => state.status[index] === STATUS.held)
  const owned = new Set([...holds.values()].flatMap(hold => [...(hold?.seats ?? []), ...(hold?.units ?? [])]))
  const alone = held.filter(index => !owned.has(index) && !truth.pending.has(index))
  const odd = walked.filter(seat => seat < stock.seats && state.status[seat] !== STATUS.held)
  const again = await readSeats(parts, event, [...new Set([...alone, ...odd])])
  return again.flatMap(({ seat, status, owner }): Fault[] => {
    const place = `${event}-${seat}`
    if (status !== STATUS.held && owner !== null)
      return [
        {
          kind: 'key_not_shown',
          place,
          detail: `shown ${STATUS_NAMES[status]}, its key names ${owner}`,
          repair: { do: 'release', eventId: event, bookingId: owner as BookingId },
        },
      ]
    if (status === STATUS.held && owner === null && !owned.has(seat))
      return [
        {
          kind: 'seat_held_by_nobody',
          place,
          detail: 'no key and no hold names it',
          repair: { do: 'show', eventId: event, seats: [seat] },
        },
      ]
    return []
  })
}
