/** What is said of a queue over HTTP: the sockets' words, but times are RFC 3339, as everywhere in the HTTP API. Both ends are here. */
import type { PlaceInfo, QueueInfo } from './messages.ts'

export interface QueueJson extends Omit<QueueInfo, 'preQueueAt' | 'opensAt'> {
  preQueueAt?: string
  opensAt?: string
}

type Admitted = Extract<PlaceInfo, { state: 'admitted' }>

export type PlaceJson = Exclude<PlaceInfo, Admitted> | (Omit<Admitted, 'until'> & { until: string })

export function queueToJson({ preQueueAt, opensAt, ...queue }: QueueInfo): QueueJson {
  return {
    ...queue,
    ...(preQueueAt === undefined ? {} : { preQueueAt: textOf(preQueueAt) }),
    ...(opensAt === undefined ? {} : { opensAt: textOf(opensAt) }),
  }
}

export function queueFromJson({ preQueueAt, opensAt, ...queue }: QueueJson): QueueInfo {
  return { ...queue, preQueueAt: msOf(preQueueAt), opensAt: msOf(opensAt) }
}

export function placeToJson(place: PlaceInfo): PlaceJson {
  return place.state === 'admitted' ? { ...place, until: textOf(place.until) } : place
}

export function placeFromJson(place: PlaceJson): PlaceInfo {
  return place.state === 'admitted' ? { ...place, until: Date.parse(place.until) } : place
}

/** As a socket tells it, ms, or as HTTP does. */
export function msOf(time: string | number | undefined): number | undefined {
  return typeof time === 'string' ? Date.parse(time) : time
}

function textOf(ms: number): string {
  return new Date(ms).toISOString()
}
