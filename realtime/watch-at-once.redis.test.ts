import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'
import { parseText } from './parse-message.ts'

let node: TestNode

beforeAll(async () => {
  node = await makeNode()
})

afterAll(() => node.close())

async function fans(count: number): Promise<Fan[]> {
  const all = Array.from({ length: count }, () => new Fan(node.port, node.visitor().token))
  await Promise.all(all.map(fan => fan.next('welcome')))
  return all
}

test('[S103] of a crowd that watches at once only the first asks whether it may, and all hear the next change', async () => {
  const asked = { events: 0 }
  const find = node.deps.events.find.bind(node.deps.events)
  node.deps.events.find = id => {
    asked.events++
    return find(id)
  }
  const [first, ...rest] = await fans(40)
  first?.say({ type: 'watch', eventId: node.eventId })
  const told = await first?.next('watching')
  // The node's own rounds ask, too.
  const before = asked.events
  for (const fan of rest) fan.say({ type: 'watch', eventId: node.eventId })
  for (const fan of rest) expect(await fan.next('watching')).toEqual(told)
  node.deps.events.find = find
  expect(asked.events - before).toBeLessThan(rest.length / 2)
  await node.hold([1])
  for (const fan of [first, ...rest]) {
    expect((await fan?.diff())?.changes).toEqual([1, 1])
    fan?.close()
  }
})

test('[S104] what one watch has found is over with the news of a queue: nobody slips in after it', async () => {
  const { eventId } = await node.addEvent('queued001')
  const [first, early, late, ...rest] = await fans(8)
  first?.say({ type: 'watch', eventId })
  await first?.next('watching')
  early?.say({ type: 'watch', eventId })
  await early?.next('watching')
  await node.queue.configure(eventId, { state: 'open' }, 'test')
  // Who watched is expelled by the very news that ends it.
  expect(await early?.next('error')).toMatchObject({ code: 'waiting_room_required' })
  late?.say({ type: 'watch', eventId })
  expect(await late?.next('error')).toMatchObject({ code: 'waiting_room_required' })
  await wait(300)
  for (const fan of rest) {
    fan.say({ type: 'watch', eventId })
    expect(await fan.next('error')).toMatchObject({ code: 'waiting_room_required' })
    expect(fan.all('watching')).toEqual([])
  }
  for (const fan of [first, early, late, ...rest]) fan?.close()
})

test('[S105] a watch in our own client’s words means what every form of it means, and near misses are none', () => {
  const plain = '{"type":"watch","eventId":"evening01"}'
  expect(parseText(plain)).toEqual(parseText(` ${plain}`))
  expect(parseText(plain.replace('evening01', 'E!'))).toMatchObject({ ok: false })
  expect(parseText(`${plain}x`)).toMatchObject({ ok: false })
  expect(parseText(plain.replace('}', ',"pass":"x"}'))).toMatchObject({ ok: true, message: { pass: 'x' } })
})
