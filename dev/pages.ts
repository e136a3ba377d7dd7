/** The web pages, built once for each content of their sources and kept in the data folder. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type ChildOptions, type Family, run } from './child.ts'
import { projectRoot } from './data-folder.ts'

const BUILD_DEADLINE_MS = 180_000
/** Older builds that are kept, for the one who goes back and forth between two branches. */
const KEPT = 3
/** All that a build reads. */
const SOURCES = ['web', 'client', 'shared/wire', 'shared/seats', 'vite.config.ts', 'package-lock.json']
const NOT_SOURCES = new Set(['node_modules', 'dist'])

/** @returns the folder to serve, and whether it had to be built */
export async function buildPages(
  family: Family,
  node: string,
  dataFolder: string,
  onLine: NonNullable<ChildOptions['onLine']>,
): Promise<{ webRoot: string; built: boolean }> {
  const home = join(dataFolder, 'web')
  const webRoot = join(home, await sourcesHash())
  if (existsSync(webRoot)) return { webRoot, built: false }
  await mkdir(home, { recursive: true })
  const draft = `${webRoot}.${process.pid}`
  const vite = join(projectRoot, 'node_modules/vite/bin/vite.js')
  try {
    await run(
      family,
      {
        command: node,
        args: [vite, 'build', '--outDir', draft, '--emptyOutDir', '--logLevel', 'warn'],
        cwd: projectRoot,
        onLine,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' },
      },
      BUILD_DEADLINE_MS,
    )
    await rename(draft, webRoot).catch(error => {
      // Another start has built the same at the same time.
      if (!existsSync(webRoot)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  await removeOld(home)
  return { webRoot, built: true }
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    for (const file of await filesBelow(join(projectRoot, source))) {
      hash.update(`${relative(projectRoot, file)}\0`)
      hash.update(
        createHash('sha256')
          .update(await readFile(file))
          .digest(),
      )
    }
  }
  return hash.digest('hex').slice(0, 16)
}

/** In a fixed order; nothing where the path does not exist. */
async function filesBelow(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null)
  if (!found) return []
  if (!found.isDirectory()) return [path]
  const files: string[] = []
  for (const name of (await readdir(path)).sort()) {
    if (!NOT_SOURCES.has(name) && !/\.test\.tsx?$/.test(name))
      files.push(...(await filesBelow(join(path, name))))
  }
  return files
}

async function removeOld(home: string): Promise<void> {
  const builds = await Promise.all(
    (await readdir(home)).map(async name => ({ name, at: (await stat(join(home, name))).mtimeMs })),
  )
  const old = builds.sort((a, b) => b.at - a.at).slice(KEPT)
  for (const { name } of old) await rm(join(home, name), { recursive: true, force: true })
}
