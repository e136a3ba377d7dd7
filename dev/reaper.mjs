/**
 * The last will of a process that starts others: told over stdin which children live and which folders are for the moment, it
 * ends and removes them when its stdin closes, which happens however its parent dies, kill -9 included.
 * A line each: `+<pid>`, `-<pid>`, `rm <folder>`. It ignores Ctrl-C, since its parent may still be tidying up.
 */
import { readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

const GRACE_MS = 10_000
const POLL_MS = 50

const pids = []
const folders = []
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('+')) pids.push(Number(line.slice(1)))
  else if (line.startsWith('-')) pids.splice(pids.indexOf(Number(line.slice(1))), 1)
  else if (line.startsWith('rm ')) folders.push(line.slice(3))
}
// The last started is ended first: what stands on Postgres goes before Postgres.
for (const pid of pids.reverse()) await end(pid)
for (const folder of folders) rmSync(folder, { recursive: true, force: true })

async function end(pid) {
  // SIGINT is Postgres's fast shutdown; SIGTERM would wait for its clients. To the others the two are one.
  if (!signal(pid, 'SIGINT')) return
  for (let waited = 0; waited < GRACE_MS; waited += POLL_MS) {
    await wait(POLL_MS)
    if (!signal(pid, 0) || isZombie(pid)) return
  }
  signal(pid, 'SIGKILL')
}

function signal(pid, name) {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** Nobody may be left to collect a dead child (a container without an init): it then stays in the process table. */
function isZombie(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].startsWith('Z')
  } catch {
    return false
  }
}
