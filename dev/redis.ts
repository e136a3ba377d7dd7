/**
 * A Redis of our own: started, awaited, ended. Listens on 127.0.0.1 only, asks for a password, never runs as root, and never
 * evicts: a hold or a place that is dropped for memory would be a lie to a fan.
 */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis as Client } from 'ioredis'
import { type Child, ChildFailed, type ChildOptions, type Family } from './child.ts'
import { endOrphan } from './recorded-process.ts'
import type { RedisBinary } from './redis-binary.ts'
import { giveTo, unprivilegedUser } from './unprivileged.ts'

const READY_DEADLINE_MS = 60_000
const POLL_MS = 25

/** Writes what is still to be written. */
export const REDIS_STOP = { stopSignal: 'SIGTERM', stopDeadlineMs: 10_000 } as const

export type RedisOptions = {
  family: Family
  binary: RedisBinary
  /** Made where missing. */
  folder: string
  port: number
  /** Whether a restart finds the data again. */
  durable: boolean
  password: string
  onLine?: ChildOptions['onLine']
}

export type Redis = {
  url: string
  child: Child
}

export async function startRedis(options: RedisOptions): Promise<Redis> {
  const { family, binary, folder, port, password } = options
  const data = join(folder, 'data')
  const user = unprivilegedUser()
  await mkdir(data, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o711)
  await giveTo(user, data)
  await endOrphan(join(data, 'redis.pid'), data)
  const child = await family.start({
    command: binary.command,
    // Its settings come over stdin, so the password is neither in a file nor in the list of processes.
    args: ['-'],
    input: settings(data, port, password, options.durable),
    cwd: data,
    env: { PATH: '/usr/bin:/bin', ...(binary.libraries ? { LD_LIBRARY_PATH: binary.libraries } : {}) },
    user,
    ...(options.onLine && { onLine: options.onLine }),
  })
  const url = `redis://:${password}@127.0.0.1:${port}`
  await untilReady(child, url)
  return { url, child }
}

function settings(dir: string, port: number, password: string, durable: boolean): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${dir}"`,
    // Its title names the folder, so that a later start can tell an orphan of ours from somebody else's server.
    `proc-title-template "{title} {listen-addr} ${dir}"`,
    `pidfile "${join(dir, 'redis.pid')}"`,
    `requirepass ${password}`,
    'maxmemory-policy noeviction',
    'save ""',
    durable ? 'appendonly yes' : 'appendonly no',
    // Tests stall a server with DEBUG SLEEP.
    durable ? 'enable-debug-command no' : 'enable-debug-command yes',
  ]
  return `${lines.join('\n')}\n`
}

async function untilReady(child: Child, url: string): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS
  for (;;) {
    if (!child.isAlive()) {
      await child.ended
      throw new ChildFailed(`Redis ended at its start:\n${child.lastLines().slice(-8).join('\n')}`)
    }
    const client = new Client(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.ping()
      return
    } catch (error) {
      if (performance.now() > deadline) throw new Error('Redis was not ready in time', { cause: error })
    } finally {
      client.disconnect()
    }
    await wait(POLL_MS)
  }
}
