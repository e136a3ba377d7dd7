import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fan, makeNode, type TestNode } from './node-fixture.ts'
import { frame, Raw, TEXT } from './raw-fixture.ts'

const CONTINUED = 0
const PIECE = frame(CONTINUED, Buffer.alloc(0), { final: false })

let node: TestNode
beforeAll(async () => {
  node = await makeNode()
})
afterAll(() => node.close())

test('[S161] who only ever feeds empty pieces of a message is ended within 80 seconds; who is silent but answers pings stays', async () => {
  const quiet = new Fan(node.port, node.visitor().token)
  await quiet.next('welcome')
  const raw = new Raw(node.port)
  raw.open(node.visitor().token)
  await raw.hears('welcome')
  raw.write(frame(TEXT, Buffer.alloc(0), { final: false }))
  const feeding = setInterval(() => raw.write(PIECE), 1_000)
  await raw.closed
  clearInterval(feeding)
  expect(raw.code).toBe(4429)
  expect(raw.lasted).toBeGreaterThan(60_000)
  expect(raw.lasted).toBeLessThan(85_000)
  // As old as the other, and longer without a word.
  await new Promise(resolve => setTimeout(resolve, 10_000))
  quiet.say({ type: 'time', at: 3 })
  expect(await quiet.next('time')).toMatchObject({ at: 3 })
  quiet.close()
}, 120_000)
