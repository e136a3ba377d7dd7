/** Toxiproxy, for tests: links that are slow, cut, or open and dead. It is found on PATH as toxiproxy-server. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import getPort from 'get-port'
import type { Family } from '../dev/child.ts'
import { projectRoot } from '../dev/data-folder.ts'

export const NO_TOXIPROXY = 'no toxiproxy-server on PATH: .ci/run says how it is installed'

export function findToxiproxy(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(':')
    .map(place => join(place, 'toxiproxy-server'))
    .find(path => existsSync(path))
}

export interface Link {
  port: number
  /** Every byte this many ms later, give or take as many as the jitter. */
  slow(ms: number, jitter: number): Promise<void>
  /** KB a second, to the side that connects. */
  narrow(kilobytes: number): Promise<void>
  /** Open, and nothing gets through any more: it is lost. */
  deaden(): Promise<void>
  /** All connections are closed, and none is taken. */
  cut(): Promise<void>
  heal(): Promise<void>
}

export interface Toxiproxy {
  link(name: string, toPort: number): Promise<Link>
}

export async function startToxiproxy(family: Family, command: string): Promise<Toxiproxy> {
  const port = await getPort()
  await family.start({
    command,
    args: ['-host', '127.0.0.1', '-port', String(port)],
    cwd: projectRoot,
    env: {},
  })
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`toxiproxy: ${method} ${path}: ${text}`)
    return text
  }
  await untilUp(() => call('GET', '/version'))
  return {
    link: async (name, toPort) => {
      const own = await getPort()
      await call('POST', '/proxies', { name, listen: `127.0.0.1:${own}`, upstream: `127.0.0.1:${toPort}` })
      const toxics = `/proxies/${name}/toxics`
      const both = async (type: string, attributes: object) => {
        for (const stream of ['upstream', 'downstream'])
          await call('POST', toxics, { name: `${type}-${stream}`, type, stream, attributes })
      }
      return {
        port: own,
        slow: (latency, jitter) => both('latency', { latency, jitter }),
        narrow: async rate =>
          void (await call('POST', toxics, {
            name: 'narrow',
            type: 'bandwidth',
            stream: 'downstream',
            attributes: { rate },
          })),
        deaden: () => both('timeout', { timeout: 0 }),
        cut: async () => void (await call('POST', `/proxies/${name}`, { enabled: false })),
        heal: async () => {
          const present = JSON.parse(await call('GET', toxics)) as { name: string }[]
          for (const toxic of present) await call('DELETE', `${toxics}/${toxic.name}`)
          await call('POST', `/proxies/${name}`, { enabled: true })
        },
      }
    },
  }
}

async function untilUp(ask: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, 25))
    }
  }
}
