/** What stands in front of nodes, as small as can be: each new connection goes to the next node that takes it. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Balancer {
  url: string
  /** Connections that no node took. */
  refused: number
  close(): void
}

export async function balance(ports: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  let turn = 0
  const server = createServer({ pauseOnConnect: true }, client => {
    sockets.add(client)
    client.setNoDelay(true)
    client.on('error', () => undefined)
    client.on('close', () => sockets.delete(client))
    const first = turn++
    const join = (tried: number) => {
      if (tried === ports.length) {
        balancer.refused++
        client.destroy()
        return
      }
      const node = connect(ports[(first + tried) % ports.length] ?? 0, '127.0.0.1')
      node.setNoDelay(true)
      let isOpen = false
      node.on('connect', () => {
        isOpen = true
        sockets.add(node)
        client.pipe(node).pipe(client)
        client.on('close', () => node.destroy())
      })
      node.on('error', () => undefined)
      node.on('close', () => {
        sockets.delete(node)
        if (isOpen) client.destroy()
        else join(tried + 1)
      })
    }
    join(0)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', 4_096, resolve))
  const balancer: Balancer = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused: 0,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  return balancer
}
