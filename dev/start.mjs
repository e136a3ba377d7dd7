/**
 * `npm start`: the doors. Checks what must be there, then hands over to dev/up.ts under Node 24, with arguments, signals and
 * exit code passed on. Plain JS for Node 20.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from './find-node.mjs'
import { prepare } from './prepare.mjs'

const PARENT_POLL_MS = 1_000

const node = prepare()
const up = spawn(node, [join(projectRoot, 'dev', 'up.ts'), ...process.argv.slice(2)], {
  cwd: projectRoot,
  // The channel says nothing; that it closes tells up.ts that we are gone, however we went.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => up.kill(signal))
up.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))

// npm passes signals on, but cannot when it is killed; started by hand, we may well outlive our shell.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && up.kill('SIGTERM'), PARENT_POLL_MS).unref()
}
