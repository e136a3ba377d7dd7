/**
 * Runs the services of docker-compose.yml from the built stages (try-image.ts), each by its own command and environment, as the
 * image's user, on a file system that it cannot write to, until its own health check is content; then buys tickets through the
 * proxy and stops all. The network is our own: every service's name leads to this machine.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { type Child, Family } from '../../dev/child.ts'
import { makeTemporaryFolder, projectRoot } from '../../dev/data-folder.ts'
import { makeSecrets } from '../../dev/new-secrets.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { findRedis } from '../../dev/redis-binary.ts'
import { buyThrough } from './purchase.ts'

const Service = z.object({
  command: z.array(z.string()).nullish(),
  environment: z.record(z.string(), z.string()).nullish(),
  build: z.object({ target: z.string() }).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  read_only: z.boolean().optional(),
})
type Service = z.infer<typeof Service>
const Project = z.object({ services: z.record(z.string(), Service) })
const Built = z.object({
  root: z.string(),
  env: z.record(z.string(), z.string()),
  workdir: z.string(),
  user: z.string(),
})
type Built = z.infer<typeof Built>

const HEALTHY_MS = 40_000
const GRACE_MS = 20_000

const built = z.record(z.string(), Built).parse(JSON.parse(readFileSync(0, 'utf8')))
const [folder = ''] = process.argv.slice(2)
const say = (line: string): void => console.log(`         ${line}`)
const data = makeTemporaryFolder('onsale-trial')
const family = new Family(process.execPath, projectRoot)
family.removeAtEnd(data)

try {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  await trial()
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  await family.end()
}

async function trial(): Promise<void> {
  const postgres = await startPostgres({
    family,
    folder: join(data, 'postgres'),
    binariesFolder: data,
    port: 5432,
    durable: false,
  })
  await postgres.database('onsale')
  const services = readServices(new URL(postgres.url('onsale')).password)
  for (const { root } of Object.values(built)) nameServices(root, Object.keys(services))
  await startRedis(services['redis']?.command ?? [])
  const volume = join(data, 'volume')
  mkdirSync(volume)
  execFileSync('chown', ['1000:1000', volume])
  readOnly(imageOf(services['http']!), volume)
  readOnly(imageOf(services['catalogue']!), null)

  for (const name of ['migrate', 'catalogue']) await runsThrough(name, services[name]!)
  const running: [string, Child][] = []
  for (const name of ['payments', 'http', 'realtime', 'worker']) {
    const child = await start(services[name]!)
    await untilHealthy(name, services[name]!, child)
    running.push([name, child])
  }
  const proxy = await startProxy(Object.keys(services))
  for (const line of (await buyThrough('http://localhost:8080')).said) say(line)
  if ((await fetch('http://localhost:8080/metrics')).status !== 404) throw new Error('/metrics is public')
  if (proxy.isAlive()) await proxy.stop('SIGTERM', GRACE_MS)
  for (const [name, child] of running.reverse()) {
    const { code } = await child.stop('SIGTERM', GRACE_MS)
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${child.lastLines().join('\n')}`)
  }
  say('all stopped in order')
}

/** docker-compose.yml, as Compose itself reads it. */
function readServices(password: string): Record<string, Service> {
  const env = join(data, 'env')
  const lines = Object.entries({ ...makeSecrets(), POSTGRES_PASSWORD: password })
    .filter(([name]) => !name.startsWith('STRIPE'))
    .map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(env, lines.join(''))
  const { status, stdout, stderr } = spawnSync(
    join(folder, 'compose-check'),
    ['-env-file', env, '-profile', 'demo', join(projectRoot, 'docker-compose.yml')],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  return Project.parse(JSON.parse(stdout)).services
}

function nameServices(root: string, names: string[]): void {
  writeFileSync(join(root, 'etc/hosts'), `127.0.0.1 localhost ${names.join(' ')}\n`)
}

/** As `read_only` does; what the image gives to a volume stays writable. */
function readOnly({ root }: Built, volume: string | null): void {
  execFileSync('mount', ['--bind', root, root])
  execFileSync('mount', ['-o', 'remount,ro,bind', root])
  if (volume !== null) execFileSync('mount', ['--bind', volume, join(root, 'var/lib/onsale')])
  execFileSync('mount', ['-t', 'proc', 'proc', join(root, 'proc')])
  execFileSync('mount', ['--bind', '/dev', join(root, 'dev')])
}

function imageOf({ build }: Service): Built {
  const image = built[build?.target ?? 'onsale']
  if (image === undefined) throw new Error(`no stage ${build?.target}`)
  return image
}

function inside(
  service: Service,
  command: string[],
): { command: string; args: string[]; env: Record<string, string> } {
  const { root, env, workdir, user } = imageOf(service)
  const args = [`--userspec=${user}`, root, '/usr/bin/env', '-C', workdir, ...command]
  return { command: 'chroot', args, env: { ...env, ...service.environment } }
}

function start(service: Service): Promise<Child> {
  return family.start({ ...inside(service, service.command ?? []), cwd: '/' })
}

async function runsThrough(name: string, service: Service): Promise<void> {
  const child = await start(service)
  const { code } = await child.ended
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${child.lastLines().join('\n')}`)
  say(`${name}: ${child.lastLines().at(-1)}`)
}

async function untilHealthy(name: string, service: Service, child: Child): Promise<void> {
  const [kind, ...test] = service.healthcheck?.test ?? []
  if (kind !== 'CMD') throw new Error(`${name} has no health check of the kind CMD`)
  const { command, args, env } = inside(service, test)
  const began = performance.now()
  while (spawnSync(command, args, { env }).status !== 0) {
    const late = performance.now() - began > HEALTHY_MS
    if (late || !child.isAlive()) throw new Error(`${name} is not healthy:\n${child.lastLines().join('\n')}`)
    await wait(200)
  }
  say(`${name}: healthy after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
}

async function startRedis([, ...args]: string[]): Promise<void> {
  const binary = await findRedis(folder, process.env['PATH'] ?? '', say)
  const place = join(data, 'redis')
  mkdirSync(place)
  await family.start({
    command: binary.command,
    args,
    cwd: place,
    env: binary.libraries ? { LD_LIBRARY_PATH: binary.libraries } : {},
  })
}

/** Caddy with deploy/Caddyfile as it is. */
async function startProxy(names: string[]): Promise<Child> {
  const caddy = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(place => join(place, 'caddy'))
    .find(file => spawnSync(file, ['version']).status === 0)
  if (caddy === undefined) throw new Error('no caddy on PATH')
  // It resolves names by the file of the machine, which in this mount namespace is ours to change.
  const hosts = join(data, 'hosts')
  writeFileSync(hosts, `127.0.0.1 localhost ${names.join(' ')}\n`)
  execFileSync('mount', ['--bind', hosts, '/etc/hosts'])
  const child = await family.start({
    command: caddy,
    args: ['run', '--config', join(projectRoot, 'deploy/Caddyfile'), '--adapter', 'caddyfile'],
    cwd: data,
    env: { HOME: data },
  })
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch('http://localhost:8080/readyz').catch(() => undefined)
    if (answer?.ok) return child
    await wait(100)
  }
  throw new Error(`the proxy does not serve:\n${child.lastLines().join('\n')}`)
}
