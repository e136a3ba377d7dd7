/**
 * The waiting room without JavaScript: one plain page that reloads itself. It is a poll like any other, with the session and
 * the pass in cookies.
 */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import { html } from 'hono/html'
import { Problem } from '../../shared/errors.ts'
import type { EventRecord } from '../../shared/event-store.ts'
import { type VisitorId, visitorId } from '../../shared/ids.ts'
import { SESSION_SECONDS } from '../../shared/limits.ts'
import { requireLine } from '../../shared/on-sale.ts'
import type { PlaceInfo, QueueInfo } from '../../shared/wire/messages.ts'
import type { HttpDeps } from '../deps.ts'
import { findEvent } from '../events/event-routes.ts'
import { spokenTime } from '../events/venue-time.ts'
import { callerNetwork, rateLimit } from '../middleware/limits.ts'
import { problemOf } from '../middleware/problems.ts'
import { type AppEnv, newRoutes, problems, type Routes } from '../routing.ts'
import { ownCookie, setPass } from './pass-cookie.ts'
import type { PollPace } from './poll-pace.ts'

const SESSION_COOKIE = 'onsale_session'
const PATH = '/wait/{eventId}'
const shared = { tags: ['Queue'], request: { params: z.object({ eventId: z.string() }) } }
/** Where nothing can be told, and while the doors of a line are far away. */
const LOOK_AGAIN_SECONDS = 20

const STYLE = `body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1b1d22;background:#fff}
h1{font-size:1.5rem;line-height:1.25}.n{font-size:3rem;font-weight:700;font-variant-numeric:tabular-nums}a,button{font:inherit}
a.go{display:inline-block;padding:.7rem 1.2rem;border-radius:.5rem;background:#1746d1;color:#fff;text-decoration:none}
@media(prefers-color-scheme:dark){body{color:#eceef2;background:#14161a}a{color:#9db8ff}}`

/** Said from the start, so that nobody learns it when their turn has begun. */
const SCRIPTED_LATER = html`<p>Waiting needs no JavaScript. Seats are chosen and paid for on a page that does: turn it on before your turn.</p>`
const SCRIPTED_NOW = html`<p>Seats are chosen and paid for on a page that needs JavaScript: turn it on first.</p>`

interface Told {
  event: EventRecord
  queue: QueueInfo
  place: PlaceInfo
  /** Seconds until the page reloads itself; 0: not at all. */
  again: number
}

export function plainWaitingRoom(deps: HttpDeps, pace: PollPace): Routes {
  const { config, queue, clock } = deps
  const limit = rateLimit(deps, 'sessions', config.SESSIONS_PER_MINUTE)
  const show = createRoute({
    ...shared,
    method: 'get',
    path: PATH,
    summary: 'The waiting room as a page that needs no JavaScript',
    description: 'It reloads itself, which keeps the place; session and pass are cookies.',
    // Only who has no session yet is given one, and that is what is limited.
    middleware: [
      createMiddleware<AppEnv>((c, next) => (sessionOf(deps, c) === undefined ? limit(c, next) : next())),
    ],
    responses: {
      200: { description: 'Where the visitor stands', content: { 'text/html': { schema: z.string() } } },
      ...asPages(
        problems(
          'event_not_found',
          'not_on_sale',
          'queue_closed',
          'too_many_places',
          'too_many_requests',
          'queue_unavailable',
        ),
      ),
    },
  })
  const leave = createRoute({
    ...shared,
    method: 'post',
    path: `${PATH}/leave`,
    summary: 'Give up the place, from that page',
    middleware: [rateLimit(deps, 'joins', config.JOINS_PER_MINUTE)],
    responses: {
      303: { description: 'To the page of the event' },
      ...problems('event_not_found', 'too_many_requests', 'queue_unavailable'),
    },
  })
  return newRoutes()
    .openapi(show, async c => {
      const event = await findEvent(deps, c.req.valid('param').eventId).catch((error: unknown) => {
        if (error instanceof Problem && error.code === 'event_not_found') return error
        throw error
      })
      if (event instanceof Problem)
        return page(
          c,
          event.status,
          0,
          html`<h1>No such event</h1><p>${event.message}</p><p><a href="/">All events</a></p>`,
        )
      const visitor = sessionOf(deps, c) ?? newSession(deps, c)
      const receiptCookie = `onsale_receipt_${event.eventId}`
      const early = pace.early(event.eventId, visitor)
      if (early > 0)
        return page(
          c,
          429,
          early,
          html`<h1>${event.name}</h1><p>This page reloads itself: your place is safe.</p>`,
        )
      try {
        await requireLine(event, clock.now(), () => queue.status(event.eventId, visitor))
        const place = await queue.join(event.eventId, visitor, {
          receipt: getCookie(c, receiptCookie),
          network: callerNetwork(c, config),
        })
        // What brings the place back where Redis is lost.
        if (place.state === 'waiting')
          setCookie(c, receiptCookie, place.receipt, ownCookie(config, SESSION_SECONDS))
        const [info, { graceSeconds }] = await Promise.all([
          queue.info(event.eventId, place),
          queue.settings(event.eventId),
        ])
        if (place.state === 'admitted') setPass(deps, c, event.eventId, place)
        const position = place.state === 'waiting' ? (place.position ?? 0) : 0
        const again =
          place.state === 'waiting' ? pace.next(event.eventId, visitor, position, graceSeconds) : 0
        return page(c, 200, again, words({ event, queue: info, place, again }))
      } catch (error) {
        const problem = problemOf(error)
        if (problem.status === 500) throw error
        const again = problem.extra.retryAfter ?? LOOK_AGAIN_SECONDS
        // A refusal is told, with the operator's word where that can be read.
        const info = await queue.info(event.eventId).catch(() => undefined)
        const from = problem.extra.members?.['from']
        const body =
          typeof from === 'string' ? planned(event, Date.parse(from), info) : html`<p>${problem.message}</p>`
        return page(c, problem.status, again, html`${heading(event, info)}${body}`)
      }
    })
    .openapi(leave, async c => {
      const { eventId } = await findEvent(deps, c.req.valid('param').eventId)
      const visitor = sessionOf(deps, c)
      if (visitor !== undefined) {
        await queue.leave(eventId, visitor)
        pace.forget(eventId, visitor)
      }
      return c.redirect(`/e/${eventId}`, 303)
    })
}

