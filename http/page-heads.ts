/**
 * What stands in a page's head for those who read it without running it: search engines, and the apps that preview a
 * shared link. The pages themselves are the same file for everybody (pages.ts).
 */

import { LRUCache } from 'lru-cache'
import type { EventRecord } from '../shared/event-store.ts'
import { EVENT_ID, eventId } from '../shared/ids.ts'
import { majorUnits } from '../shared/wire/currency.ts'
import type { HttpDeps } from './deps.ts'
import { eventData, priceRange } from './events/structured-data.ts'
import { spokenTime } from './events/venue-time.ts'
import { orUndefined } from './patience.ts'

/** A page that comes late is worse than one without its head (I7). */
const EVENT_MS = 300
const FREE_MS = 100
/** A crowd on one page costs one head in this time; who shares a link does not see how old it is. */
const TTL_MS = 10_000
const KEPT = 500

/** A head's HTML; `unknown`: there is no such event; undefined: nothing can be told now. */
export type EventHead = { head: string } | 'unknown' | undefined

export class PageHeads {
  readonly #deps: HttpDeps
  readonly #events: LRUCache<string, { head: string }, EventRecord>

  constructor(deps: HttpDeps) {
    this.#deps = deps
    this.#events = new LRUCache({
      max: KEPT,
      ttl: TTL_MS,
      fetchMethod: async (_id, _old, { context }) => this.#make(context),
    })
  }

  home(): string {
    const site = this.#deps.config.HTTP_PUBLIC_URL
    const search = new URL('/?q=', site).href
    return headHtml({
      title: 'Onsale',
      description: 'Find an event, wait your fair turn, choose your seats on a live map.',
      url: new URL('/', site).href,
      data: {
        '@context': 'https://schema.org',
        '@type': 'WebSite',
        name: 'Onsale',
        url: new URL('/', site).href,
        potentialAction: {
          '@type': 'SearchAction',
          target: { '@type': 'EntryPoint', urlTemplate: `${search}{search_term_string}` },
          'query-input': 'required name=search_term_string',
        },
      },
    })
  }

  async event(id: string): Promise<EventHead> {
    if (!EVENT_ID.test(id)) return 'unknown'
    const kept = this.#events.get(id)
    if (kept !== undefined) return kept
    const asked = this.#deps.events.find(eventId(id)).then(event => ({ event }))
    const found = await orUndefined(this.#deps, EVENT_MS, asked)
    if (found === undefined) return undefined
    if (found.event === undefined) return 'unknown'
    // A page without its head is better than none: a zone or currency may be one that this Node does not know.
    return await this.#events.fetch(id, { context: found.event }).catch(() => undefined)
  }

  async #make(event: EventRecord): Promise<{ head: string }> {
    const { config, clock, inventory } = this.#deps
    const counts =
      event.status === 'onsale'
        ? await orUndefined(this.#deps, FREE_MS, inventory.counts(event.stock))
        : undefined
    const url = new URL(`/e/${event.eventId}`, config.HTTP_PUBLIC_URL).href
    const { venue } = event
    const when = spokenTime(event.startsAt, venue.timeZone)
    const head = headHtml({
      title: `${event.name} · Onsale`,
      description: `${when} · ${venue.name}, ${venue.city}. ${saleText(event)}`,
      url,
      data: eventData(event, url, counts?.free, clock.now()),
    })
    return { head }
  }
}

const SALE_TEXTS = {
  onsale: 'Choose your seats on a live map.',
  offsale: 'See when the sale opens.',
  postponed: 'Postponed; tickets stay valid.',
  rescheduled: 'On a new date; tickets stay valid.',
  canceled: 'Canceled.',
} as const

function saleText(event: EventRecord): string {
  const range = event.status === 'canceled' ? undefined : priceRange(event)
  const from = range === undefined ? '' : `From ${majorUnits(range.min, event.currency)} ${event.currency}. `
  return `${from}${SALE_TEXTS[event.status]}`
}

interface Head {
  title: string
  description: string
  url: string
  /** JSON-LD */
  data: object
}

export function headHtml({ title, description, url, data }: Head): string {
  const meta = (key: 'name' | 'property', name: string, content: string) =>
    `<meta ${key}="${name}" content="${escapeHtml(content)}" />`
  return [
    `<title>${escapeHtml(title)}</title>`,
    meta('name', 'description', description),
    `<link rel="canonical" href="${escapeHtml(url)}" />`,
    meta('property', 'og:type', 'website'),
    meta('property', 'og:site_name', 'Onsale'),
    meta('property', 'og:title', title),
    meta('property', 'og:description', description),
    meta('property', 'og:url', url),
    meta('name', 'twitter:card', 'summary'),
    `<script type="application/ld+json">${scriptJson(data)}</script>`,
  ].join('\n    ')
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, sign => ENTITIES[sign] ?? sign)
}

/** JSON that can neither end its script element nor, read as JavaScript, a line. */
function scriptJson(data: object): string {
  return JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
