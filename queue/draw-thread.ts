/** The sums of a draw, done beside the event loop: sockets are served on while a million lots are drawn. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { DrawnOrder } from './draw-order.ts'

/** Members one after the other; without a seed their root is wanted. */
export type Task =
  | { kind: 'root'; members: Uint8Array }
  | { kind: 'order'; members: Uint8Array; seed: Uint8Array }
  | { kind: 'beacon'; round: number; signature: Uint8Array }

export type Answer = DrawnOrder | { root: Uint8Array } | { isRound: boolean }

/** Ten million entrants take some 30 s; a thread that answers nothing for so long never will, and the step is tried again. */
const DEADLINE_MS = 120_000

/** `end` gives any of them up at once, as the process stops. */
export async function rootBeside(
  members: Uint8Array,
  end: AbortSignal,
  deadlineMs = DEADLINE_MS,
): Promise<Buffer> {
  const answer = await beside({ kind: 'root', members }, end, deadlineMs)
  if (!('root' in answer)) throw new TypeError('the thread of a draw answered something else')
  return Buffer.from(answer.root)
}

export async function orderBeside(
  seed: Uint8Array,
  members: Uint8Array,
  end: AbortSignal,
): Promise<DrawnOrder> {
  const answer = await beside({ kind: 'order', members, seed }, end)
  if (!('order' in answer)) throw new TypeError('the thread of a draw answered something else')
  return answer
}

/** Whether the signature is this round's: see beacon.ts. */
export async function isRoundBeside(
  round: number,
  signature: Uint8Array,
  end: AbortSignal,
): Promise<boolean> {
  const answer = await beside({ kind: 'beacon', round, signature }, end)
  if (!('isRound' in answer)) throw new TypeError('the thread of a draw answered something else')
  return answer.isRound
}

async function beside(task: Task, end: AbortSignal, deadlineMs = DEADLINE_MS): Promise<Answer> {
  end.throwIfAborted()
  const signal = AbortSignal.any([end, AbortSignal.timeout(deadlineMs)])
  const worker = new Worker(new URL('./draw-worker.ts', import.meta.url))
  try {
    worker.postMessage(task)
    const [answer] = (await once(worker, 'message', { signal })) as [Answer]
    return answer
  } finally {
    await worker.terminate()
  }
}
