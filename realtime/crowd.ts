/** Who is here: how many sockets each session and each network has open on this node, of both doors. */
import type { VisitorId } from '../shared/ids.ts'

interface Network {
  /** One text for all of its sockets. */
  readonly name: string
  sockets: number
}

export class Crowd {
  readonly #sessions = new Map<VisitorId, number>()
  readonly #networks = new Map<string, Network>()

  socketsOf(visitorId: VisitorId): number {
    return this.#sessions.get(visitorId) ?? 0
  }

  socketsFrom(network: string): number {
    return this.#networks.get(network)?.sockets ?? 0
  }

  /** The same text, held once. */
  named(network: string): string {
    return this.#networks.get(network)?.name ?? network
  }

  enter(visitorId: VisitorId): void {
    this.#sessions.set(visitorId, this.socketsOf(visitorId) + 1)
  }

  leave(visitorId: VisitorId): void {
    const left = this.socketsOf(visitorId) - 1
    if (left > 0) this.#sessions.set(visitorId, left)
    else this.#sessions.delete(visitorId)
  }

  comeFrom(network: string): void {
    const known = this.#networks.get(network)
    if (known === undefined) this.#networks.set(network, { name: network, sockets: 1 })
    else known.sockets++
  }

  goneFrom(network: string): void {
    const known = this.#networks.get(network)
    if (known === undefined) return
    known.sockets--
    if (known.sockets <= 0) this.#networks.delete(network)
  }
}
