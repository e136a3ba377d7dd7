/**
 * The Onsale that a crowd comes to (npm run load, npm run crowd): found, asked what it sells, its queue opened for the time of the
 * run and put back. What does not work is told as a Cure.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Cure } from '../dev/cure.mjs'
import { findDataFolder } from '../dev/data-folder.ts'
import { decodeSnapshot } from '../shared/wire/seat-frames.ts'

const DEADLINE_MS = 10_000
export const USUAL_URL = 'http://localhost:3000'
/** For --event: whichever the site marks as hot. */
const HOT = 'hot'
const EVENT_ID = /^[a-z0-9]{4,32}$/
const SOLD = 2

const Config = z.object({ realtimeUrl: z.string(), stripePublishableKey: z.string().nullish() })
const Event = z.object({
  eventId: z.string(),
  name: z.string(),
  status: z.string(),
  maxTickets: z.number().default(8),
  areas: z.array(z.object({ areaId: z.string() })).default([]),
  queue: z.object({ state: z.string() }).nullable(),
  links: z.object({ map: z.string() }),
})
export type SaleEvent = z.infer<typeof Event>
const QueueSettings = z.object({
  state: z.string(),
  rate: z.number(),
  cap: z.number(),
  passSeconds: z.number(),
})
type QueueSettings = z.infer<typeof QueueSettings>
const SETTINGS = QueueSettings.keyof().options
const Found = z.object({
  events: z.array(z.object({ eventId: z.string(), status: z.string(), hot: z.boolean().default(false) })),
})
const Problem = z.object({ code: z.string(), detail: z.string().optional() })

/** The one that runs from this clone is found by its data folder. */
export const DATA_HINT =
  ' (one that was started with ONSALE_DATA is found only with the same ONSALE_DATA here)'

export interface Asked {
  /** --target; undefined: the Onsale of this clone, else the usual port. */
  target: string | undefined
  /** An event's id, `hot`, or words to search for. */
  event: string
  /** --realtime; undefined: as the target says. */
  realtime: string | undefined
}

export interface Site {
  url: string
  realtimeUrl: string
  event: SaleEvent
  /** Undefined where none is known. */
  adminToken: string | undefined
}

/** @throws {Cure} */
export async function findSite(asked: Asked, env: Record<string, string | undefined>): Promise<Site> {
  const own = asked.target === undefined ? await ownSite(env['ONSALE_DATA']) : undefined
  const url = checkedUrl(asked.target ?? own?.url ?? USUAL_URL)
  const cure =
    asked.target === undefined
      ? `Cure: start one in another terminal, \`npm start\`${DATA_HINT}; or name one, --target https://tickets.example`
      : 'Cure: see that it runs and that the address is right, with http:// or https:// and the port.'
  const config = Config.safeParse(await get(`${url}/config.json`, cure))
  if (!config.success)
    throw new Cure(`${url} answers, but not as an Onsale does: /config.json is something else.\n${cure}`)
  if (config.data.stripePublishableKey?.startsWith('pk_live'))
    throw new Cure(
      `${url} takes real money, and this crowd pays with test cards.\nCure: give it Stripe's test keys.`,
    )
  const event = await findEvent(url, asked.event, cure)
  if (event.status !== 'onsale')
    throw new Cure(
      `${event.name} (${event.eventId}) is not on sale but ${event.status}.\nCure: name another, --event`,
    )
  return {
    url,
    realtimeUrl: asked.realtime ?? config.data.realtimeUrl,
    event,
    adminToken: env['ADMIN_TOKEN'] || own?.adminToken,
  }
}

/** What runs from this clone, by its data folder. */
export async function ownSite(
  chosen: string | undefined,
): Promise<{ url: string; adminToken: string } | undefined> {
  const folder = findDataFolder(chosen)
  try {
    const { url } = z.object({ url: z.url() }).parse(await json(join(folder, 'instance.json')))
    const { ADMIN_TOKEN } = z
      .object({ ADMIN_TOKEN: z.string() })
      .parse(await json(join(folder, 'secrets.json')))
    return { url, adminToken: ADMIN_TOKEN }
  } catch {
    // Never started, or just starting.
    return undefined
  }
}

async function json(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'))
}

export function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Cure(`${text} is no address of an Onsale.\nCure: such as --target http://localhost:3000`)
  return url.href.replace(/\/+$/, '')
}

async function findEvent(url: string, asked: string, cure: string): Promise<SaleEvent> {
  const byId =
    asked !== HOT && EVENT_ID.test(asked) ? await get(`${url}/events/${asked}`, cure, [404]) : undefined
  if (byId !== undefined) return Event.parse(byId)
  // Hot ones come first among those on sale.
  const query =
    asked === HOT ? 'status=onsale&pageSize=1' : `pageSize=20&keyword=${encodeURIComponent(asked)}`
  const found = Found.safeParse(await get(`${url}/events/search?${query}`, cure))
  const first =
    found.success &&
    found.data.events.find(({ status, hot }) => status === 'onsale' && (hot || asked !== HOT))
  if (first) return Event.parse(await get(`${url}/events/${first.eventId}`, cure))
  throw new Cure(
    asked === HOT
      ? `${url} has no hot event on sale.\nCure: name one, --event: an event's id, or words of its name.`
      : `${url} has no event on sale by "${asked}".\nCure: --event takes an event's id, or words of its name.`,
  )
}

