/**
 * Finds a Redis server to run, on a ladder: one on PATH; else the distribution's package, unpacked into our own folder without
 * being installed (an installed one would leave a service on port 6379); else an error that names the cure for each system.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Cure } from './cure.mjs'

export type RedisBinary = { command: string; libraries: string | null; version: string }

const SERVERS = ['redis-server', 'valkey-server'] as const
// Sharded publish and the function-wide clock of scripts came with 7.
const OLDEST_MAJOR = 7
const APT_DEADLINE_MS = 120_000
const CHECK_DEADLINE_MS = 10_000

const execute = promisify(execFile)

/**
 * @param folder keeps what was downloaded, for every later start and test run
 * @param path the PATH to search
 * @param onProgress told before anything slow
 */
export async function findRedis(
  folder: string,
  path: string,
  onProgress: (line: string) => void,
  { apt = '/usr/bin/apt-get' } = {},
): Promise<RedisBinary> {
  for (const server of SERVERS) {
    const command = path
      .split(delimiter)
      .map(place => join(place, server))
      .find(file => existsSync(file))
    const binary = command && (await check(command, null))
    if (binary) return binary
  }
  return (await unpacked(folder)) ?? (await download(folder, onProgress, existsSync(apt)))
}

/** The binary if it runs here and is new enough. */
async function check(command: string, libraries: string | null): Promise<RedisBinary | null> {
  try {
    const env = libraries ? { LD_LIBRARY_PATH: libraries } : {}
    const { stdout } = await execute(command, ['--version'], { env, timeout: CHECK_DEADLINE_MS })
    const version = /v=(\d+\.\d+\.\d+)/.exec(stdout)?.[1]
    return version && Number.parseInt(version, 10) >= OLDEST_MAJOR ? { command, libraries, version } : null
  } catch {
    return null
  }
}

/** What an earlier start left in the folder. */
async function unpacked(folder: string): Promise<RedisBinary | null> {
  const root = join(folder, 'redis-bin')
  const lib = join(root, 'usr/lib')
  if (!existsSync(lib)) return null
  const triplets = (await readdir(lib)).filter(name => name.includes('-linux-')).map(name => join(lib, name))
  const libraries = [...triplets, lib].join(':')
  for (const server of SERVERS) {
    const binary = await check(join(root, 'usr/bin', server), libraries)
    if (binary) return binary
  }
  return null
}

async function download(
  folder: string,
  onProgress: (line: string) => void,
  hasApt: boolean,
): Promise<RedisBinary> {
  const failures: string[] = []
  if (hasApt) {
    onProgress('no redis-server on PATH: unpacking the distribution’s own into the data folder')
    for (const product of ['redis', 'valkey']) {
      try {
        await unpackPackage(folder, product)
        const binary = await unpacked(folder)
        if (binary) return binary
        failures.push(`${product}: does not run here, or is older than ${OLDEST_MAJOR}`)
      } catch (error) {
        failures.push(`${product}: ${lastWords(error)}`)
      }
    }
  }
  throw new Cure(`${CURES}${failures.map(line => `\n(apt-get download ${line})`).join('')}`)
}

async function unpackPackage(folder: string, product: string): Promise<void> {
  const draft = join(folder, `redis-bin.${process.pid}`)
  const packages = join(draft, 'packages')
  await mkdir(packages, { recursive: true })
  try {
    await fetchPackages(packages, product)
    for (const file of await readdir(packages)) {
      if (file.endsWith('.deb'))
        await execute('dpkg', ['-x', join(packages, file), draft], { timeout: APT_DEADLINE_MS })
    }
    await rm(packages, { recursive: true })
    await rm(join(folder, 'redis-bin'), { recursive: true, force: true })
    await rename(draft, join(folder, 'redis-bin'))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** With the system's package lists, else with fresh ones of our own: reading those needs no root and changes nothing. */
async function fetchPackages(into: string, product: string): Promise<void> {
  try {
    await fetchWith([], into, product)
  } catch {
    const state = join(into, 'lists')
    await mkdir(join(state, 'partial'), { recursive: true })
    const own = ['-o', `Dir::State::lists=${state}`, '-o', `Dir::Cache=${into}`]
    await apt('apt-get', [...own, 'update'], into)
    await fetchWith(own, into, product)
  }
}

async function fetchWith(options: string[], into: string, product: string): Promise<void> {
  const depends = await apt(
    'apt-cache',
    [...options, 'depends', `${product}-server`, `${product}-tools`],
    into,
  )
  const libraries = [...depends.matchAll(/Depends: ((?:lib|lua)[^\s<]+)/g)].map(match => match[1] ?? '')
  const missing: string[] = []
  for (const name of new Set(libraries)) if (!(await isInstalled(name))) missing.push(name)
  await apt('apt-get', [...options, 'download', `${product}-server`, `${product}-tools`, ...missing], into)
}

async function apt(command: string, args: string[], cwd: string): Promise<string> {
  // Root's apt would drop to a user who may not be able to write here.
  const all = ['-o', 'APT::Sandbox::User=root', '-q', ...args]
  return (await execute(command, all, { cwd, timeout: APT_DEADLINE_MS, maxBuffer: 16 << 20 })).stdout
}

async function isInstalled(name: string): Promise<boolean> {
  const asked = execute('dpkg-query', ['-W', '-f', `\${Status}`, name], { timeout: CHECK_DEADLINE_MS })
  return asked.then(
    ({ stdout }) => stdout.includes('ok installed'),
    () => false,
  )
}

function lastWords(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  return text.trim().split('\n').at(-1) ?? ''
}

const CURES = `Onsale needs a Redis server (7 or newer), and none is on PATH. Cure, one of:
  macOS:          brew install redis
  Fedora:         sudo dnf install valkey
  Alpine:         apk add redis
  Debian, Ubuntu: sudo apt-get install redis-server
  Windows:        run Onsale inside WSL (Ubuntu)
  elsewhere:      set REDIS_URL to a Redis of your own`
