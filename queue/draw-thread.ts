/** The sums of a draw, done beside the event loop: sockets are served on while a million lots are drawn. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { DrawnOrder } from './draw-order.ts'

/** Members one after the other; without a seed their root is wanted. */
export interface Task {
  members: Uint8Array
  seed?: Uint8Array
}

export type Answer = DrawnOrder | { root: Uint8Array }

export async function rootBeside(members: Uint8Array): Promise<Buffer> {
  const answer = await beside({ members })
  if (!('root' in answer)) throw new TypeError('the thread of a draw answered something else')
  return Buffer.from(answer.root)
}

export async function orderBeside(seed: Uint8Array, members: Uint8Array): Promise<DrawnOrder> {
  const answer = await beside({ members, seed })
  if (!('order' in answer)) throw new TypeError('the thread of a draw answered something else')
  return answer
}

async function beside(task: Task): Promise<Answer> {
  const worker = new Worker(new URL('./draw-worker.ts', import.meta.url))
  try {
    worker.postMessage(task)
    const [answer] = (await once(worker, 'message')) as [Answer]
    return answer
  } finally {
    await worker.terminate()
  }
}
