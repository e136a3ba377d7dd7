import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TextMac } from './text-mac.ts'

const own = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest('base64url')

test('[S160] the MAC of a text is HMAC-SHA256 as Node makes it, whatever key and text; nothing else passes for it', () => {
  const key = fc.uint8Array({ maxLength: 200 })
  const text = fc.string({ unit: 'binary', maxLength: 500 })
  fc.assert(
    fc.property(key, text, text, (k, one, other) => {
      const mac = new TextMac(k)
      expect(mac.isOf(one, own(k, one))).toBe(true)
      expect(mac.isOf(other, own(k, one))).toBe(one === other)
      expect(mac.isOf(one, own(k, one))).toBe(true)
    }),
  )
})

test('[S160] a MAC that is cut, longer, changed or looks alike by its low bytes is none; neither is one of a text that is too long', () => {
  const key = Buffer.alloc(32, 7)
  const mac = new TextMac(key)
  const right = own(key, 'a.b')
  const alike = (at: number) =>
    `${right.slice(0, at)}${String.fromCharCode(0x100 + right.charCodeAt(at))}${right.slice(at + 1)}`
  const flipped = `${right.slice(0, 42)}${right.endsWith('A') ? 'E' : 'A'}`
  for (const wrong of ['', right.slice(1), right.slice(0, -1), `${right}=`, flipped, alike(0), alike(42)])
    expect(mac.isOf('a.b', wrong), wrong).toBe(false)
  expect(mac.isOf(`\u0161.b`, right)).toBe(false)
  const longest = '\uffff'.repeat(2_048)
  expect(mac.isOf(longest, own(key, longest))).toBe(true)
  expect(mac.isOf(`${longest}x`, own(key, `${longest}x`))).toBe(false)
})
