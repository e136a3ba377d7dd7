/** A thread for the sums of a draw, which take seconds a million entrants: see draw-thread.ts. */
import { parentPort } from 'node:worker_threads'
import { drawOrder } from './draw-order.ts'
import type { Answer, Task } from './draw-thread.ts'
import { merkleRoot } from './merkle.ts'

parentPort!.once('message', (task: Task) => void work(task))

/** A fault ends the thread, which its caller hears of. */
async function work(task: Task): Promise<void> {
  const answer = await answerTo(task)
  parentPort!.postMessage(answer, 'order' in answer ? [answer.order.buffer, answer.scores.buffer] : [])
}

async function answerTo(task: Task): Promise<Answer> {
  switch (task.kind) {
    case 'root':
      return { root: merkleRoot(task.members) }
    case 'order':
      return drawOrder(task.seed, task.members)
    case 'beacon': {
      // The curve takes longer to load than most sums take.
      const { isRound } = await import('./beacon.ts')
      return { isRound: isRound(task.round, task.signature) }
    }
    default:
      return task satisfies never
  }
}
