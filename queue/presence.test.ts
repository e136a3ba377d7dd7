import { expect, test } from 'vitest'
import type { EventId } from '../shared/ids.ts'
import { movableTime } from './clock-fixture.ts'
import { Presence } from './presence.ts'

const event = 'evening' as EventId
const member = Buffer.alloc(14, 7)

test('[Q123] a word of presence that comes while others are being sent goes out too', async () => {
  const sent: string[] = []
  const presence = new Presence({
    clock: movableTime(0).clock(),
    send: async (_, way) => {
      sent.push(way)
      if (way === 'away') presence.note(event, member, 'back')
    },
  })
  presence.note(event, member, 'away')
  await expect.poll(() => sent).toEqual(['away', 'back'])
})

test('[Q124] a word that could not be sent is sent later, unless a newer one about the same visitor has come', async () => {
  const sent: string[] = []
  let fails = 2
  const presence = new Presence({
    clock: movableTime(0).clock(),
    send: async (_, way) => {
      sent.push(way)
      if (fails-- > 0) throw new Error('away')
      if (way === 'away') presence.note(event, member, 'back')
    },
  })
  presence.note(event, member, 'away')
  await expect.poll(() => sent).toEqual(['away', 'away', 'away', 'back'])
})
