import { expect, test } from 'vitest'
import { isRoundBeside, orderBeside, rootBeside } from './draw-thread.ts'

/** Of drand quicknet, as recorded. */
const ROUND = 657_413
const SIGNATURE = Buffer.from(
  'b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b',
  'hex',
)

test('[Q203] the sums of a draw are done beside the event loop, its beacon’s check too, and a thread that does not answer is given up', async () => {
  const members = Buffer.alloc(14 * 1_000, 7)
  let turns = 0
  const turning = setInterval(() => turns++, 1)
  try {
    expect(await isRoundBeside(ROUND, SIGNATURE)).toBe(true)
    expect(await isRoundBeside(ROUND + 1, SIGNATURE)).toBe(false)
    expect((await orderBeside(Buffer.alloc(32), members)).order).toHaveLength(1_000)
    expect(await rootBeside(members)).toHaveLength(32)
  } finally {
    clearInterval(turning)
  }
  expect(turns).toBeGreaterThan(10)
  await expect(rootBeside(Buffer.alloc(14 * 3_000_000), 50)).rejects.toMatchObject({ name: 'AbortError' })
})
