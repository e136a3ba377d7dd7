/**
 * Every seat of an event as JSON, written in pieces: 82,000 seats are 11 MB, which nobody should hold in memory or
 * write in one go of the event loop.
 */
import { setImmediate as breathe } from 'node:timers/promises'
import type { EventRecord } from '../../shared/event-store.ts'
import { type SeatSnapshot, STATUS_NAMES } from '../../shared/seats/inventory.ts'
import { type Row, rowLength, type Section, seatLabel } from '../../shared/seats/seat-map.ts'

/** Characters a piece: some 500 seats, a third of a millisecond. */
const PIECE = 64 * 1024

/**
 * `before` and `after` stand around the list: `{"eventId":"x","tickets":` and `}`. Bytes, so that the stream can go
 * straight to the socket.
 */
export function ticketStream(
  event: EventRecord,
  snapshot: SeatSnapshot,
  before: string,
  after: string,
): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces(event, snapshot, before, after))
}

async function* pieces(
  event: EventRecord,
  snapshot: SeatSnapshot,
  before: string,
  after: string,
): AsyncGenerator<Uint8Array> {
  let piece = `${before}[`
  let comma = ''
  for (const section of event.plan.map.sections) {
    for (const row of section.rows) {
      for (const ticket of ticketsOf(event, snapshot, section, row)) {
        piece += comma + ticket
        comma = ','
        if (piece.length < PIECE) continue
        yield Buffer.from(piece)
        piece = ''
        // A fast reader would otherwise keep us in microtasks until the end.
        await breathe()
      }
    }
  }
  yield Buffer.from(`${piece}]${after}`)
}

function* ticketsOf(
  event: EventRecord,
  { state }: SeatSnapshot,
  section: Section,
  row: Row,
): Generator<string> {
  const { ticketType, price } = defaultPrice(event, row.category)
  const place = `","section":${JSON.stringify(section.name)},"row":${JSON.stringify(row.name)},"seat":`
  const offer =
    `,"type":${JSON.stringify(ticketType)},"category":${JSON.stringify(row.category)}` +
    `,"price":${JSON.stringify(price)},"status":"`
  for (let at = 0; at < rowLength(row); at++) {
    if (row.gone?.includes(at)) continue
    const index = row.first + at
    const status = STATUS_NAMES[statusAt(state, index)]
    const flag = row.accessible?.includes(at)
      ? ',"accessible":true'
      : row.companion?.includes(at)
        ? ',"companion":true'
        : ''
    yield `{"ticketId":"${event.eventId}-${index}${place}${JSON.stringify(seatLabel(row, at))}${offer}${status}"${flag}}`
  }
}

/** 2 bits a seat, most significant first. */
export function statusAt(state: Uint8Array, index: number): 0 | 1 | 2 | 3 {
  return (((state[index >> 2] ?? 0) >> (6 - 2 * (index & 3))) & 3) as 0 | 1 | 2 | 3
}

/** The ticket type sold where none is named is the first by position; null where the category has no price in it. */
export function defaultPrice(
  event: EventRecord,
  category: string,
): { ticketType: string | null; price: number | null } {
  const ticketType = event.prices[0]?.ticketType ?? null
  const found = event.prices.find(price => price.category === category && price.ticketType === ticketType)
  return { ticketType, price: found?.price ?? null }
}
