/**
 * The built pages, read once and kept compressed: an on-sale begins with everyone fetching them at once. Each file is
 * a route of its own, so no path can lead outside the folder.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import type { Context } from 'hono'
import { LRUCache } from 'lru-cache'
import type { Config } from '../shared/config.ts'
import { isKnown } from './etag.ts'
import { type Bytes, type Forms, formFor, formsOf } from './forms.ts'
import type { PageHeads } from './page-heads.ts'
import { type AppEnv, newRoutes, type Routes } from './routing.ts'

/** The program of the pages answers at these; everything else that is no file is a 404. */
const PAGES = ['/checkout/:bookingId', '/my-bookings', '/operator']
const TICKETS_PAGE = '/t/:link'
/** To who runs no programs. A mail has the same codes as pictures. */
const TICKETS_PLAIN =
  'This page needs JavaScript to show your tickets. A mail that brought this link has them too.'
const HOME = '/'
const EVENT_PAGE = '/e/:eventId'
const INDEX = '/index.html'
/** Vite names what is below it by its content. */
const HASHED = '/assets/'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}
/** Event pages kept with their heads: some 10 KB each. */
const HEADED_KEPT = 500
/** Already compressed; twice gains nothing. */
const PACKED = new Set(['.png', '.jpg', '.webp', '.woff2'])

interface SiteFile {
  type: string
  hash: string
  forms: Forms
}

/** Files by their path on the site. Source maps and what else has no type of ours is left out. */
export type Site = Map<string, SiteFile>

/** Throws where the folder has no index.html. */
export async function readSite(root: string): Promise<Site> {
  const site: Site = new Map()
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw missing ? new Error(`there is no folder ${root}: build the pages with \`npm run build\``) : error
  })
  for (const entry of entries) {
    const extension = extname(entry.name)
    const type = TYPES[extension]
    if (!entry.isFile() || type === undefined) continue
    const file = join(entry.parentPath, entry.name)
    const bytes = new Uint8Array(await readFile(file))
    const path = `/${relative(root, file).split(sep).join('/')}`
    site.set(path, await fileOf(bytes, type, PACKED.has(extension)))
  }
  if (!site.has(INDEX)) throw new Error(`${root} has no index.html: build the pages with \`npm run build\``)
  return site
}

async function fileOf(bytes: Bytes, type: string, packed = false): Promise<SiteFile> {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
  return { type, hash, forms: packed ? { br: bytes, gzip: bytes, identity: bytes } : await formsOf(bytes) }
}

/** With `heads`, the home page and events tell who does not run them what they are. */
export function pageRoutes(site: Site, config: Config, heads?: PageHeads): Routes {
  const routes = newRoutes()
  const policy = contentPolicy(config)
  const index = site.get(INDEX)
  if (index === undefined) throw new Error(`the site has no ${INDEX}`)
  const page = (c: Context<AppEnv>, file: SiteFile) => {
    c.header('Content-Security-Policy', policy)
    c.header('Cache-Control', 'no-cache')
    return send(c, file)
  }
  const withHead = headed(index)
  for (const path of PAGES) routes.get(path, c => page(c, index))
  const tickets = lazily(() => saying(index, TICKETS_PLAIN))
  routes.get(TICKETS_PAGE, async c => page(c, await tickets()))
  routes.get(HOME, async c => {
    // A search has an address of its own, which a canonical one would hide.
    const plain = heads === undefined || Object.keys(c.req.query()).length > 0
    return page(c, plain ? index : await withHead(heads.home()))
  })
  routes.get(EVENT_PAGE, async c => {
    const found = await heads?.event(c.req.param('eventId'))
    if (found === 'unknown') return missing(c, index, policy)
    return page(c, found === undefined ? index : await withHead(found.head, c.req.param('eventId')))
  })
  for (const [path, file] of site) {
    if (path === INDEX) continue
    const life = path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'public, max-age=3600'
    routes.get(path, c => {
      c.header('Cache-Control', life)
      return send(c, file)
    })
  }
  return routes
}

