/**
 * Carries out a Dockerfile's stages without a container engine: each stage is a folder that began as a copy of its base, in
 * which RUN happens by chroot. Layers, caches and users of the builder are a container engine's affair and not tried here.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Instruction, Stage } from './dockerfile.ts'

export interface Built {
  root: string
  env: Record<string, string>
  workdir: string
  user: string
}

export interface Builder {
  stages: Stage[]
  /** The folder of the clone, and the files of it that go to the builder. */
  clone: string
  context: string[]
  /** What stands in for every image that is named. */
  base: string
  /** Where stages are put. */
  folder: string
  /** For RUN alone, as the network may need. */
  runEnv: Record<string, string>
  say: (line: string) => void
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Every stage by its name. Throws where a step fails. */
export function build(builder: Builder): Map<string, Built> {
  const done = new Map<string, Built>()
  for (const stage of builder.stages) {
    const began = performance.now()
    const base = done.get(stage.base) ?? { root: builder.base, env: { PATH }, workdir: '/', user: 'root' }
    const built = { ...base, env: { ...base.env }, root: join(builder.folder, stage.name) }
    rmSync(built.root, { recursive: true, force: true })
    execFileSync('cp', ['-a', '--reflink=auto', base.root, built.root])
    for (const step of stage.instructions) carryOut(step, built, builder, done)
    done.set(stage.name, built)
    builder.say(`built ${stage.name} in ${((performance.now() - began) / 1_000).toFixed(0)} s`)
  }
  return done
}

function carryOut(step: Instruction, built: Built, builder: Builder, done: Map<string, Built>): void {
  switch (step.verb) {
    case 'ENV':
      Object.assign(built.env, step.set)
      return
    case 'WORKDIR':
      built.workdir = step.value
      mkdirSync(join(built.root, step.value), { recursive: true })
      return
    case 'USER':
      built.user = step.value
      return
    case 'RUN':
      execFileSync('chroot', [built.root, '/bin/sh', '-c', `cd ${built.workdir} && ${step.command}`], {
        env: { ...builder.runEnv, ...built.env },
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      return
    case 'COPY':
      copy(step, built, builder, done)
      return
    case 'CMD':
      return
    default:
      step satisfies never
  }
}

/** As COPY does: a folder's content is copied, not the folder; into a folder where the target ends in a slash. */
function copy(
  { from, sources, target }: Extract<Instruction, { verb: 'COPY' }>,
  built: Built,
  { clone, context }: Builder,
  done: Map<string, Built>,
): void {
  const place = join(built.root, target.startsWith('/') ? '' : built.workdir, target)
  const intoFolder = target.endsWith('/') || sources.length > 1
  if (from !== null) {
    const root = done.get(from)?.root
    if (root === undefined) throw new Error(`COPY --from=${from}: no such stage`)
    for (const source of sources) cpSync(join(root, source), place, { recursive: true })
    return
  }
  for (const source of sources) {
    const files = context.filter(file => source === '.' || file === source || file.startsWith(`${source}/`))
    if (files.length === 0) throw new Error(`COPY ${source}: nothing of it is in the context`)
    for (const file of files) {
      const isFolder = source === '.' || statSync(join(clone, source)).isDirectory()
      const within = isFolder
        ? source === '.'
          ? file
          : file.slice(source.length + 1)
        : file.split('/').at(-1)!
      const to = isFolder || intoFolder ? join(place, within) : place
      if (!existsSync(dirname(to))) mkdirSync(dirname(to), { recursive: true })
      cpSync(join(clone, file), to)
    }
  }
}
