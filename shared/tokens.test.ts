import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { eventId, visitorId } from './ids.ts'
import { PassTokens, SessionTokens } from './tokens.ts'

const visitor = visitorId('00000000-0000-4000-8000-000000000001')
const event = eventId('someevent')
const privateKey = () =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')

describe('sessions', () => {
  const tokens = new SessionTokens(Buffer.alloc(32, 1), 60)

  test('[R50] a session token names its visitor, and only with our key', () => {
    expect(tokens.check(tokens.issue(visitor))).toEqual({ ok: true, value: { visitorId: visitor } })
    const foreign = new SessionTokens(Buffer.alloc(32, 2), 60)
    expect(tokens.check(foreign.issue(visitor))).toEqual({ ok: false, reason: 'invalid' })
  })

  test('[R51] a token that is cut, changed, unsigned or garbage is invalid; an old one is expired', () => {
    const token = tokens.issue(visitor)
    const [, payload] = token.split('.')
    const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`
    for (const bad of ['', 'x', '...', token.slice(0, -2), `${token}x`, unsigned, `a.${payload}.b`]) {
      expect(tokens.check(bad), bad).toEqual({ ok: false, reason: 'invalid' })
    }
    vi.useFakeTimers({ now: Date.now() + 61_000 })
    expect(tokens.check(token)).toEqual({ ok: false, reason: 'expired' })
    vi.useRealTimers()
  })
})

test('[S160] a session is signed with HMAC-SHA256, and a text or a signature that only looks alike is none', () => {
  // Longer and shorter than a block of the hash, and just one.
  for (const length of [32, 64, 200]) {
    const key = Buffer.alloc(length, 1)
    const tokens = new SessionTokens(key, 60)
    const token = tokens.issue(visitor)
    const end = token.lastIndexOf('.')
    const [text, right] = [token.slice(0, end), token.slice(end + 1)]
    expect(createHmac('sha256', key).update(text).digest('base64url')).toBe(right)
    const alike = (what: string, at: number) =>
      `${what.slice(0, at)}${String.fromCharCode(0x100 + what.charCodeAt(at))}${what.slice(at + 1)}`
    const wrong = ['', right.slice(1), `${right}=`, `${right}${right}`, alike(right, 0), alike(right, 42)]
    for (const one of wrong) expect(tokens.check(`${text}.${one}`).ok, one).toBe(false)
    expect(tokens.check(`${alike(text, end - 1)}.${right}`).ok).toBe(false)
    expect(tokens.check(token).ok).toBe(true)
  }
})

describe('passes', () => {
  const tokens = new PassTokens(privateKey())
  const until = Math.floor(Date.now() / 1_000) * 1_000 + 60_000

  test('[R52] a pass names visitor, event and end, and anybody can check it with the published key', () => {
    const pass = tokens.issue({ visitorId: visitor, eventId: event, until })
    expect(tokens.check(pass)).toEqual({ ok: true, value: { visitorId: visitor, eventId: event, until } })
    const [head = '', payload = '', signature = ''] = pass.split('.')
    const [jwk] = tokens.jwks().keys
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    expect(verify(null, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(
      true,
    )
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toMatchObject({ kid: Object(jwk).kid })
  })

  test("[R53] another installation's pass and a session token are no passes", () => {
    const foreign = new PassTokens(privateKey()).issue({ visitorId: visitor, eventId: event, until })
    expect(tokens.check(foreign)).toEqual({ ok: false, reason: 'invalid' })
    const session = new SessionTokens(Buffer.alloc(32, 1), 60).issue(visitor)
    expect(tokens.check(session)).toEqual({ ok: false, reason: 'invalid' })
  })

  test('[Q177] keys of passes are changed without a pass being lost: published before they sign, counting after', () => {
    const [old, next] = [privateKey(), privateKey()]
    const before = new PassTokens(old)
    const announced = new PassTokens(`${old},${next}`)
    const changed = new PassTokens(`${next}, ${old}`)
    const after = new PassTokens(next)
    const pass = { visitorId: visitor, eventId: event, until }
    const ok = { ok: true, value: pass }
    for (const signer of [before, announced, changed])
      for (const checker of [announced, changed]) expect(checker.check(signer.issue(pass))).toEqual(ok)
    expect(after.check(changed.issue(pass))).toEqual(ok)
    expect(after.check(before.issue(pass))).toEqual({ ok: false, reason: 'invalid' })
    expect(
      [before, announced, changed, after].map(({ jwks }, i, all) => jwks.call(all[i]).keys.length),
    ).toEqual([1, 2, 2, 1])
    // A head that names our key proves nothing.
    const [head] = changed.issue(pass).split('.')
    const [, payload, signature] = new PassTokens(privateKey()).issue(pass).split('.')
    expect(after.check(`${head}.${payload}.${signature}`)).toEqual({ ok: false, reason: 'invalid' })
  })
})
