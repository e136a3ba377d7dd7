/** A Redis Cluster of three processes without replicas, each with a third of the slots. */
import { randomBytes } from 'node:crypto'
import getPort from 'get-port'
import { Cluster, Redis } from 'ioredis'
import { inject } from 'vitest'
import { Family } from '../dev/child.ts'
import { makeTemporaryFolder, projectRoot } from '../dev/data-folder.ts'
import { giveTo, unprivilegedUser } from '../dev/unprivileged.ts'
import { until } from './queue-fixture.ts'

export interface RedisCluster {
  cluster: Cluster
  /** Of one of its nodes. */
  url: string
  stop(): Promise<void>
}

const SLOTS = 16_384
const NODES = 3

export async function redisCluster(): Promise<RedisCluster> {
  const { redisBinary } = inject('system')
  const family = new Family(process.execPath, projectRoot)
  const password = randomBytes(6).toString('hex')
  const user = unprivilegedUser()
  const nodes: { port: number; bus: number; client: Redis }[] = []
  for (let i = 0; i < NODES; i++) {
    const folder = makeTemporaryFolder('onsale-test-cluster')
    family.removeAtEnd(folder)
    await giveTo(user, folder)
    const [port, bus] = [await getPort(), await getPort()]
    await family.start({
      command: redisBinary.command,
      args: ['-'],
      input: settings(folder, port, bus, password),
      cwd: folder,
      env: {
        PATH: '/usr/bin:/bin',
        ...(redisBinary.libraries ? { LD_LIBRARY_PATH: redisBinary.libraries } : {}),
      },
      user,
    })
    const client = new Redis({ host: '127.0.0.1', port, password, retryStrategy: () => 50 })
    client.on('error', () => undefined)
    nodes.push({ port, bus, client })
  }
  const [first] = nodes
  for (const [i, { client, port, bus }] of nodes.entries()) {
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    const [from, to] = [i, i + 1].map(n => Math.floor((n * SLOTS) / NODES))
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from!, to! - 1)
    if (i > 0) await first!.client.call('CLUSTER', 'MEET', '127.0.0.1', port, bus)
  }
  await until('the cluster stands', async () => {
    const infos = await Promise.all(nodes.map(({ client }) => client.call('CLUSTER', 'INFO')))
    return infos.every(info => /cluster_state:ok/.test(String(info)) && /known_nodes:3/.test(String(info)))
  })
  const cluster = new Cluster(
    nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { redisOptions: { password } },
  )
  return {
    cluster,
    url: `redis://:${password}@127.0.0.1:${first!.port}`,
    stop: async () => {
      cluster.disconnect()
      for (const { client } of nodes) client.disconnect()
      await family.end()
    },
  }
}

function settings(folder: string, port: number, bus: number, password: string): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${folder}"`,
    `requirepass ${password}`,
    'cluster-enabled yes',
    'cluster-config-file nodes.conf',
    `cluster-port ${bus}`,
    'cluster-node-timeout 5000',
    'save ""',
    'appendonly no',
  ]
  return `${lines.join('\n')}\n`
}
