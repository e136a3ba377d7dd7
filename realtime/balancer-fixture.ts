/** What stands in front of nodes, as small as can be: each new connection goes to the next node that takes it. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { platform } from 'node:os'

export interface Balancer {
  url: string
  /** Connections that no node took. */
  refused: number
  close(): void
}

/** Node takes one connection a turn of its loop from each: of one alone too few, where a turn serves thousands of sockets. */
const LISTENERS = platform() === 'linux' ? 64 : 1
const BACKLOG = 4_096

export async function balance(ports: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  let turn = 0
  const take = (client: Socket) => {
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
  }
  const servers: Server[] = []
  let port = 0
  for (let n = 0; n < LISTENERS; n++) {
    const server = createServer({ pauseOnConnect: true }, take)
    const options = { port, host: '127.0.0.1', backlog: BACKLOG, reusePort: LISTENERS > 1 }
    await new Promise<void>(resolve => server.listen(options, resolve))
    port = (server.address() as AddressInfo).port
    servers.push(server)
  }
  const balancer: Balancer = {
    url: `ws://127.0.0.1:${port}`,
    refused: 0,
    close: () => {
      for (const server of servers) server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  return balancer
}
