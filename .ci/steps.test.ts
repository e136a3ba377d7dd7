/**
 * Every wait of a sale is a named step, so that the fault walk can stop it there. What counts, by the syntax tree of each file of
 * http/bookings and http/payments: an `await`, a `for await` or a promise handed on must lie inside the work of a step, or wait for
 * a step, or for a flow: a function of these rooms that is given the steps, and whose own waits are looked at too. What is given
 * a transaction alone is a step's work.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseSync } from 'vite'
import { expect, test } from 'vitest'

interface Node {
  type: string
  start: number
  end: number
  [key: string]: unknown
}

/** What runs a step, by its name where it is called. */
const STEP = /^(step|sales\.step|this\.step)$/
/** Waits that no step can be in: of the process itself, and of the request's own bytes. */
const NO_STEPS: Record<string, string> = {
  'http/payments/job-runner.ts': 'owns the queue of jobs; the jobs are the flows',
  'http/payments/rounds.ts': 'owns the rounds; their work is the flows',
  'http/bookings/steps.ts': 'is the walker',
  'http/payments/stripe.ts': 'is what the steps wait for: the calls themselves',
  'http/payments/paced.ts': 'is what the steps wait for: the calls, each in its turn',
  'http/bookings/pay-room.ts': 'is what the steps wait for: the room itself',
  'http/payments/turns.ts': 'is what the steps wait for: the turns themselves',
}
/** Waits for what was handed in, or for the request: by the name of what is waited for. */
const HANDED_IN: Record<string, string> = {
  attempt: 'a flow that was handed in',
  'picture.trying': 'runs a flow that was handed in',
  serving: 'flows that were begun',
  next: 'the request goes on',
  'c.req.text': "the request's own bytes",
  findEvent: 'an event of the catalogue, for a page; nothing of a sale',
}
/** Files of one store's reads and writes: what the steps wait for. A `sales` or a `step` in them makes them a flow. */
const isStore = (file: string) => /-store\.ts$|\/(outbox|pay-queue|seat-pictures)\.ts$/.test(file)

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'http/bookings', 'http/payments'],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter(file => file.endsWith('.ts') && !/\.test\.ts$|-fixture\.ts$/.test(file))

function children(node: Node): Node[] {
  return Object.values(node).flatMap(value =>
    (Array.isArray(value) ? value : [value]).filter(
      (one): one is Node => typeof one === 'object' && one !== null && typeof (one as Node).type === 'string',
    ),
  )
}

/** `a.b.c` of what is called; '' where it is no plain name. */
function nameOf(node: Node | undefined): string {
  if (node === undefined) return ''
  if (node.type === 'Identifier') return String(node['name'])
  if (node.type === 'ThisExpression') return 'this'
  if (node.type === 'MemberExpression')
    return `${nameOf(node['object'] as Node)}.${nameOf(node['property'] as Node)}`
  return ''
}

/** The call whose promise is waited for, behind .then, .catch, .finally and brackets. */
function called(node: Node): Node {
  if (node.type === 'ParenthesizedExpression' || node.type === 'TSAsExpression')
    return called(node['expression'] as Node)
  if (node.type === 'ChainExpression') return called(node['expression'] as Node)
  if (node.type !== 'CallExpression') return node
  const callee = node['callee'] as Node
  const property = callee.type === 'MemberExpression' ? nameOf(callee['property'] as Node) : ''
  return ['then', 'catch', 'finally'].includes(property) ? called(callee['object'] as Node) : node
}

interface Wait {
  file: string
  line: number
  text: string
  /** Names of what it waits for; several for Promise.all and race. */
  on: string[]
}

/** Whether a function takes part in a sale: it is given `sales`, or parts of it with `step`. */
const isGivenSteps = (text: string) => /\bsales\b|\bstep\b|: Sales\b/.test(text)