/** Who follows a wrong address in a browser gets our page that says so; undefined for programs. */
export function pageNotFound(site: Site, config: Config): (c: Context<AppEnv>) => Response | undefined {
  const index = site.get(INDEX)
  const policy = contentPolicy(config)
  return c => {
    const browser = c.req.method === 'GET' && (c.req.header('accept') ?? '').includes('text/html')
    if (!browser || index === undefined) return undefined
    return missing(c, index, policy)
  }
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** The same page with other words for who runs no programs. */
function saying(index: SiteFile, words: string): Promise<SiteFile> {
  const html = new TextDecoder().decode(index.forms.identity)
  const own = html.replace(
    /(<noscript><p[^>]*>).*?(<\/p><\/noscript>)/s,
    (_, before, after) => before + words + after,
  )
  return fileOf(new TextEncoder().encode(own), index.type)
}

function missing(c: Context<AppEnv>, index: SiteFile, policy: string): Response {
  c.header('Content-Security-Policy', policy)
  c.header('Cache-Control', 'no-store')
  return c.body(index.forms.identity, 404, { 'Content-Type': index.type })
}

/**
 * The page with a head in the place of its own title and description; made once for each head in use. Who runs no programs
 * is led from an event to its plain waiting room.
 */
function headed(index: SiteFile): (head: string, eventId?: string) => Promise<SiteFile> {
  const html = new TextDecoder().decode(index.forms.identity).replace(/\s*<meta name="description"[^>]*>/, '')
  const made = new LRUCache<string, SiteFile, string | undefined>({
    max: HEADED_KEPT,
    // As a function, so that no `$` of a name means anything.
    fetchMethod: (head, _, { context: eventId }) => {
      const wait =
        eventId === undefined ? '' : ` <a href="/wait/${eventId}">The plain waiting room</a> needs none.`
      const own = html
        .replace(/<title>[^<]*<\/title>/, () => head)
        .replace('</p></noscript>', `${wait}</p></noscript>`)
      return fileOf(new TextEncoder().encode(own), index.type)
    },
  })
  return async (head, eventId) => (await made.fetch(head, { context: eventId })) ?? index
}

function send(c: Context<AppEnv>, { type, hash, forms }: SiteFile): Response {
  const form = forms.br === forms.identity ? 'identity' : formFor(c.req.header('accept-encoding'))
  const tag = `"${hash}-${form}"`
  c.header('ETag', tag)
  c.header('Vary', 'Accept-Encoding', { append: true })
  if (isKnown(c.req.header('if-none-match'), tag)) return c.body(null, 304)
  if (form !== 'identity') c.header('Content-Encoding', form)
  return c.body(forms[form], 200, { 'Content-Type': type })
}

/** Ourselves, our sockets, and Stripe where it is set up: its script, its frames, 3-D Secure. */
export function contentPolicy(config: Config): string {
  const sockets = new URL(config.REALTIME_PUBLIC_URL)
  // Socket.IO names the same place by http.
  const realtime = [sockets.origin, `${sockets.protocol.replace('ws', 'http')}//${sockets.host}`]
  const stripe = config.STRIPE_PUBLISHABLE_KEY !== undefined
  // The payment simulator shows its 3-D Secure page where Stripe would.
  const simulator = config.STRIPE_API_BASE === undefined ? [] : [new URL(config.STRIPE_API_BASE).origin]
  const rules: Record<string, string[]> = {
    'default-src': ["'self'"],
    'script-src': ["'self'", ...(stripe ? ['https://js.stripe.com', 'https://*.js.stripe.com'] : [])],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:', ...(stripe ? ['https://*.stripe.com'] : [])],
    'connect-src': ["'self'", ...realtime, ...(stripe ? ['https://api.stripe.com'] : [])],
    'frame-src': [
      ...(stripe ? ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://hooks.stripe.com'] : []),
      ...simulator,
    ],
    'form-action': ["'self'", ...simulator],
    'frame-ancestors': ["'none'"],
    'base-uri': ["'none'"],
    'object-src': ["'none'"],
  }
  return Object.entries(rules)
    .map(([name, sources]) => `${name} ${sources.length > 0 ? sources.join(' ') : "'none'"}`)
    .join('; ')
}
