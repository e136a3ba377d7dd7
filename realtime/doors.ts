/**
 * What the tier asks of a door, and all doors as one. A door translates: it owns sockets and framing, and decides
 * nothing.
 */
import type { EventId } from '../shared/ids.ts'
import type { ServerMessage } from '../shared/wire/messages.ts'
import type { ToldTick } from './told-tick.ts'

/** Who hears a publication: watchers of seats, or those who wait in a slice of a band (bands.ts). */
export type Topic = `s/${EventId}` | `q/${EventId}/${number}/${number}`

export function seatTopic(event: EventId): Topic {
  return `s/${event}`
}

export function bandTopic(event: EventId, band: number, slice: number): Topic {
  return `q/${event}/${band}/${slice}`
}

/** One socket, as its connection sees it. After its close nothing is called any more. */
export interface Wire {
  /** Does its door tell of pings and pongs too? Then who gives no sign at all is none of ours. */
  readonly showsLife: boolean
  send(message: ServerMessage): void
  subscribe(topic: Topic): void
  unsubscribe(topic: Topic): void
  /** Says goodbye by a close code of messages.ts. */
  end(code: number): void
}

export interface Door {
  publish(topic: Topic, message: ServerMessage): void
  publishFrame(topic: Topic, frame: Uint8Array<ArrayBuffer>): void
  publishTick(topic: Topic, tick: ToldTick): void
}

export class Doors implements Door {
  readonly #doors: Door[] = []

  add(door: Door): void {
    this.#doors.push(door)
  }

  publish(topic: Topic, message: ServerMessage): void {
    for (const door of this.#doors) door.publish(topic, message)
  }

  publishFrame(topic: Topic, frame: Uint8Array<ArrayBuffer>): void {
    for (const door of this.#doors) door.publishFrame(topic, frame)
  }

  publishTick(topic: Topic, tick: ToldTick): void {
    for (const door of this.#doors) door.publishTick(topic, tick)
  }
}
