/** The Dockerfile brings along what the commands of docker-compose.yml run, and nothing that only developers need. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { contextOf } from './context.ts'
import { parseDockerfile, type Stage } from './dockerfile.ts'

const text = (file: string): string => readFileSync(file, 'utf8')
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => file !== '')
const context = contextOf(tracked, text('.dockerignore'))
const stages = parseDockerfile(text('deploy/Dockerfile'))
const stage = (name: string): Stage => {
  const found = stages.find(one => one.name === name)
  if (found === undefined) throw new Error(`no stage ${name}`)
  return found
}

/** The files of the clone that a stage takes along by itself. */
function copiedBy({ instructions }: Stage): string[] {
  const sources = instructions.flatMap(step =>
    step.verb === 'COPY' && step.from === null ? step.sources : [],
  )
  return context.filter(file =>
    sources.some(source => source === '.' || file === source || file.startsWith(`${source}/`)),
  )
}

/** What a script runs, itself and all it imports; packages by their names. */
function reached(script: string, files = new Set<string>(), packages = new Set<string>()) {
  if (files.has(script)) return { files, packages }
  files.add(script)
  const imports =
    /^(?:import|export)(?! type\b)[\w\s{},*$]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm
  for (const [, a, b, c] of text(script).matchAll(imports)) {
    const name = a ?? b ?? c ?? ''
    if (name.startsWith('.')) reached(posix.join(posix.dirname(script), name), files, packages)
    else if (!name.startsWith('node:'))
      packages.add(
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      )
  }
  return { files, packages }
}

const RUN = [
  'http/main.ts',
  'realtime/main.ts',
  'http/worker.ts',
  'db/migrate.ts',
  'dev/stripe-simulator/main.ts',
  'dev/mend-uwebsockets.mjs',
]
const Manifest = z.object({ dependencies: z.record(z.string(), z.string()) })

test('[D1] every file and package that a process of the image imports is in it', () => {
  const copied = new Set(copiedBy(stage('onsale')))
  const { dependencies } = Manifest.parse(JSON.parse(text('package.json')))
  const [files, packages] = [new Set<string>(), new Set<string>()]
  for (const script of RUN) reached(script, files, packages)
  expect(files.size).toBeGreaterThan(100)
  expect([...files].filter(file => !copied.has(file))).toEqual([])
  expect([...packages].filter(name => dependencies[name] === undefined)).toEqual([])
})

test('[D2] the image runs as a user that is not root, and holds no tests, pages’ sources or tools', () => {
  const last = stages.at(-1)
  expect(last?.name).toBe('onsale')
  expect(last?.instructions.filter(({ verb }) => verb === 'USER')).toEqual([{ verb: 'USER', value: 'node' }])
  expect(last?.instructions.findLastIndex(({ verb }) => verb === 'RUN')).toBeLessThan(
    last?.instructions.findIndex(({ verb }) => verb === 'USER') ?? -1,
  )
  const strange = copiedBy(stage('onsale')).filter(file =>
    /\.test\.tsx?$|-fixture\.ts$|^(web|client|load-tests|deploy|\.ci|docs)\/|^db\/catalogue\//.test(file),
  )
  expect(strange).toEqual([])
})

test('[D3] the catalogue’s loader is built apart, with the packages it alone needs', () => {
  expect(stage('catalogue').base).toBe('build')
  const { files } = reached('db/catalogue/load.ts')
  const copied = new Set(copiedBy(stage('build')))
  expect([...files].filter(file => !copied.has(file))).toEqual([])
})

test('[D4] secrets, data and what is installed or built here never go to the builder', () => {
  const here = [
    '.env',
    '.git/config',
    '.onsale/secrets.json',
    'node_modules/pg/index.js',
    'web/dist/index.html',
    'dev/up.ts',
  ]
  expect(contextOf(here, text('.dockerignore'))).toEqual([])
  expect(contextOf(['web/main.tsx', 'package.json', 'dev/cure.mjs'], text('.dockerignore'))).toHaveLength(3)
})

test('[D4] a line of the Dockerfile that the trial cannot carry out is refused', () => {
  expect(() => parseDockerfile('FROM a AS b\nRUN --mount=type=cache,target=/x true')).toThrow(
    'not understood',
  )
  expect(() => parseDockerfile('FROM a AS b\nADD x y')).toThrow('not understood')
  expect(parseDockerfile('FROM a AS b\nRUN one && \\\n  # a comment\n  two')).toEqual([
    { name: 'b', base: 'a', instructions: [{ verb: 'RUN', command: 'one && two' }] },
  ])
})
