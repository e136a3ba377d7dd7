/**
 * The states of a booking and what moves it from one to the next, as data. It owns no effects: those who move a
 * booking ask here first, under the booking's row lock.
 */
export const STATES = [
  'in_progress',
  'paying',
  'closing',
  'confirmed',
  'expired',
  'cancelled',
  'refunded',
] as const
export type BookingState = (typeof STATES)[number]

export type BookingEvent =
  /** The fan pays: the hold was extended, once. */
  | 'pay'
  /** There is nothing to pay. */
  | 'confirm_free'
  /** The hold's time is over, or Redis lost it before it was ours. */
  | 'lapse'
  /** The fan gives the seats back. */
  | 'cancel'
  /** Time to pay is over. */
  | 'pay_until'
  /** Stripe holds or has the money, and every seat is ours. */
  | 'money'
  /** Stripe holds or has the money, and a seat is somebody else's. */
  | 'seats_lost'
  /** Stripe will take no money for it any more. */
  | 'void'
  /** The same, after the fan had cancelled; also where their money came first and goes back. */
  | 'withdraw'
  /** Stripe could not be asked until the seats had to go. */
  | 'guard_end'
  /** Money came after the end, and the seats could be had again. */
  | 'late_money'
  /** The authorised money could not be had. */
  | 'capture_failed'
  /** The last ticket was returned. */
  | 'refund_all'

const TABLE: Record<BookingState, Partial<Record<BookingEvent, BookingState>>> = {
  in_progress: { pay: 'paying', confirm_free: 'confirmed', lapse: 'expired', cancel: 'cancelled' },
  paying: {
    money: 'confirmed',
    seats_lost: 'cancelled',
    pay_until: 'closing',
    cancel: 'closing',
    void: 'expired',
  },
  closing: {
    money: 'confirmed',
    seats_lost: 'cancelled',
    void: 'expired',
    withdraw: 'cancelled',
    guard_end: 'expired',
  },
  expired: { late_money: 'confirmed' },
  confirmed: { capture_failed: 'cancelled', refund_all: 'refunded' },
  cancelled: {},
  refunded: {},
}

/** The state after an event; undefined where the event means nothing in this state. */
export function next(state: BookingState, event: BookingEvent): BookingState | undefined {
  return TABLE[state][event]
}

/** The states an event can happen in. */
export function from(event: BookingEvent): BookingState[] {
  return STATES.filter(state => TABLE[state][event] !== undefined)
}

/** No seat is held and no money awaited: only late money can still move it. */
export function isOver(state: BookingState): boolean {
  return state === 'expired' || state === 'cancelled' || state === 'refunded'
}

/** Why a booking is closing or over; told to the fan. */
export type Reason =
  | 'hold_ended'
  /** The 201 was never sent. */
  | 'abandoned'
  | 'pay_until'
  | 'by_fan'
  | 'payment_canceled'
  | 'guard_ended'
  | 'seats_lost'
  | 'payment_failed'
  | 'refunded'
