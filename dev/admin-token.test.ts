import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AdminTokens } from '../shared/admin-tokens.ts'
import { readAdminKeys } from '../shared/config.ts'
import { makeTemporaryFolder, projectRoot } from './data-folder.ts'

const folder = makeTemporaryFolder('onsale-token')
afterAll(() => rmSync(folder, { recursive: true }))

const kept = { ADMIN_TOKEN: 'a'.repeat(32), ONSALE_SECRET: 'b'.repeat(32) }

function run(args: string[], environment: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['dev/admin-token.ts', ...args], {
    cwd: projectRoot,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ONSALE_DATA: folder, ...environment },
  })
  return { token: stdout.trim(), told: stderr, status }
}

test('[R109] npm run admin:token takes its secrets from the environment, else from the npm start of this clone, and says what it lacks', () => {
  expect(run(['--name', 'ada'])).toMatchObject({
    status: 1,
    token: '',
    told: expect.stringMatching(/ADMIN_TOKEN: is not set/),
  })

  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(kept))
  writeFileSync(join(folder, 'instance.json'), JSON.stringify({ url: 'http://localhost:3100' }))
  const local = run(['--name', 'ada', '--hours', '2'])
  expect(local.told).toContain(`http://localhost:3100/operator#token=${local.token}`)
  const checked = new AdminTokens(readAdminKeys(kept)).check(local.token)
  expect(checked).toMatchObject({ ok: true, operator: { name: 'ada' } })
  const left = checked.ok ? (checked.operator.until ?? 0) - Date.now() : 0
  expect(left).toBeGreaterThan(7_100_000)
  expect(left).toBeLessThanOrEqual(7_200_000)

  const set = { ADMIN_TOKEN: 'c'.repeat(32), ONSALE_SECRET: 'd'.repeat(32) }
  const { token } = run(['--name', 'bob'], set)
  expect(new AdminTokens(readAdminKeys(set)).check(token)).toMatchObject({
    ok: true,
    operator: { name: 'bob' },
  })

  for (const args of [[], ['--name', 'admin'], ['--name', 'ada', '--hours', '0'], ['--nom', 'ada']])
    expect(run(args)).toMatchObject({
      status: 1,
      token: '',
      told: expect.stringMatching(/Usage: npm run admin:token/),
    })
})
