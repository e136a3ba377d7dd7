/** Runs one of the tools (npm run load, npm run crowd) under Node 24, with arguments, signals and exit code passed on. Plain JS for Node 20. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Cure } from '../dev/cure.mjs'
import { findNode, projectRoot } from '../dev/find-node.mjs'

/** @param {string} script path below the clone */
export function runTool(script) {
  try {
    // One Ctrl-C may come twice, from the terminal and from here: the tools take both for one.
    const tool = spawn(findNode(), [join(projectRoot, script), ...process.argv.slice(2)], {
      stdio: 'inherit',
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => tool.kill(signal))
    tool.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
  } catch (error) {
    console.error(error instanceof Cure ? error.message : error)
    process.exit(1)
  }
}
