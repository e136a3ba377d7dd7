import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeApp, type TestApp } from '../app-fixture.ts'

let it: TestApp
beforeAll(async () => {
  it = await makeApp()
})
afterAll(() => it.close())

test('[R1] POST /sessions gives everyone who asks an identity of their own and a token that says so', async () => {
  const [one, two] = await Promise.all([it.session(), it.session()])
  expect(one.visitorId).not.toBe(two.visitorId)
  expect(it.deps.sessions.check(one.token)).toEqual({ ok: true, value: { visitorId: one.visitorId } })
})

test('[R2] with a valid session POST /sessions answers the same visitor, with another it makes a new one', async () => {
  const first = await it.session()
  const again = await it.call('POST', '/sessions', { token: first.token })
  expect(again).toMatchObject({ status: 201, body: { visitorId: first.visitorId } })
  expect(Date.parse(String(again.body['expiresAt']))).toBeGreaterThan(it.deps.clock.now())
  const stranger = await it.call('POST', '/sessions', { token: 'stale' })
  expect(stranger.status).toBe(201)
  expect(stranger.body['visitorId']).not.toBe(first.visitorId)
})
