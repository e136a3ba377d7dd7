import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServerMessage } from '../shared/wire/messages.ts'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'

/** On a busy machine. */
const SOON = { timeout: 10_000 }
const MAP = 'f'.repeat(32)

let node: TestNode
beforeAll(async () => {
  node = await makeNode()
})
afterAll(() => node.close())

test('[S190] when an event’s map is another while it sells, watchers of both doors are told its hash and to resync, and hear what follows', async () => {
  const { inventory, stock, eventId } = node
  const fan = new Fan(node.port, node.visitor().token)
  await fan.next('welcome')
  fan.say({ type: 'watch', eventId })
  await fan.next('watching')
  const told: ServerMessage[] = []
  const other = io(`http://127.0.0.1:${node.port}`, {
    transports: ['websocket'],
    auth: { token: node.visitor().token },
  })
  for (const type of ['watching', 'resync'] as const) other.on(type, message => told.push(message))
  other.emit('watch', { eventId })
  await expect.poll(() => told, SOON).toMatchObject([{ type: 'watching' }])
  const held = await node.hold([1, 2])
  await inventory.mark(stock, [7], 3)
  const { epoch, free } = await inventory.counts(stock)
  await node.deps.pool.query('update events set epoch = epoch + 1 where id = $1', [eventId])
  await inventory.rehouse(stock, epoch + 1, MAP)
  await inventory.rehouse(stock, epoch + 1, MAP)
  const resync = { type: 'resync', eventId, epoch: epoch + 1, seq: 0, map: MAP }
  expect(await fan.next('resync')).toEqual(resync)
  await expect.poll(() => told.slice(1), SOON).toEqual([resync])
  expect(await inventory.counts(stock)).toMatchObject({ epoch: epoch + 1, seq: 0, free })
  expect((await inventory.extend(stock, held, 60_000)).ok).toBe(true)
  await inventory.release(stock, held)
  await expect.poll(() => fan.diff(), SOON).toMatchObject({ epoch: epoch + 1, seq: 1, changes: [1, 0, 2, 0] })
  expect(fan.all('resync')).toHaveLength(1)
  other.close()
  fan.close()
})
