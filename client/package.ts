/** What the package @onsale/client gives; README.md has examples that the tests run. */
export type {
  BookedTicket,
  Booking,
  BookingStatus,
  CallOptions,
  HoldRequest,
  Payment,
  Tickets,
} from './bookings.ts'
export type { ConnectionState } from './connection.ts'
export type { EventDetail, EventSummary, SearchAnswer, SearchQuery, Suggestion } from './events.ts'
export { OnsaleError } from './http.ts'
export { connectOnsale, type Onsale, type OnsaleOptions } from './onsale.ts'
export type { QueueOptions, QueuePlace, QueueView } from './queue.ts'
export type { LostSeat, SeatChange, SeatState, SeatWatch, WatchOptions, WatchStatus } from './seats.ts'
export type { NewSession } from './session.ts'
