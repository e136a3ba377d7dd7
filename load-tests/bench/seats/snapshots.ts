/** A stadium's state over HTTP: its size, what Redis and a node spend on it, and what coming back after ten seconds costs. */
import { connect } from 'node:net'
import { cpuOf, type Ground, redisCost } from '../ground/ground.ts'
import type { Target } from '../report/table.ts'
import { Taker } from './changes.ts'
import { type OwnNode, SEATS, type Stadium } from './stadium.ts'

const READS = 300
const ASKERS = 32
const WARM_MS = 3_000
const HOT_MS = 5_000
const AWAY_SECONDS = 10
const AWAY_RATE = 100

export async function snapshots(ground: Ground, stadium: Stadium, node: OwnNode): Promise<Target[]> {
  const { inventory, stock } = stadium
  const { pid } = node.child
  const path = `/events/${stock.eventId}/seats`
  const whole = await ask(node.port, path)
  const redisMs = await redisCost(ground.redis, async () => {
    for (let n = 0; n < READS; n++) await inventory.snapshot(stock)
  })
  await hot(node.port, path, WARM_MS)
  const cpu = await cpuOf(pid)
  const { asked, bytes, ms } = await hot(node.port, path, HOT_MS)
  const cpuMs = (await cpuOf(pid)) - cpu
  const { epoch, seq } = await inventory.counts(stock)
  await new Taker(stadium).takes(AWAY_RATE, AWAY_SECONDS)
  const back = await ask(node.port, `${path}?since=${epoch}.${seq}`)
  const missed = (await inventory.counts(stock)).seq - seq
  return [
    {
      name: `a snapshot of ${SEATS.toLocaleString('en-US')} seats`,
      bound: { most: 25_100 },
      measured: whole.body.length,
      unit: 'B',
      note: `raw, with ${whole.head} B of head`,
    },
    {
      name: 'a snapshot, in Redis’s time',
      bound: { most: 1 },
      measured: redisMs / READS,
      unit: 'ms',
      note: 'CPU of its main thread',
    },
    {
      name: 'snapshots served by one node, hot',
      bound: { least: 2_000 },
      measured: (1_000 * asked) / ms,
      unit: '/s',
      note: `${ASKERS} askers, ${(bytes / asked).toFixed(0)} B each with the head; the node at ${(cpuMs / ms).toFixed(2)} of a core`,
    },
    {
      name: 'CPU of a snapshot',
      bound: { most: 100 },
      measured: (1_000 * cpuMs) / asked,
      unit: 'us',
      note: 'all threads of the node',
    },
    {
      name: `coming back after ${AWAY_SECONDS} s`,
      bound: { most: 4_096 },
      measured: back.head + back.body.length,
      unit: 'B',
      note: `${missed} changes of one seat in ${back.body.length} B, the rest is head`,
    },
  ]
}

/** Askers on kept connections, each with the next question as soon as it has its answer. */
async function hot(
  port: number,
  path: string,
  forMs: number,
): Promise<{ asked: number; bytes: number; ms: number }> {
  const began = performance.now()
  const total = { asked: 0, bytes: 0 }
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(request))
      let left = 0
      socket.on('error', reject)
      socket.on('data', (chunk: Buffer) => {
        total.bytes += chunk.length
        if (left === 0) {
          const head = headOf(chunk)
          left = head.bytes + head.body
        }
        left -= chunk.length
        if (left > 0) return
        total.asked++
        if (performance.now() - began < forMs) socket.write(request)
        else {
          socket.destroy()
          resolve()
        }
      })
    })
  await Promise.all(Array.from({ length: ASKERS }, one))
  return { ...total, ms: performance.now() - began }
}

async function ask(port: number, path: string): Promise<{ head: number; body: Buffer }> {
  const chunks = await new Promise<Buffer[]>((resolve, reject) => {
    const read: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`),
    )
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => void read.push(chunk))
    socket.on('end', () => resolve(read))
  })
  const all = Buffer.concat(chunks)
  const { bytes } = headOf(all)
  return { head: bytes, body: all.subarray(bytes) }
}

/** Of an answer that is 200 and says its length. */
function headOf(data: Buffer): { bytes: number; body: number } {
  const end = data.indexOf('\r\n\r\n')
  const head = data.toString('latin1', 0, Math.max(0, end))
  const body = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 200') || body === undefined)
    throw new Error(`no snapshot: ${head.slice(0, 500)}`)
  return { bytes: end + 4, body: Number(body) }
}
