/** Logging in with a user's own token, against a provider of the test's own that holds real keys. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventId } from '../../shared/ids.ts'
import { insertSmallHouse } from '../../shared/seats/small-house.ts'
import { makeApp, type TestApp } from '../app-fixture.ts'

const ISSUER = 'https://users.example'
const AUDIENCE = 'tickets'
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const

let keys: Map<string, CryptoKey>
let server: Server
let jwks: string
let fetches = 0
let it: TestApp

const environment = (url: string) => ({ OIDC_ISSUER: ISSUER, OIDC_AUDIENCE: AUDIENCE, OIDC_JWKS_URL: url })

beforeAll(async () => {
  const pairs = await Promise.all(ALGORITHMS.map(alg => generateKeyPair(alg)))
  keys = new Map(ALGORITHMS.map((alg, i) => [alg, pairs[i]!.privateKey]))
  const set = await Promise.all(
    pairs.map(async ({ publicKey }, i) => ({ ...(await exportJWK(publicKey)), kid: ALGORITHMS[i] })),
  )
  server = createServer((_, response) => {
    fetches++
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: set }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  it = await makeApp({ environment: environment(jwks) })
})
afterAll(async () => {
  await it.close()
  server.close()
})

interface Given {
  alg?: string
  key?: CryptoKey
  issuer?: string
  audience?: string
  /** Seconds from now. */
  ends?: number
  claims?: JWTPayload
}

function userToken(subject: string, given: Given = {}): Promise<string> {
  const { alg = 'ES256', issuer = ISSUER, audience = AUDIENCE, ends = 60, claims = {} } = given
  const token = new SignJWT(claims).setProtectedHeader({ alg, kid: alg }).setSubject(subject)
  const now = Math.floor(it.deps.clock.now() / 1_000)
  const whole = token
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime(now + ends)
  return whole.sign(given.key ?? keys.get(alg)!)
}

async function login(subject: string, { token, ...given }: Given & { token?: string } = {}) {
  const body = { userToken: await userToken(subject, given) }
  return await it.call('POST', '/sessions', { body, ...(token === undefined ? {} : { token }) })
}

test("[R127] a session with a user's token is the user's: one visitor on every device, which tells nobody the subject", async () => {
  const answers = []
  for (const alg of ALGORITHMS) answers.push(await login('ann@users.example', { alg }))
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
  const [one, ...same] = answers.map(({ body }) => body['visitorId'])
  expect(same).toEqual([one, one])
  expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const { token } = answers[0]!.body
  expect(it.deps.sessions.check(String(token))).toEqual({ ok: true, value: { visitorId: one } })
  const claims = Buffer.from(String(token).split('.')[1]!, 'base64url').toString()
  expect(claims).not.toContain('ann')
  expect((await login('bob@users.example')).body['visitorId']).not.toBe(one)
  expect(fetches).toBe(1)
  const elsewhere = await makeApp({ environment: environment(jwks) })
  try {
    const body = { userToken: await userToken('ann@users.example') }
    expect((await elsewhere.call('POST', '/sessions', { body })).body['visitorId']).not.toBe(one)
  } finally {
    await elsewhere.close()
  }
})

test('[R128] a token that is wrong or over is a 401 of its own, a provider that is away a 503, and none set up a 400', async () => {
  const stranger = await generateKeyPair('ES256')
  const secret = new TextEncoder().encode('a'.repeat(32))
  const wrong = [
    await userToken('ann', { issuer: 'https://others.example' }),
    await userToken('ann', { audience: 'parking' }),
    await userToken('ann', { key: stranger.privateKey }),
    await userToken('ann', { claims: { nbf: 4e9 } }),
    await userToken(''),
    await new SignJWT({ sub: 'ann', iss: ISSUER, aud: AUDIENCE, exp: 4e9 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret),
    await new SignJWT({ sub: 'ann', iss: ISSUER, aud: AUDIENCE })
      .setProtectedHeader({ alg: 'ES256', kid: 'ES256' })
      .sign(keys.get('ES256')!),
    'garbage',
  ]
  for (const token of wrong) {
    const refused = await it.call('POST', '/sessions', { body: { userToken: token } })
    expect([refused.status, refused.body['code']], token).toEqual([401, 'user_token_invalid'])
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
  }
  const over = await login('ann', { ends: -60 })
  expect([over.status, over.body['code']]).toEqual([401, 'user_token_expired'])
  const body = { userToken: await userToken('ann') }
  const away = await makeApp({ environment: environment('http://127.0.0.1:1/jwks') })
  const none = await makeApp()
  try {
    const refused = await away.call('POST', '/sessions', { body })
    expect([refused.status, refused.body['code']]).toEqual([503, 'login_unavailable'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    // Who does not log in needs no provider.
    expect((await away.call('POST', '/sessions')).status).toBe(201)
    const unset = await none.call('POST', '/sessions', { body })
    expect(unset).toMatchObject({ status: 400, body: { errors: [{ field: 'userToken' }] } })
  } finally {
    await Promise.all([away.close(), none.close()])
  }
})

test('[R129] what the session before had in lines goes along, once, and from no user to another', async () => {
  const { queue, sessions } = it.deps
  const other = eventId('evening03')
  await insertSmallHouse(it.deps.pool, other)
  for (const event of [it.eventId, other])
    await queue.configure(event, { state: 'paused', rate: 1, cap: 1 }, 'test')
  const anyone = await it.session()
  const place = async (token: string, event: string = it.eventId) =>
    (await it.call<{ place: object }>('GET', `/events/${event}/queue`, { token })).body.place
  const join = (event: string) => it.call('POST', `/events/${event}/queue`, { token: anyone.token })
  const joined = [await join(it.eventId), await join(other)].map(({ body }) => body['place'])
  await expect.poll(async () => (await it.deps.queue.events()).length).toBe(2)
  const { token } = anyone
  const [first, second] = [await login('ann', { token }), await login('ann', { token })]
  expect([first.status, second.status]).toEqual([201, 201])
  const ann = String(first.body['token'])
  const scoreOf = (found: unknown) => (found as { score: number }).score
  expect(scoreOf(await place(ann))).toBe(scoreOf(joined[0]))
  expect(scoreOf(await place(ann, other))).toBe(scoreOf(joined[1]))
  const left = await it.deps.queue.status(it.eventId, anyone.visitorId)
  expect(left).toEqual({ state: 'none' })
  const bob = await login('bob', { token: ann })
  const visitor = sessions.check(String(bob.body['token']))
  if (!visitor.ok) throw new Error(visitor.reason)
  expect(await queue.status(it.eventId, visitor.value.visitorId)).toEqual({ state: 'none' })
  const mine = sessions.check(ann)
  if (!mine.ok) throw new Error(mine.reason)
  expect(await queue.status(it.eventId, mine.value.visitorId)).toMatchObject({ state: 'waiting' })
})
