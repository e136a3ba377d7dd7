import { expect, test } from 'vitest'
import { canonicalForm, decodeForm } from './form-encoding.ts'

test('brackets become nested objects', () => {
  expect(decodeForm('a=1&b[c]=2&b[d][e]=3+4&list[0]=x&list[1]=y')).toEqual({
    a: '1',
    b: { c: '2', d: { e: '3 4' } },
    list: { 0: 'x', 1: 'y' },
  })
})

test('empty brackets count up', () => {
  expect(decodeForm('list[]=x&list[]=y')).toEqual({ list: { 0: 'x', 1: 'y' } })
})

test('a value is not an object too, and the depth and number of fields are bounded', () => {
  expect(() => decodeForm('a=1&a[b]=2')).toThrow('Invalid object')
  expect(() => decodeForm('a[b][c][d][e][f][g]=1')).toThrow('Invalid parameter name')
  expect(() => decodeForm(Array.from({ length: 501 }, (_, index) => `f${index}=1`).join('&'))).toThrow(
    'at most 500',
  )
})

test('the order of fields makes no difference to the canonical form', () => {
  expect(canonicalForm('b=2&a[x]=1%262')).toBe(canonicalForm('a%5Bx%5D=1%262&b=2'))
  expect(canonicalForm('a=1&b=2')).not.toBe(canonicalForm('a=1%26b%3D2'))
})
