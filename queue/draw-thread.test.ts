import { expect, test } from 'vitest'
import { isRoundBeside, orderBeside, rootBeside } from './draw-thread.ts'

/** Of drand quicknet, as recorded. */
const ROUND = 657_413
const SIGNATURE = Buffer.from(
  'b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b',
  'hex',
)

test('[Q203] the sums of a draw are done beside the event loop, its beacon’s check too, and a thread that does not answer is given up', async () => {
  const [members, end] = [Buffer.alloc(14 * 1_000, 7), new AbortController()]
  let turns = 0
  const turning = setInterval(() => turns++, 1)
  try {
    expect(await isRoundBeside(ROUND, SIGNATURE, end.signal)).toBe(true)
    expect(await isRoundBeside(ROUND + 1, SIGNATURE, end.signal)).toBe(false)
    expect((await orderBeside(Buffer.alloc(32), members, end.signal)).order).toHaveLength(1_000)
    expect(await rootBeside(members, end.signal)).toHaveLength(32)
  } finally {
    clearInterval(turning)
  }
  expect(turns).toBeGreaterThan(10)
  await expect(rootBeside(Buffer.alloc(14 * 3_000_000), end.signal, 50)).rejects.toMatchObject({
    name: 'AbortError',
  })
})

test('[Q254] a process that stops waits for no sum of a draw', async () => {
  const end = new AbortController()
  const [seed, members] = [Buffer.alloc(32), Buffer.alloc(14 * 3_000_000)]
  const sums = [rootBeside(members, end.signal), orderBeside(seed, members, end.signal)]
  setTimeout(() => end.abort(), 50)
  const ended = await Promise.allSettled(sums)
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(rootBeside(members, end.signal)).rejects.toMatchObject({ name: 'AbortError' })
})
