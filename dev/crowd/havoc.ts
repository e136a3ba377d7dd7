/** What `npm run crowd` does to the Onsale that `npm start` runs here, and to no other: its realtime node is killed, its Redis emptied. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { z } from 'zod'
import { Cure } from '../cure.mjs'
import { commandLine, startTime } from '../recorded-process.ts'

const Recorded = z.object({ children: z.array(z.object({ pid: z.number().int(), since: z.string() })) })
const NODE = 'realtime/main.ts'
const BACK_MS = 60_000
const LOOK_EVERY_MS = 100
const REDIS_MS = 5_000

/** With SIGKILL, as a crash would. Answers how long it took until the node was there again, ms. @throws {Cure} */
export async function killNode(folder: string, readyUrl: string): Promise<number> {
  const pid = await findNode(folder)
  if (pid === undefined)
    throw new Cure(
      `No realtime node of ${folder} is running.\nCure: start one in another terminal, \`npm start\``,
    )
  const at = performance.now()
  process.kill(pid, 'SIGKILL')
  while (performance.now() - at < BACK_MS) {
    await sleep(LOOK_EVERY_MS)
    const now = await findNode(folder)
    if (now !== undefined && now !== pid && (await isReady(readyUrl))) return performance.now() - at
  }
  throw new Cure(`The realtime node was not back in ${BACK_MS / 1_000} s: see its log in ${folder}.`)
}

/** Everything, of that Redis alone which was started with the instance. @throws {Cure} */
export async function flushRedis(folder: string): Promise<void> {
  const client = new Redis(await ownRedis(folder), {
    lazyConnect: true,
    connectTimeout: REDIS_MS,
    retryStrategy: () => null,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.flushall()
  } finally {
    client.disconnect()
  }
}

/** @throws {Cure} where it is somebody else's */
export async function ownRedis(folder: string): Promise<string> {
  const file = await readFile(join(folder, 'environment'), 'utf8').catch(() => '')
  const url = /^REDIS_URL=(".*")$/m.exec(file)?.[1]
  if (url === undefined)
    throw new Cure(
      `The Redis of ${folder} was not started with it, and is not emptied.\nCure: start the Onsale without REDIS_URL, so that it has one of its own.`,
    )
  return z.string().parse(JSON.parse(url))
}

async function findNode(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'instance.json'), 'utf8').catch(() => '{"children":[]}')
  const { children } = Recorded.parse(JSON.parse(text))
  return children.find(({ pid, since }) => startTime(pid) === since && commandLine(pid)?.includes(NODE))?.pid
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}
