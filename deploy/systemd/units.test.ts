/** The systemd units of docs/one-server.md. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeTemporaryFolder } from '../../dev/data-folder.ts'

const HOME = '/opt/onsale/'
const units = readdirSync('deploy/systemd').filter(name => /\.(service|timer)$/.test(name))
const unit = (name: string): string => readFileSync(join('deploy/systemd', name), 'utf8')
const folder = makeTemporaryFolder('onsale-units')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('[D15] every unit runs what is there, as a user of its own, and may be stopped in order', () => {
  expect(units).toHaveLength(5)
  for (const name of units.filter(one => one.endsWith('.service'))) {
    const text = unit(name)
    const [command = '', script] = (/^ExecStart=(.+)$/m.exec(text)?.[1] ?? '').split(' ')
    expect(existsSync(command.replace(HOME, '')), `${name}: ${command}`).toBe(true)
    if (command.endsWith('/node')) expect(existsSync(script ?? ''), `${name}: ${script}`).toBe(true)
    expect(text, name).toMatch(/^User=onsale$/m)
    expect(text, name).toMatch(/^ProtectSystem=strict$/m)
    if (/^Restart=always$/m.test(text)) {
      expect(text, name).toMatch(/^TimeoutStopSec=20$/m)
      expect(text, name).toMatch(/^ExecStartPre=\S+\/node db\/migrate\.ts$/m)
      // What is required and fails would end the restarts.
      expect(text, name).not.toMatch(/^(Requires|BindsTo)=/m)
    }
  }
  expect(unit('onsale-realtime.service')).toMatch(/^LimitNOFILE=\d{6}$/m)
})

test('[D15] systemd itself finds no fault with the units', ({ skip }) => {
  const isHere = spawnSync('systemd-analyze', ['--version']).status === 0
  skip(!isHere && process.env['ONSALE_CI'] !== '1', 'no systemd-analyze')
  const here = join(folder, 'opt')
  for (const path of ['node_modules/.bin/node', 'deploy/backup.sh']) {
    mkdirSync(join(here, path, '..'), { recursive: true })
    writeFileSync(join(here, path), '#!/bin/sh\n')
    chmodSync(join(here, path), 0o755)
  }
  for (const name of units) writeFileSync(join(folder, name), unit(name).replaceAll(HOME, `${here}/`))
  const { status, stderr } = spawnSync(
    'systemd-analyze',
    ['verify', ...units.map(name => join(folder, name))],
    {
      encoding: 'utf8',
    },
  )
  expect(stderr.split('\n').filter(line => line.includes('onsale'))).toEqual([])
  expect(status).toBe(0)
})
