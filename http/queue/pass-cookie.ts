/** The pass where browsers keep it: sent with every call, and ending with it. */
import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import type { HttpDeps } from '../deps.ts'
import type { AppEnv } from '../routing.ts'

const PASS_COOKIE = 'onsale_pass'

export function setPass(
  { config, clock }: Pick<HttpDeps, 'config' | 'clock'>,
  c: Context<AppEnv>,
  { pass, until }: { pass: string; until: number },
): void {
  const maxAge = Math.max(0, Math.floor((until - clock.now()) / 1_000))
  const secure = config.HTTP_PUBLIC_URL.startsWith('https:')
  setCookie(c, PASS_COOKIE, pass, { httpOnly: true, sameSite: 'Lax', path: '/', maxAge, secure })
}

export function dropPass(c: Context<AppEnv>): void {
  deleteCookie(c, PASS_COOKIE, { path: '/' })
}
