/** The pass where browsers keep it: a cookie an event, sent with every call, and ending with the pass. */
import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import type { EventId } from '../../shared/ids.ts'
import type { HttpDeps } from '../deps.ts'
import { passCookie } from '../middleware/session.ts'
import type { AppEnv } from '../routing.ts'

export function setPass(
  { config, clock }: Pick<HttpDeps, 'config' | 'clock'>,
  c: Context<AppEnv>,
  event: EventId,
  { pass, until }: { pass: string; until: number },
): void {
  const maxAge = Math.max(0, Math.floor((until - clock.now()) / 1_000))
  setCookie(c, passCookie(event), pass, ownCookie(config, maxAge))
}

/** No script reads it and no other site sends it; for so many seconds. */
export function ownCookie({ HTTP_PUBLIC_URL }: Pick<HttpDeps['config'], 'HTTP_PUBLIC_URL'>, maxAge: number) {
  const secure = HTTP_PUBLIC_URL.startsWith('https:')
  return { httpOnly: true, sameSite: 'Lax', path: '/', maxAge, secure } as const
}

export function dropPass(c: Context<AppEnv>, event: EventId): void {
  deleteCookie(c, passCookie(event), { path: '/' })
}
