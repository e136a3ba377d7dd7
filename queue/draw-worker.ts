/** A thread for the sums of a draw, which take seconds a million entrants: see draw-thread.ts. */
import { parentPort } from 'node:worker_threads'
import { drawOrder } from './draw-order.ts'
import type { Answer, Task } from './draw-thread.ts'
import { merkleRoot } from './merkle.ts'

parentPort!.once('message', ({ members, seed }: Task) => {
  const answer: Answer = seed === undefined ? { root: merkleRoot(members) } : drawOrder(seed, members)
  parentPort!.postMessage(answer, 'order' in answer ? [answer.order.buffer, answer.scores.buffer] : [])
})
