/**
 * `npm run client`: makes the package of the SDK in client/dist, one file of JavaScript and the types beside it; `npm pack ./client`
 * then packs it. Says what it weighs.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const room = join(import.meta.dirname, '..', 'client')
const dist = join(room, 'dist')

rmSync(dist, { recursive: true, force: true })
await build({
  configFile: false,
  root: room,
  logLevel: 'warn',
  build: {
    outDir: dist,
    target: 'es2022',
    lib: { entry: join(room, 'package.ts'), formats: ['es'], fileName: () => 'onsale.js' },
    // In library mode Vite itself would leave white space and names.
    rolldownOptions: { output: { minify: true, comments: false }, optimization: { inlineConst: true } },
  },
})
const tsc = join(room, '..', 'node_modules', '.bin', 'tsc')
execFileSync(tsc, ['-p', join(room, 'tsconfig.json')], { stdio: 'inherit' })
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue
  const file = join(dist, name)
  // TypeScript keeps the endings of our sources, which others do not have.
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replaceAll(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'),
  )
}
const bytes = readFileSync(join(dist, 'onsale.js'))
console.log(`client/dist/onsale.js: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} with gzip`)