function sessionOf({ sessions }: HttpDeps, c: Context<AppEnv>): VisitorId | undefined {
  const checked = sessions.check(getCookie(c, SESSION_COOKIE) ?? '')
  return checked.ok ? checked.value.visitorId : undefined
}

function newSession({ sessions, chance, config }: HttpDeps, c: Context<AppEnv>): VisitorId {
  const visitor = visitorId(chance.uuid())
  setCookie(c, SESSION_COOKIE, sessions.issue(visitor), ownCookie(config, SESSION_SECONDS))
  return visitor
}

function words(told: Told) {
  return html`${heading(told.event, told.queue)}${standing(told)}`
}

function heading(event: EventRecord, queue: QueueInfo | undefined) {
  return html`<h1>${event.name}</h1>
    ${queue?.message === undefined ? '' : html`<p>${queue.message}</p>`}`
}

/** The line forms later. */
function planned({ venue }: EventRecord, from: number, queue: QueueInfo | undefined) {
  const doors = queue?.opensAt
  return html`<p><strong>The line forms on ${spokenTime(from, venue.timeZone)}.</strong>
      ${doors !== undefined && doors > from ? `Doors move on ${spokenTime(doors, venue.timeZone)}.` : ''}</p>
    <p>Leave this page open: it reloads itself, and then you stand in the line.</p>${SCRIPTED_LATER}`
}

function standing({ event, queue, place }: Told) {
  const seats = html`<p><a class="go" href="/e/${event.eventId}">Go to the seats</a></p>${SCRIPTED_NOW}`
  if (place.state === 'none') return html`<p>There is no line: the seats are open.</p>${seats}`
  if (place.state === 'admitted')
    return html`<p><strong>It is your turn</strong>, until ${clockTime(event, place.until)}.</p>${seats}`
  const doors =
    queue.opensAt === undefined ? '' : `The doors move on ${spokenTime(queue.opensAt, event.venue.timeZone)}.`
  return html`${
    place.position === null || doors !== ''
      ? html`<p>Your place is safe. ${doors}</p>`
      : html`<p>Ahead of you</p><p class="n">${place.position.toLocaleString('en')}</p>`
  }
    <p>${waitWords(queue, place)}</p>
    <p>Leave this page open: it reloads itself, and that keeps your place. Closed, it is kept for a short while.</p>
    ${SCRIPTED_LATER}
    <form method="post" action="/wait/${event.eventId}/leave"><button>Give up my place</button></form>`
}

function waitWords(queue: QueueInfo, { wait }: Extract<PlaceInfo, { state: 'waiting' }>): string {
  if (queue.soldOut) return 'Nothing is left at the moment: you would be called for a return.'
  if (queue.state === 'paused') return 'The doors stand still for the moment; places are kept.'
  if (queue.state === 'recovering') return 'Places are being restored; yours is safe.'
  if (wait === null) return ''
  const [about, most] = [minutes(wait.p50), minutes(wait.p90)]
  return about === most ? `About ${about}.` : `About ${about}; nine in ten wait less than ${most}.`
}

function minutes(seconds: number): string {
  const count = Math.max(1, Math.round(seconds / 60))
  return count === 1 ? 'a minute' : `${count} minutes`
}

function clockTime({ venue }: EventRecord, ms: number): string {
  const format = {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: venue.timeZone,
    timeZoneName: 'short',
  } as const
  return new Intl.DateTimeFormat('en-GB', format).format(ms)
}

/** A refusal is told on a page, where it is not one of the middlewares'. */
function asPages(answers: ReturnType<typeof problems>): ReturnType<typeof problems> {
  const all = Object.entries(answers).map(([status, { description, content }]) => [
    status,
    { description, content: { ...content, 'text/html': { schema: z.string() } } },
  ])
  return Object.fromEntries(all)
}

function page(
  c: Context<AppEnv>,
  status: number,
  again: number,
  body: unknown,
): Promise<Response> | Response {
  c.header('Cache-Control', 'private, no-store')
  c.header(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'`,
  )
  if (again > 0) c.header('Retry-After', String(again))
  return c.html(
    html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Waiting room</title>${again > 0 ? html`<meta http-equiv="refresh" content="${again}">` : ''}
<style>${STYLE}</style></head><body><main>${body}</main></body></html>`,
    status as 200,
  )
}
