/** The way to a store, that a test can shut and open. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Carries bytes to a store, until it is shut. */
export class Door {
  readonly #target: URL
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  private constructor(target: URL, server: Server, port: number) {
    this.#target = target
    this.#port = port
    this.#server = server
    server.on('connection', socket => this.#carry(socket))
  }

  static async to(target: URL): Promise<Door> {
    const server = await listening(0)
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return new Door(target, server, address.port)
  }

  get url(): string {
    const url = new URL(this.#target)
    url.host = `127.0.0.1:${this.#port}`
    return url.href
  }

  async open(): Promise<void> {
    if (this.#server !== undefined) return
    this.#server = await listening(this.#port)
    this.#server.on('connection', socket => this.#carry(socket))
  }

  async shut(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = new Promise<void>(resolve => {
      if (server === undefined) resolve()
      else server.close(() => resolve())
    })
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #carry(near: Socket): void {
    const far = connect(Number(this.#target.port || 5432), this.#target.hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }
}

function listening(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
