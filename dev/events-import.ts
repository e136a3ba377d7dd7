/**
 * `npm run events:import`, once Node 24 runs it: an operator's event, from a file, checked here and brought to a running Onsale.
 * Exit 0: it is there (or, with --check, could be); 1: it is not, and why is told.
 */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { checkEventFile, type NewEvent } from '../http/admin/event-check.ts'
import { spokenTime } from '../http/events/venue-time.ts'
import { checkedUrl, DATA_HINT, ownSite, reason, USUAL_URL } from '../load-tests/site.ts'
import { type SeatMap, SeatPlan } from '../shared/seats/seat-map.ts'
import { majorUnits, moneyFormat } from '../shared/wire/currency.ts'
import { Cure } from './cure.mjs'

const USAGE = `Usage: npm run events:import my-event.json [-- options]     (see docs/sell-your-own-event.md)
  --check       say what is wrong with the file, or what is in it; bring nothing
  --change      change the event that is there already, instead of bringing one
  --target URL  an Onsale (the one that runs from this clone, else ${USUAL_URL})
  --token T     an operator's token (ADMIN_TOKEN; of the one that runs from this clone it is known)`

const DEADLINE_MS = 30_000

const Brought = z.object({
  eventId: z.string(),
  outcome: z.enum(['created', 'changed', 'unchanged']),
  status: z.string(),
  page: z.string(),
  leftOut: z.number().optional(),
})
const Problem = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  more: z.number().optional(),
})

try {
  await main()
} catch (error) {
  console.error(error instanceof Cure ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { file, ...asked } = readArguments()
  const raw = await readEvent(file)
  const checked = checkEventFile(raw, { now: Date.now() })
  // A change may be a part: only the server knows what it is a part of.
  const part = asked.change && !asked.check
  if (!checked.ok && !part) throw new Cure(told(file, checked.faults, checked.more))
  if (checked.ok) console.log(summary(checked.event))
  if (asked.check) {
    console.log(`${file} is right. Bring it: npm run events:import ${file}`)
    return
  }
  const own = asked.target === undefined ? await ownSite(process.env['ONSALE_DATA']) : undefined
  const url = checkedUrl(asked.target ?? own?.url ?? USUAL_URL)
  const token = asked.token ?? (process.env['ADMIN_TOKEN'] || own?.adminToken)
  if (token === undefined)
    throw new Cure(
      `No operator's token for ${url} is known.\nCure: --token, or ADMIN_TOKEN in the environment; \`npm start\` prints its own${DATA_HINT}.`,
    )
  const id = checked.ok ? checked.event.eventId : idIn(raw)
  const brought = await send(file, url, token, asked.change ? id : undefined, raw)
  const words = { created: 'Brought', changed: 'Changed', unchanged: 'It is there already, just so' }
  console.log(`${words[brought.outcome]}: event ${brought.eventId}, ${brought.status}`)
  const { leftOut = 0 } = brought
  if (leftOut > 0)
    console.log(
      `Left out of earlier houses: ${leftOut} ${leftOut === 1 ? 'seat or place' : 'seats and places'}`,
    )
  console.log(brought.page)
}

interface Asked {
  file: string
  check: boolean
  change: boolean
  target: string | undefined
  token: string | undefined
}

function readArguments(): Asked {
  const options = {
    check: { type: 'boolean' },
    change: { type: 'boolean' },
    target: { type: 'string' },
    token: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const
  let read: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>
  try {
    read = parseArgs({ options, allowPositionals: true })
  } catch (error) {
    throw new Cure(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  }
  const { values, positionals } = read
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new Cure(`Name one file.\n${USAGE}`)
  const { check = false, change = false, target, token } = values
  return { file, check, change, target, token }
}

/** @throws {Cure} that tells line and column of what is no JSON */
async function readEvent(file: string): Promise<unknown> {
  // npm runs us in the clone; the file is named from where its user stands.
  const path = resolve(process.env['INIT_CWD'] ?? '.', file)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new Cure(
      missing
        ? `There is no file ${path}.`
        : `${path} cannot be read: ${error instanceof Error ? error.message : error}`,
    )
  })
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Cure(`${file} is no JSON: ${whereIn(text, error instanceof Error ? error.message : '')}`)
  }
}

/** V8 tells a position, or that the text ended. */
function whereIn(text: string, message: string): string {
  const [, position] = /at position (\d+)/.exec(message) ?? []
  const before = text.slice(0, position === undefined ? text.length : Number(position))
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return `line ${line}, column ${column}: ${message.replace(/ in JSON at position.*$/, '')}`
}

