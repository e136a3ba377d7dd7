/** What telling everyone where they stand costs in bytes; and what a look at a pass costs. */
import { randomUUID } from 'node:crypto'
import type { LineTick } from '../../../queue/sketch.ts'
import { BANDS, endOf, intervalOf, pieceOf } from '../../../realtime/bands.ts'
import { ToldTick } from '../../../realtime/told-tick.ts'
import { systemClock } from '../../../shared/clock.ts'
import { eventId, visitorId } from '../../../shared/ids.ts'
import type { Ground } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'

/** Of one small frame: WebSocket's head, TCP's with its timestamps, IP's. */
const HEADS = 4 + 32 + 20
const PASSES = 2_000
const GBIT = 1e9
/** What all of it may cost for ten million; a shorter line is told more often for its length. */
const MOST_GBIT = 1.1
const MEANT_FOR = 9_000_000

export function frames(tick: LineTick): Target[] {
  const sizes = Array.from(
    { length: BANDS },
    (_, band) => new ToldTick(tick, pieceOf(tick, band)).frame.length,
  )
  let bits = 0
  let largest = 0
  for (const [band, size] of sizes.entries()) {
    const from = band === 0 ? 0 : endOf(band - 1)
    const members = Math.max(
      0,
      Math.min(tick.waiting, band === BANDS - 1 ? tick.waiting : endOf(band)) - from,
    )
    bits += (members * (size + HEADS) * 8 * 1_000) / intervalOf(band)
    if (band > 0 && members > 0) largest = Math.max(largest, size)
  }
  const waiting = tick.waiting.toLocaleString('en-US')
  return [
    {
      name: 'the front’s frame',
      bound: { most: 1_300 },
      measured: sizes[0] ?? 0,
      unit: 'B',
      note: `of ${waiting} places`,
    },
    { name: 'the largest of a band behind', bound: { most: 256 }, measured: largest, unit: 'B' },
    {
      name: 'all of them told',
      ...(tick.waiting < MEANT_FOR ? {} : { bound: { most: MOST_GBIT } }),
      measured: bits / GBIT,
      unit: 'Gbit/s',
      note: `${waiting}, each band in its time, with ${HEADS} B of heads a frame`,
    },
  ]
}

export function passes({ passes: tokens }: Ground): Target[] {
  const [event, until] = [eventId('evening01'), systemClock.now() + 600_000]
  const made = Array.from({ length: PASSES }, () =>
    tokens.issue({ visitorId: visitorId(randomUUID()), eventId: event, until }),
  )
  const all = () => {
    const cpu = process.threadCpuUsage()
    for (const pass of made) if (!tokens.check(pass).ok) throw new Error('a good pass was refused')
    const { user, system } = process.threadCpuUsage(cpu)
    return (user + system) / 1_000 / PASSES
  }
  const [fresh, known] = [all(), all()]
  return [
    {
      name: 'a pass looked at for the first time',
      bound: { most: 0.2 },
      measured: fresh,
      unit: 'ms',
      note: `again: ${(1_000 * known).toFixed(1)} us`,
    },
  ]
}
