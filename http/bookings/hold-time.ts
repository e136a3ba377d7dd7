/** How long a hold may last in all. */
import type { Config } from '../../shared/config.ts'
import { PAY_EXTENSION_MS, SECOND } from '../../shared/limits.ts'
import type { Booking } from './booking-store.ts'

type HoldTimes = Pick<Config, 'HOLD_HARD_LIMIT_SECONDS' | 'HOLD_SECONDS'>

/** When a hold ends at the latest, ms, the time to pay included. */
export function hardEnd(
  { HOLD_HARD_LIMIT_SECONDS, HOLD_SECONDS }: HoldTimes,
  { createdAt }: Pick<Booking, 'createdAt'>,
): number {
  return createdAt + Math.max(HOLD_HARD_LIMIT_SECONDS, HOLD_SECONDS) * SECOND
}

/** When a hold in progress ends at the latest: what a payment takes is kept free behind it. */
export function renewableUntil(config: HoldTimes, booking: Pick<Booking, 'createdAt' | 'expiresAt'>): number {
  return Math.max(booking.expiresAt, hardEnd(config, booking) - PAY_EXTENSION_MS)
}