/** Sold seats; undefined where the map is not shown to everybody now (the queue is on). */
export async function soldSeats({ url, event }: Site): Promise<number | undefined> {
  const response = await ask(`${url}/events/${event.eventId}/seats`, {
    headers: { accept: 'application/octet-stream' },
  }).catch(() => undefined)
  if (response?.status !== 200) return undefined
  const snapshot = decodeSnapshot(new Uint8Array(await response.arrayBuffer()))
  if (snapshot === undefined) return undefined
  let sold = 0
  for (let index = 0; index < snapshot.seats; index++)
    if ((((snapshot.state[index >> 2] ?? 0) >> (6 - 2 * (index & 3))) & 3) === SOLD) sold++
  return sold
}

export interface OpenedQueue {
  /** One line for the person at the console. */
  told: string
  /** Makes it what it was, but for what somebody else has changed meanwhile; answers one line, or undefined where nothing was changed. */
  putBack: () => Promise<string | undefined>
}

export type Pace = Partial<Pick<QueueSettings, 'rate' | 'cap' | 'passSeconds'>>

/**
 * Opens the queue where it is off and a token is known; one that is on is left as it is but for what was asked for.
 * @param pace of a queue that we open
 * @param forced asked for, whatever it is
 * @throws {Cure} where the token is wrong, before anything is changed
 */
export async function openQueue(site: Site, pace: Pace, forced: Pace): Promise<OpenedQueue> {
  const nothing = () => Promise.resolve(undefined)
  if (site.adminToken === undefined) {
    const isOn = site.event.queue !== null && site.event.queue.state !== 'off'
    const told = isOn
      ? 'the queue is on and stays as it is'
      : 'the queue is off and no admin token is known (ADMIN_TOKEN=...): fans go straight to the seats'
    return { told, putBack: nothing }
  }
  const before = await admin(site, 'GET')
  const opens = before.state === 'off'
  const change: Partial<QueueSettings> = { ...(opens ? { state: 'open', ...pace } : {}), ...forced }
  if (Object.keys(change).length === 0)
    return { told: `the queue is ${before.state} and stays as it is`, putBack: nothing }
  const now = await admin(site, 'PUT', change)
  return {
    told: `the queue was ${before.state}; for this run it is ${now.state}, ${paceInWords(now)}`,
    putBack: async () => {
      const found = await admin(site, 'GET')
      const names = SETTINGS.filter(name => name in change)
      const back = names.filter(name => found[name] === now[name])
      const left = names.filter(name => found[name] !== now[name] && found[name] !== before[name])
      const is =
        back.length === 0
          ? found
          : await admin(site, 'PUT', Object.fromEntries(back.map(name => [name, before[name]])))
      const stays =
        left.length === 0 ? '' : `; changed by somebody else meanwhile, and left so: ${left.join(', ')}`
      return `the queue is ${is.state}${left.includes('state') ? '' : ' again'}, ${paceInWords(is)}${stays}`
    },
  }
}

function paceInWords({ rate, cap }: QueueSettings): string {
  return `${rate} admissions a second, ${cap} at the seats at once`
}

async function admin(site: Site, method: 'GET' | 'PUT', body?: object): Promise<QueueSettings> {
  const path = `/admin/events/${site.event.eventId}/queue`
  const response = await ask(`${site.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${site.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new Cure(`${site.url} does not answer any more: ${reason(error)}.`)
  })
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok) return QueueSettings.parse(answer)
  if (response.status === 401)
    throw new Cure(
      `${site.url} refuses the admin token; nothing was changed.\nCure: set ADMIN_TOKEN to its token, or unset it and open the queue yourself.`,
    )
  const problem = Problem.safeParse(answer)
  const told = problem.success ? `${problem.data.code}, ${problem.data.detail ?? ''}` : ''
  const change = body === undefined ? '' : ` ${JSON.stringify(body)}`
  throw new Cure(`${method} ${path}${change} was refused: ${response.status} ${told}`)
}

/** The body; undefined for a status that was expected. @throws {Cure} */
async function get(url: string, cure: string, expected: number[] = []): Promise<unknown> {
  const response = await ask(url, {}).catch((error: unknown) => {
    throw new Cure(`${url}: ${reason(error)}.\n${cure}`)
  })
  if (expected.includes(response.status)) return undefined
  if (!response.ok) throw new Cure(`${url} answers ${response.status}.\n${cure}`)
  return await response.json().catch(() => undefined)
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  return await fetch(url, { ...init, redirect: 'follow', signal: AbortSignal.timeout(DEADLINE_MS) })
}

/** fetch says only "fetch failed"; what failed is in its cause. */
export function reason(error: unknown): string {
  const cause =
    error instanceof Error && error.cause instanceof AggregateError ? error.cause.errors[0] : undefined
  const inner = cause ?? (error instanceof Error ? (error.cause ?? error) : error)
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : ''
  if (code === 'ECONNREFUSED') return 'the connection is refused: nothing listens there'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no such host'
  if (inner instanceof Error && inner.name === 'TimeoutError')
    return `no answer within ${DEADLINE_MS / 1_000} s`
  return inner instanceof Error ? inner.message : String(inner)
}
