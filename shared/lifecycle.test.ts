import { expect, test } from 'vitest'
import { Lifecycle } from './lifecycle.ts'
import { makeLog } from './log.ts'

test('[R57] parts stop in reverse, once, and one that fails does not keep the others', async () => {
  const lifecycle = new Lifecycle(makeLog('test', 'silent'))
  const stopped: string[] = []
  lifecycle.add('first', () => void stopped.push('first'))
  lifecycle.add('faulty', () => Promise.reject(new Error('stuck')))
  lifecycle.add('last', () => void stopped.push('last'))
  await Promise.all([lifecycle.stop(), lifecycle.stop()])
  expect(stopped).toEqual(['last', 'first'])
})
