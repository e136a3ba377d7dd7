/** What a process of ours holds in memory, without its garbage. */
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { residentOf } from './ground.ts'

/** Resident bytes once the garbage is gone: how much of that there is depends on chance alone. The process listens for an inspector. */
export async function liveMemory(pid: number, inspector: number): Promise<number> {
  const targets = (await (await fetch(`http://127.0.0.1:${inspector}/json`)).json()) as [
    { webSocketDebuggerUrl: string },
  ]
  const socket = new WebSocket(targets[0].webSocketDebuggerUrl)
  await once(socket, 'open')
  for (const id of [1, 2]) {
    socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    await once(socket, 'message')
  }
  socket.close()
  await wait(1_000)
  return await residentOf(pid)
}
