/**
 * The SDK as others get it: packed, installed into a project of its own that checks types strictly, its README's programs run
 * against a whole Onsale.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Onsale, startOnsale } from '../dev/processes.ts'
import { testDatabase } from '../dev/test-parts.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')
const MOST_BYTES = 8 * 1024
const PROGRAM_MS = 60_000

let folder = ''
let installed = ''
let onsale: Onsale

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onsale-client-'))
  await run(process.execPath, [join(ROOT, 'dev', 'client-package.mjs')], { cwd: ROOT })
  const { stdout } = await run('npm', ['pack', join(ROOT, 'client'), '--pack-destination', folder, '--json'])
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  installed = join(folder, 'node_modules', '@onsale', 'client')
  await mkdir(installed, { recursive: true })
  // As npm unpacks it; npm itself would ask the network for nothing else.
  await run('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1'])
  const { url } = await testDatabase({ catalogue: true })
  onsale = await startOnsale({ ports: 'free', env: { DATABASE_URL: url } })
}, 120_000)
afterAll(async () => {
  await onsale?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The README's programs, at the address of this Onsale. */
async function programs(): Promise<string[]> {
  const text = await readFile(join(ROOT, 'client', 'README.md'), 'utf8')
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program = '']) =>
    program
      .replaceAll('https://tickets.example', onsale.httpUrl)
      .replaceAll('wss://live.tickets.example', onsale.realtimeUrl),
  )
}

test('[W141] the package is one file of at most 8 KB with gzip, without a dependency, with its types', async () => {
  const file = await readFile(join(installed, 'dist', 'onsale.js'))
  expect(gzipSync(file, { level: 9 }).length).toBeLessThanOrEqual(MOST_BYTES)
  expect(file.toString()).not.toMatch(/\b(import|require)\s*\(?['"`]|from\s*['"`]/)
  const { dependencies, types } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  expect(dependencies).toBeUndefined()
  expect(await readdir(join(installed, 'dist', 'client'))).toContain(types.split('/').at(-1))
})

test.for(['nodenext', 'bundler'] as const)(
  '[W142] a strict project takes its types, resolved as %s',
  async resolution => {
    const place = join(folder, resolution)
    await mkdir(place)
    await symlink(join(folder, 'node_modules'), join(place, 'node_modules'))
    await writeFile(join(place, 'package.json'), '{ "type": "module" }')
    const found = await programs()
    for (const [at, program] of found.entries()) await writeFile(join(place, `program${at}.ts`), program)
    await writeFile(
      join(place, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          noImplicitOverride: true,
          verbatimModuleSyntax: true,
          skipLibCheck: false,
          noEmit: true,
          target: 'es2024',
          lib: ['es2024', 'dom'],
          types: [],
          module: resolution === 'bundler' ? 'esnext' : 'nodenext',
          moduleResolution: resolution,
        },
      }),
    )
    const tsc = run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', place]).catch((error: unknown) => error)
    expect((await tsc) as object).toMatchObject({ stdout: '' })
  },
)

test('[W143] every program of its README runs', async () => {
  const found = await programs()
  expect(found.length).toBeGreaterThanOrEqual(4)
  const out: string[] = []
  for (const [at, program] of found.entries()) {
    const file = join(folder, `run${at}.ts`)
    await writeFile(file, program)
    const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout: PROGRAM_MS })
    out.push(stdout)
  }
  expect(out[0]).toMatch(/^\d+ events, first \S/)
  expect(out[1]).toMatch(/^all \d+ left\n/)
  expect(out[3]).toMatch(/\n(confirmed|paying)\n$/)
})
