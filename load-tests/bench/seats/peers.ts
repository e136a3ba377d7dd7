/** The servers that stand beside the realtime node, each a process of its own that hears the same changes of seats. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Child, run } from '../../../dev/child.ts'
import { projectRoot } from '../../../dev/data-folder.ts'
import type { Ground } from '../ground/ground.ts'

export interface Peer {
  pid: number
  port: number
  channel: string
  end(): Promise<unknown>
}

const LISTENS_MS = 20_000
/** The first time its packages are fetched. */
const BUILD_MS = 300_000
const HERE = import.meta.dirname

export async function startPeer(
  ground: Ground,
  name: 'bare-uws' | 'socketio-ws',
  channel: string,
  { each = false } = {},
): Promise<Peer> {
  const environment = each ? { EACH: '1' } : {}
  return await listening(ground, process.execPath, [join(HERE, `${name}.ts`)], channel, environment)
}

export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0
}

/** Built into the ground's folder, which goes with it. */
export async function startCentrifuge(ground: Ground, channel: string): Promise<Peer> {
  const binary = join(ground.folder, 'centrifuge')
  const args = ['build', '-o', binary, '.']
  await run(ground.family, { command: 'go', args, cwd: join(HERE, 'centrifuge'), env: process.env }, BUILD_MS)
  return await listening(ground, binary, [], channel, {})
}

async function listening(
  ground: Ground,
  command: string,
  args: string[],
  channel: string,
  environment: Record<string, string>,
): Promise<Peer> {
  const { promise: port, resolve } = Promise.withResolvers<number>()
  const child: Child = await ground.family.start({
    command,
    args,
    cwd: projectRoot,
    env: {
      PATH: process.env['PATH'],
      REDIS_URL: ground.environment['REDIS_URL'],
      CHANNEL: channel,
      ...environment,
    },
    onLine: line => {
      const told = /^port (\d+)$/.exec(line)?.[1]
      if (told !== undefined) resolve(Number(told))
    },
  })
  const failed = Promise.race([
    child.ended,
    new Promise(resolve => AbortSignal.timeout(LISTENS_MS).addEventListener('abort', resolve)),
  ]).then(() => {
    throw new Error(`${command} does not listen:\n${child.lastLines().join('\n')}`)
  })
  failed.catch(() => undefined)
  const found = await Promise.race([port, failed])
  return { pid: child.pid, port: found, channel, end: () => child.kill() }
}
