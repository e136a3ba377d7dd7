import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventId } from '../shared/ids.ts'
import { makeKeys } from '../shared/keys.ts'
import { QueueFeed } from './queue-feed.ts'

test('[Q236] a line that is given up while it is being opened is opened again, so that its news is heard', async () => {
  const [event, heard] = [eventId('e00000001'), new Set<string>()]
  const parts = {
    queue: { settings: async () => ({ state: 'off', generation: 0 }), refresh() {} },
    channels: {
      onChange() {},
      listen: async (channel: string) => {
        heard.add(channel)
        await delay(20)
      },
      unlisten: (channel: string) => heard.delete(channel),
    },
    seats: { isWatched: () => false },
    keys: makeKeys('t:'),
    clock: { now: () => 0 },
    cpu: () => 0,
    tickPercent: 25,
  }
  const feed = new QueueFeed(parts as unknown as ConstructorParameters<typeof QueueFeed>[0])
  const opened = feed.open(event)
  feed.prune()
  expect([feed.events(), heard.size]).toEqual([[], 0])
  await opened
  expect([feed.events(), heard.size, feed.isOn(event)]).toEqual([[event], 1, false])
})
