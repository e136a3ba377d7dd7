/**
 * A bad network that knows frames: between a client and a node it drops, doubles and swaps the server's binary frames by a seeded
 * chance, as lost publications and full buffers would. Text and what the client says goes through as it is.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { seeded } from './tiers-fixture.ts'

export interface FrameProxy {
  url: string
  done: { dropped: number; doubled: number; swapped: number; passed: number }
  /** From now on all goes through. */
  calm(): void
  close(): void
}

const BINARY = 2
const SHARE = 0.15

export async function frameProxy(port: number, seed: number): Promise<FrameProxy> {
  const chance = seeded(seed)
  const sockets = new Set<Socket>()
  const done = { dropped: 0, doubled: 0, swapped: 0, passed: 0 }
  let isCalm = false
  /** What goes on in the place of this frame; one that is swapped waits for the next. */
  const troubled = () => {
    let waiting: Buffer | undefined
    return (frame: Buffer): Buffer[] => {
      const before = waiting === undefined ? [] : [waiting]
      waiting = undefined
      const isBinary = ((frame[0] ?? 0) & 15) === BINARY
      const dice = isBinary && !isCalm ? chance() : 1
      if (dice < SHARE) {
        done.dropped++
        return before
      }
      if (dice < 2 * SHARE) {
        done.doubled++
        return [frame, ...before, frame]
      }
      if (dice < 3 * SHARE) {
        done.swapped++
        waiting = frame
        return before
      }
      done.passed++
      return [frame, ...before]
    }
  }
  const server: Server = createServer(client => {
    const node = connect(port, '127.0.0.1')
    const trouble = troubled()
    let buffer = Buffer.alloc(0)
    let isOpen = false
    for (const socket of [client, node]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        node.destroy()
      })
    }
    client.on('data', data => node.write(data))
    node.on('data', data => {
      buffer = Buffer.concat([buffer, data])
      if (!isOpen) {
        const end = buffer.indexOf('\r\n\r\n')
        if (end < 0) return
        client.write(buffer.subarray(0, end + 4))
        buffer = buffer.subarray(end + 4)
        isOpen = true
      }
      for (let size = frameSize(buffer); size !== undefined; size = frameSize(buffer)) {
        for (const frame of trouble(buffer.subarray(0, size))) client.write(frame)
        buffer = buffer.subarray(size)
      }
    })
  })
  const own = await new Promise<number>(resolve =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
  return {
    url: `ws://127.0.0.1:${own}`,
    done,
    calm: () => {
      isCalm = true
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Of the first whole frame; a server's are not masked. */
function frameSize(buffer: Buffer): number | undefined {
  if (buffer.length < 2) return undefined
  const short = (buffer[1] ?? 0) & 127
  const head = short < 126 ? 2 : short === 126 ? 4 : 10
  if (buffer.length < head) return undefined
  const length =
    short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))
  return buffer.length < head + length ? undefined : head + length
}
