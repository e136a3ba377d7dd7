import { expect, test } from 'vitest'
import { AdminTokens } from './admin-tokens.ts'
import { systemClock } from './clock.ts'
import { readAdminKeys } from './config.ts'
import type { VisitorId } from './ids.ts'
import { SessionTokens } from './tokens.ts'

const environment = { ADMIN_TOKEN: 'correct horse battery', ONSALE_SECRET: 's'.repeat(32) }
const tokens = new AdminTokens(readAdminKeys(environment))
const later = Math.floor(systemClock.now() / 1_000) * 1_000 + 3_600_000

test('[R100] an operator’s own token says name and end, and opens where it was made, until then', () => {
  const ada = tokens.issue('ada', later + 999)
  expect(tokens.check(ada)).toEqual({ ok: true, operator: { name: 'ada', until: later, guessable: false } })
  expect(tokens.check('correct horse battery')).toMatchObject({ ok: true, operator: { name: 'admin' } })
  expect(tokens.check(tokens.issue('ada', later - 7_200_000))).toEqual({ ok: false, code: 'admin_expired' })
  for (const none of [undefined, ''])
    expect(tokens.check(none)).toEqual({ ok: false, code: 'admin_required' })
  const session = new SessionTokens(readAdminKeys(environment).adminKey, 60).issue('visitor' as VisitorId)
  for (const wrong of ['correct horse', `${ada}x`, ada?.replace(/.$/, ''), session])
    expect(tokens.check(wrong)).toEqual({ ok: false, code: 'admin_invalid' })
})

test('[R101] another secret, or another ADMIN_TOKEN, ends every token made before', () => {
  const ada = tokens.issue('ada', later)
  for (const change of [{ ADMIN_TOKEN: 'another horse battery' }, { ONSALE_SECRET: 't'.repeat(32) }]) {
    const others = new AdminTokens(readAdminKeys({ ...environment, ...change }))
    expect(others.check(ada)).toEqual({ ok: false, code: 'admin_invalid' })
  }
})

test('[R102] a name is of letters, digits and . _ @ -, and nobody is named as the environment’s own', () => {
  for (const name of ['ada', 'ada@example.com', 'A.B-c_9']) expect(tokens.issue(name, later)).toBeDefined()
  for (const name of ['', 'admin', 'Admin', 'a b', '-x', 'x'.repeat(41)])
    expect(tokens.issue(name, later)).toBeUndefined()
})
