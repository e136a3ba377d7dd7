/** The repository checks itself. Each failure names the file and the cure. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

/** Tracked files and new ones git does not ignore. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => file !== '' && !file.includes('/data/'))
const code = files.filter(file => /\.(ts|tsx|mjs)$/.test(file))
const text = (file: string) => readFileSync(file, 'utf8')

/** What each room may import, beside itself. `client` and `web` are narrower still: see below. */
const MAY_IMPORT: Record<string, string[]> = {
  shared: [],
  queue: ['shared'],
  http: ['shared', 'queue'],
  realtime: ['shared', 'queue'],
  client: ['shared'],
  web: ['client', 'shared'],
  db: ['shared'],
}

/** What runs in a browser: nothing of it may need Node. */
const BROWSER_MAY_IMPORT =
  /^(shared\/wire\/|client\/|web\/|shared\/seats\/(seat-map|stretches|best-available|orphan-rule)\.ts)/

const isTest = (file: string) => /\.test\.tsx?$|-fixture\.ts$|small-house\.ts$/.test(file)

function* imports(): Generator<{ from: string; to: string }> {
  for (const from of code) {
    for (const [, path = ''] of text(from).matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g)) {
      yield { from, to: posix.normalize(posix.join(posix.dirname(from), path)) }
    }
  }
}

function room(file: string): string {
  return file.split('/')[0] ?? ''
}

describe('imports', () => {
  test('go one way: shared <- queue <- {http, realtime}', () => {
    const wrong = [...imports()].filter(({ from, to }) => {
      const allowed = MAY_IMPORT[room(from)]
      if (allowed === undefined || isTest(from)) return false
      return room(to) !== room(from) && !allowed.includes(room(to))
    })
    expect(wrong).toEqual([])
  })

  test('of what runs in a browser stay with what runs in a browser', () => {
    const wrong = [...imports()].filter(({ from, to }) => {
      const inBrowser = /^(client|web)\//.test(from) || from.startsWith('shared/wire/')
      return (
        inBrowser &&
        !isTest(from) &&
        !from.endsWith('picture.ts') &&
        /\.tsx?$/.test(to) &&
        !BROWSER_MAY_IMPORT.test(to)
      )
    })
    expect(wrong).toEqual([])
  })

  test('of tests and of what only tests need stay in tests', () => {
    // A bench stands on the same ground as the tests.
    const mayStand = (file: string) =>
      isTest(file) || room(file) === 'dev' || file.startsWith('load-tests/bench/')
    const wrong = [...imports()].filter(({ from, to }) => isTest(to) && !mayStand(from))
    expect(wrong).toEqual([])
  })

  test('of the client name no package', () => {
    const wrong = code.filter(
      file => file.startsWith('client/') && !isTest(file) && /from ['"][^.'"]/.test(text(file)),
    )
    expect(wrong).toEqual([])
  })
})

describe('SPEC.md', () => {
  const titled = code
    .filter(isTest)
    .flatMap(file =>
      [...text(file).matchAll(/(?:test|it)(?:\.\w+(?:\([^)]*\))?)*\(\s*['"`]\[([A-Z]\d+)\]/g)].map(
        ([, id = '']) => id,
      ),
    )
  const specified = [...text('SPEC.md').matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)].map(([, id = '']) => id)

  test('names each rule once', () => {
    expect(specified.filter((id, at) => specified.indexOf(id) !== at)).toEqual([])
  })
  test('has a test for every rule', () => {
    expect(specified.filter(id => !titled.includes(id))).toEqual([])
  })
  test('has a rule for every test that names one', () => {
    expect([...new Set(titled)].filter(id => !specified.includes(id))).toEqual([])
  })
})

describe('code', () => {
  /** Where each may stand: its one file, and the processes' beginnings. */
  const ONE_PLACE: [RegExp, RegExp][] = [
    [/\bDate\.now\(|\bnew Date\(\)/, /^shared\/clock\.ts$/],
    [/\bMath\.random\(/, /^shared\/clock\.ts$/],
    [/\bprocess\.env\b/, /^shared\/config\.ts$|^db\/(migrate|catalogue\/load)\.ts$/],
  ]

  test.each(ONE_PLACE)('says %s in one place alone', (banned, place) => {
    const wrong = code.filter(
      file =>
        /^(shared|queue|http|realtime|db)\//.test(file) &&
        !isTest(file) &&
        !place.test(file) &&
        banned.test(text(file)),
    )
    expect(wrong).toEqual([])
  })

  test('has no marks of unfinished work and switches no check off', () => {
    const marks =
      /\b(?:TODO|FIXME|XXX)\b|@ts-(?:ignore|nocheck)|\bas any\b|\b(?:test|it|describe)\.(?:only|skip)\(/
    expect(code.filter(file => !file.startsWith('.ci/') && marks.test(text(file)))).toEqual([])
  })

  test('keeps every file to a sitting: at most 500 lines', () => {
    const long = [...code, ...files.filter(file => /\.(lua|sql|css)$/.test(file))]
      .map(file => ({ file, lines: text(file).split('\n').length }))
      .filter(({ file, lines }) => lines > 500 && !/\.css$/.test(file))
    expect(long).toEqual([])
  })

  test('is named by what it is: no utils, helpers, types, common or barrels', () => {
    const vague = /(^|\/)(utils?|helpers?|types|common|misc|index)\.(ts|tsx|mjs)$/
    expect(code.filter(file => vague.test(file))).toEqual([])
  })

  test('sends Lua its keys as KEYS', () => {
    const spelled = files.filter(
      file => file.endsWith('.lua') && /redis\.call\([^)]*['"][^'"]*:\{/.test(text(file)),
    )
    expect(spelled).toEqual([])
  })
})

describe('papers', () => {
  test('name only commands that exist', () => {
    const scripts: Record<string, string> = JSON.parse(text('package.json')).scripts
    const papers = files.filter(file => file.endsWith('.md'))
    const named = papers.flatMap(file =>
      [...text(file).matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name),
    )
    expect(named.filter(name => scripts[name] === undefined)).toEqual([])
  })

  test('link only to files that exist', () => {
    const papers = files.filter(file => file.endsWith('.md'))
    const dead = papers.flatMap(file =>
      [...text(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, path = '']) => posix.normalize(posix.join(posix.dirname(file), path)))
        .filter(
          path => !files.some(known => known === path || known.startsWith(`${path.replace(/\/$/, '')}/`)),
        )
        .map(path => `${file}: ${path}`),
    )
    expect(dead).toEqual([])
  })

  test('depend on exact versions, each with its reason in ARCHITECTURE.md', () => {
    const manifest = JSON.parse(text('package.json'))
    const all: Record<string, string> = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    }
    const loose = Object.entries(all).filter(
      ([, version]) => !/^(npm:[^@]*@?[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    )
    expect(loose).toEqual([])
    const reasons = text('ARCHITECTURE.md')
    expect(Object.keys(all).filter(name => !reasons.includes(`\`${name}\``))).toEqual([])
  })
})
