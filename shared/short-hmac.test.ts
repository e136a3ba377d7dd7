import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ShortHmac } from './short-hmac.ts'

const signed = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest('base64url')
const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 300 })

test('[S102] the short way to an HMAC agrees with node:crypto about every key and text, right and wrong', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(ascii, { minLength: 1 }),
      ascii,
      (key, texts, other) => {
        const hmac = new ShortHmac(Buffer.from(key))
        for (const text of texts) {
          const right = signed(key, text)
          expect(hmac.isOf(text, right)).toBe(true)
          expect(hmac.isOf(text, other)).toBe(false)
          expect(hmac.isOf(other, right)).toBe(other === text)
          for (const wrong of [
            '',
            right.slice(1),
            `${right}x`,
            `${right.slice(0, -1)}é`,
            `š${right.slice(1)}`,
          ])
            expect(hmac.isOf(text, wrong)).toBe(false)
        }
      },
    ),
  )
})

test('[S102] what is no short ASCII is never good', () => {
  const key = Buffer.alloc(32, 1)
  const hmac = new ShortHmac(key)
  for (const text of ['é', '\ud83c\udfab', 'x'.repeat(5_000)])
    expect(hmac.isOf(text, signed(key, text))).toBe(false)
})
