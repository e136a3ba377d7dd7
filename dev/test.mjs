/**
 * `npm test`: checks what `npm start` checks, runs vitest under Node 24 with the arguments passed on, and ends with
 * `N passed, N failed` on a line of its own. Plain JS for Node 20.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './find-node.mjs'
import { prepare } from './prepare.mjs'

const node = prepare({ postgres: true })
const folder = mkdtempSync(join(tmpdir(), 'onsale-report-'))
const report = join(folder, 'report.json')
const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs')
const child = spawn(node, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: projectRoot,
  stdio: 'inherit',
  env: { ...process.env, ONSALE_TEST_REPORT: report },
})
// Ctrl-C reaches vitest too, which tidies up; we wait for it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', code => {
  const { passed, failed, skipped } = readReport()
  rmSync(folder, { recursive: true, force: true })
  const why = Object.entries(skipped).map(([reason, count]) => `${reason} (${count})`)
  if (why.length > 0) console.log(`skipped: ${why.join(', ')}`)
  // A run that ends badly although every test passed has failed too; so has one of CI, which has every part, that skips.
  const bad = code !== 0 || (process.env.ONSALE_CI === '1' && why.length > 0)
  const total = failed === 0 && bad ? 1 : failed
  console.log(`${passed} passed, ${total} failed`)
  process.exitCode = total === 0 ? 0 : code || 1
})

function readReport() {
  try {
    return JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, skipped: {} }
  }
}
