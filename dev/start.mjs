/**
 * `npm start`: the doors. Checks what must be there, then hands over to dev/up.ts under Node 24, with arguments, signals and
 * exit code passed on. Plain JS for Node 20.
 */
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './find-node.mjs'
import { prepare } from './prepare.mjs'

const PARENT_POLL_MS = 1_000

const node = prepare({ postgres: !process.env.DATABASE_URL })
const up = spawn(node, [join(projectRoot, 'dev', 'up.ts'), ...process.argv.slice(2)], {
  cwd: projectRoot,
  // The channel says nothing; that it closes tells up.ts that we are gone, however we went.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => up.kill(signal))
up.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))

// npm passes signals on, but cannot when it is killed. Started by hand, we may well outlive the shell.
const npm = findNpm()
if (npm) setInterval(() => isGone(npm) && up.kill('SIGTERM'), PARENT_POLL_MS).unref()

/** The npm that runs us: our parent, or its parent where a shell stands between. */
function findNpm() {
  if (!process.env.npm_lifecycle_event) return null
  let pid = process.ppid
  for (let step = 0; step < 2; step++) {
    const [parent, command] = ask(pid)
    if (/\bnpm\b/.test(command) && !command.includes('start.mjs')) return pid
    pid = parent
  }
  return null
}

/** @returns {[number, string]} a process's parent and command; ps is missing in some images, /proc on some systems */
function ask(pid) {
  try {
    if (process.platform === 'linux') {
      const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]
      return [Number(parent), readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
    }
    const line = execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return [Number.parseInt(line, 10), line.replace(/^\d+ /, '')]
  } catch {
    return [0, '']
  }
}

function isGone(pid) {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}
