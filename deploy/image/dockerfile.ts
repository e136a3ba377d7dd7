/**
 * Reads the part of the Dockerfile language that ours is written in, and refuses the rest: what is checked and tried elsewhere
 * must be the file itself, not a copy of it.
 */

export type Instruction =
  | { verb: 'RUN'; command: string }
  | { verb: 'COPY'; from: string | null; sources: string[]; target: string }
  | { verb: 'ENV'; set: Record<string, string> }
  | { verb: 'WORKDIR' | 'USER'; value: string }
  | { verb: 'CMD'; command: string[] }

export interface Stage {
  name: string
  /** An image, or an earlier stage's name. */
  base: string
  instructions: Instruction[]
}

/** In the file's order; the last is what is built where no target is named. Throws where a line is not understood. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = []
  for (const line of logicalLines(text)) {
    const [, verb = '', rest = ''] = /^([A-Z]+)\s+(.*)$/s.exec(line) ?? []
    if (verb === 'FROM') stages.push(stageOf(rest))
    else {
      const instruction = instructionOf(verb, rest)
      if (instruction === null) continue
      const stage = stages.at(-1)
      if (stage === undefined) throw new Error(`before the first FROM: ${line}`)
      stage.instructions.push(instruction)
    }
  }
  return stages
}

/** Without comments, with continued lines joined. */
function logicalLines(text: string): string[] {
  return text
    .split('\n')
    .filter(line => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
}

function stageOf(rest: string): Stage {
  const [, base, name] = /^(\S+) AS (\S+)$/.exec(rest) ?? []
  if (base === undefined || name === undefined) throw new Error(`a stage without a name: FROM ${rest}`)
  return { name, base, instructions: [] }
}

function instructionOf(verb: string, rest: string): Instruction | null {
  switch (verb) {
    case 'RUN':
      if (rest.startsWith('-') || rest.startsWith('[')) throw new Error(`not understood: RUN ${rest}`)
      return { verb, command: rest }
    case 'COPY':
      return copyOf(rest)
    case 'ENV':
      return { verb, set: Object.fromEntries(rest.split(/\s+/).map(pairOf)) }
    case 'WORKDIR':
    case 'USER':
      return { verb, value: rest.trim() }
    case 'CMD':
      return { verb, command: JSON.parse(rest) as string[] }
    case 'EXPOSE':
      return null
    default:
      throw new Error(`not understood: ${verb} ${rest}`)
  }
}

function copyOf(rest: string): Instruction {
  const words = rest.split(/\s+/)
  const flags = words.filter(word => word.startsWith('--'))
  const from = flags[0]?.startsWith('--from=') ? flags[0].slice('--from='.length) : null
  if (flags.length > (from === null ? 0 : 1)) throw new Error(`not understood: COPY ${rest}`)
  const paths = words.filter(word => !word.startsWith('--'))
  const target = paths.pop()
  if (target === undefined || paths.length === 0) throw new Error(`not understood: COPY ${rest}`)
  return { verb: 'COPY', from, sources: paths, target }
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1 || /["'$]/.test(text)) throw new Error(`not understood: ENV ${text}`)
  return [text.slice(0, at), text.slice(at + 1)]
}
