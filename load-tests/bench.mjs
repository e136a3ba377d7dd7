/** `npm run bench -- <name>`: hands over to bench/<name>.ts under Node 24; without a name says which there are. Plain JS for Node 20. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from './run-tool.mjs'

const folder = join(import.meta.dirname, 'bench')
const names = readdirSync(folder)
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map(file => file.slice(0, -'.ts'.length))
const [name] = process.argv.splice(2, 1)

if (names.includes(name ?? '')) runTool(`load-tests/bench/${name}.ts`)
else {
  const told = names.map(each => `  npm run bench -- ${each.padEnd(8)}  ${firstSentence(each)}`)
  console.log(`${name === undefined ? 'There are' : `There is no bench "${name}", but`}:\n${told.join('\n')}`)
  process.exitCode = name === undefined ? 0 : 1
}

/** @param {string} each of its file, without the call that it begins with */
function firstSentence(each) {
  const words = /\/\*\*(.*?)\*\//s.exec(readFileSync(join(folder, `${each}.ts`), 'utf8'))?.[1] ?? ''
  const plain = words.replaceAll(/\n \*/g, ' ').replaceAll(/\s+/g, ' ')
  return (/^[^:]*: (.*?)[.;](?: |$)/.exec(plain)?.[1] ?? plain).trim()
}