function waitsOf(file: string, text: string): Wait[] {
  const { program } = parseSync(file, text)
  const found: Wait[] = []
  const visit = (node: Node): void => {
    // The work of a step is the step's.
    if (node.type === 'CallExpression' && STEP.test(nameOf(node['callee'] as Node))) return
    // Whoever is handed a transaction, or a store's connection, is called within a step: a call outside one is found by itself.
    const [first] = (node['params'] as Node[] | undefined) ?? []
    if (first?.type === 'Identifier' && /^(client|db)$/.test(nameOf(first))) return
    const waited =
      node.type === 'AwaitExpression'
        ? (node['argument'] as Node)
        : node.type === 'ForOfStatement' && node['await'] === true
          ? (node['right'] as Node)
          : undefined
    if (waited !== undefined) {
      const line = text.slice(0, node.start).split('\n').length
      found.push({
        file,
        line,
        text: text.slice(node.start, Math.min(node.end, node.start + 90)),
        on: namesOf(waited),
      })
    }
    for (const child of children(node)) visit(child)
  }
  visit(program as unknown as Node)
  return found
}

function namesOf(node: Node): string[] {
  const call = called(node)
  if (call.type === 'ConditionalExpression')
    return [...namesOf(call['consequent'] as Node), ...namesOf(call['alternate'] as Node)]
  if (call.type !== 'CallExpression') return [nameOf(call)]
  const name = nameOf(call['callee'] as Node)
  const [first] = call['arguments'] as Node[]
  if (/^Promise\.(all|race|allSettled)$/.test(name) && first?.type === 'ArrayExpression')
    return (first['elements'] as Node[]).flatMap(namesOf)
  if (/^Promise\./.test(name)) return [nameOf(first)]
  return [name]
}

/** Functions of these rooms that run steps, or run others that do; by name. */
function flowsOf(texts: Map<string, string>): Set<string> {
  const bodies = new Map<string, string>()
  for (const [file, text] of texts) {
    if (isStore(file)) continue
    const { program } = parseSync(file, text)
    const visit = (node: Node): void => {
      const id = node['id'] as Node | null | undefined
      if (node.type === 'FunctionDeclaration' && id) bodies.set(nameOf(id), text.slice(node.start, node.end))
      const init = node['init'] as Node | null | undefined
      if (node.type === 'VariableDeclarator' && id && init?.type === 'ArrowFunctionExpression')
        bodies.set(nameOf(id), text.slice(node.start, node.end))
      for (const child of children(node)) visit(child)
    }
    visit(program as unknown as Node)
  }
  return new Set([...bodies].filter(([, body]) => isGivenSteps(body)).map(([name]) => name))
}

function strays(texts: Map<string, string>): Wait[] {
  const flows = flowsOf(texts)
  return [...texts]
    .filter(([file]) => !isStore(file) && NO_STEPS[file] === undefined)
    .flatMap(([file, text]) => waitsOf(file, text))
    .filter(
      ({ on }) => !on.every(name => STEP.test(name) || flows.has(name) || HANDED_IN[name] !== undefined),
    )
}

test('[A19] Every wait of a sale lies in a named step.', () => {
  const texts = new Map(files.map(file => [file, readFileSync(file, 'utf8')]))
  expect(
    strays(texts).map(({ file, line, text }) => `${file}:${line} ${text.replaceAll(/\s+/g, ' ')}`),
  ).toEqual([])
})

test('a wait outside a step is found, however it is dressed', () => {
  const of = (body: string) =>
    strays(
      new Map([
        ['http/payments/x.ts', `async function flow(sales: Sales) { const { step } = sales; ${body} }`],
      ]),
    )
  expect(of(`await step('a', () => pool.query('select 1'))`)).toEqual([])
  expect(of(`await flow(sales).catch(() => undefined)`)).toEqual([])
  expect(of(`await Promise.all([flow(sales), step('a', async () => { await pool.query('x') })])`)).toEqual([])
  expect(of(`await pool.query('select 1')`)).toHaveLength(1)
  expect(of(`const rows = (await pool.query('select 1')).rows`)).toHaveLength(1)
  expect(of(`await Promise.all([flow(sales), redis.get('x')])`)).toHaveLength(1)
  expect(of(`for await (const row of stream()) row`)).toHaveLength(1)
  expect(of(`await findPayment(pool, id)`)).toHaveLength(1)
})
