/** A thread for the sums of a draw, which take seconds a million entrants: see draw-thread.ts. */
import { parentPort } from 'node:worker_threads'
import { isRound } from './beacon.ts'
import { drawOrder } from './draw-order.ts'
import type { Answer, Task } from './draw-thread.ts'
import { merkleRoot } from './merkle.ts'

parentPort!.once('message', (task: Task) => {
  const answer = answerTo(task)
  parentPort!.postMessage(answer, 'order' in answer ? [answer.order.buffer, answer.scores.buffer] : [])
})

function answerTo(task: Task): Answer {
  switch (task.kind) {
    case 'root':
      return { root: merkleRoot(task.members) }
    case 'order':
      return drawOrder(task.seed, task.members)
    case 'beacon':
      return { isRound: isRound(task.round, task.signature) }
    default:
      return task satisfies never
  }
}
