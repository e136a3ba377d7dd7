/**
 * Moves a past season into the future: by whole weeks, so that every event keeps its weekday and its time of day by
 * its own clock, whatever summer time does. Pure: now comes in.
 */

const DAY_MS = 86_400_000
/** The first event is at least this far off, so that a demo of two weeks never shows one that is over. */
const LEAD_DAYS = 14

/** The fewest whole weeks that bring `first`, the earliest day of all, to two weeks from now or later. */
export function weeksUntil(first: string, now: Date): number {
  const wanted = now.getTime() + LEAD_DAYS * DAY_MS
  return Math.ceil((wanted - Date.parse(first)) / (7 * DAY_MS))
}

export function plusWeeks(date: string, weeks: number): string {
  return new Date(Date.parse(date) + weeks * 7 * DAY_MS).toISOString().slice(0, 10)
}

/** Where no time is known: 15:00 on Saturdays and Sundays, 20:00 on other days. */
export function usualTime(date: string): string {
  const weekday = new Date(date).getUTCDay()
  return weekday === 0 || weekday === 6 ? '15:00' : '20:00'
}

/** 10:00 UTC on the day of an instant that lies `share` of the way from one to another. */
export function tenOClockBetween(from: Date, to: Date, share: number): Date {
  const at = from.getTime() + (to.getTime() - from.getTime()) * share
  return new Date(Math.floor(at / DAY_MS) * DAY_MS + 10 * 3_600_000)
}