function told(file: string, faults: { place: string; message: string }[], more: number): string {
  const lines = faults.map(({ place, message }) => `  ${place === '' ? 'the file' : place}: ${message}`)
  const count = faults.length + more
  return [
    `${file} has ${count === 1 ? 'one fault' : `${count} faults`}:`,
    ...lines,
    ...(more > 0 ? [`  ... and ${more} more`] : []),
  ].join('\n')
}

function summary({ name, map, prices, pricing, currency, startsAt, venue }: NewEvent): string {
  // A venue that is only named is known to the server alone.
  const when = 'timeZone' in venue ? spokenTime(startsAt, venue.timeZone) : new Date(startsAt).toISOString()
  const lines = [`${name}, ${when}`]
  if (map === undefined) return lines.join('\n')
  const plan = new SeatPlan(map)
  for (const [section, counts] of bySection(map)) lines.push(`  ${section}: ${counts}`)
  for (const { id, name } of map.categories) {
    const own = prices.filter(({ category }) => category === id)
    const costs = own.map(({ ticketTypeName, price, fee }) => {
      const withFee = fee === 0 ? '' : ` + ${money(fee, currency)}`
      return `${ticketTypeName} ${money(price, currency)}${withFee}`
    })
    lines.push(`  ${name}: ${costs.join(', ')}`)
  }
  const { bookingFee, discounts } = pricing
  if (bookingFee.amount + bookingFee.percent > 0)
    lines.push(`  Once a booking: ${partsOf(bookingFee, currency)}`)
  for (const { name, minTickets, ...off } of discounts)
    lines.push(`  ${name}, from ${minTickets} tickets: ${partsOf(off, currency)} off`)
  lines.push(`  ${plan.seats} seats, ${plan.units} standing`)
  return lines.join('\n')
}

function partsOf({ amount, percent }: { amount: number; percent: number }, currency: string): string {
  const parts = [amount > 0 ? money(amount, currency) : '', percent > 0 ? `${percent} %` : '']
  return parts.filter(part => part !== '').join(' + ')
}

function bySection(map: SeatMap): [string, string][] {
  const names = new Map(map.categories.map(({ id, name }) => [id, name]))
  const seated = map.sections.map(({ name, rows }): [string, string] => {
    const counts = new Map<string, number>()
    for (const { category, xy } of rows) counts.set(category, (counts.get(category) ?? 0) + xy.length / 2)
    return [name, [...counts].map(([id, count]) => `${count} ${names.get(id)}`).join(', ')]
  })
  return [
    ...seated,
    ...map.areas.map(({ name, capacity, category }): [string, string] => [
      name,
      `${capacity} standing, ${names.get(category)}`,
    ]),
  ]
}

function money(minor: number, currency: string): string {
  return moneyFormat('en', currency).format(majorUnits(minor, currency) as Intl.StringNumericLiteral)
}

function idIn(raw: unknown): string {
  const id = z.object({ id: z.string() }).safeParse(raw)
  if (!id.success) throw new Cure('A change names its event: put "id" into the file.')
  return id.data.id
}

async function send(
  file: string,
  url: string,
  token: string,
  id: string | undefined,
  raw: unknown,
): Promise<z.infer<typeof Brought>> {
  const response = await fetch(`${url}/admin/events${id === undefined ? '' : `/${encodeURIComponent(id)}`}`, {
    method: id === undefined ? 'POST' : 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(raw),
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).catch((error: unknown) => {
    throw new Cure(
      `${url}: ${reason(error)}.\nCure: \`npm start\` in another terminal${DATA_HINT}, or name another: --target URL`,
    )
  })
  const answer: unknown = await response.json().catch(() => undefined)
  const brought = Brought.safeParse(answer)
  if (response.ok && brought.success) return brought.data
  const problem = Problem.safeParse(answer)
  if (!problem.success)
    throw new Cure(
      `${url} answers ${response.status}, but not as an Onsale does.\nCure: see that the address is right.`,
    )
  throw new Cure(refusal(file, url, response.status, problem.data))
}

function refusal(file: string, url: string, status: number, problem: z.infer<typeof Problem>): string {
  const { code, detail, errors, more = 0 } = problem
  if (status === 401)
    return `${url} refuses the token (${code}): ${detail}\nCure: --token, or ADMIN_TOKEN in the environment.`
  if (code === 'event_exists') return `${detail}\nFrom here: npm run events:import ${file} -- --change`
  if (errors === undefined) return `${url} refuses it (${status} ${code}): ${detail}`
  return told(
    file,
    errors.map(({ field, message }) => ({ place: field, message })),
    more,
  )
}
