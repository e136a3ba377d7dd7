import { expect, test } from 'vitest'
import { networkOf } from './network.ts'

const V6 = '2001:db8:1:2:3:4:5:6'

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['0000:0000:0000:0000:0000:ffff:c000:0207', '192.0.2.7'],
  [V6, '2001:0db8:0001:0002::/64'],
  ['2001:DB8:1:2::9', '2001:0db8:0001:0002::/64'],
  ['2001:db8::1', '2001:0db8:0000:0000::/64'],
  ['fe80::1%eth0', 'fe80:0000:0000:0000::/64'],
  ['::1', '0000:0000:0000:0000::/64'],
  ['not an address', 'unknown'],
  [undefined, 'unknown'],
])('[R10] the network of %s is %s: an IPv4 address, or the /64 of an IPv6 address', (socket, network) => {
  expect(networkOf(socket, undefined, 0)).toBe(network)
})

test('[R11] X-Forwarded-For counts only as far as our own proxies wrote it', () => {
  const forged = '203.0.113.1, 198.51.100.9'
  expect(networkOf('192.0.2.7', forged, 0)).toBe('192.0.2.7')
  expect(networkOf('10.0.0.1', forged, 1)).toBe('198.51.100.9')
  expect(networkOf('10.0.0.1', forged, 2)).toBe('203.0.113.1')
  expect(networkOf('10.0.0.1', forged, 3)).toBe('203.0.113.1')
  expect(networkOf('10.0.0.1', undefined, 1)).toBe('10.0.0.1')
  expect(networkOf('10.0.0.1', `x, [${V6}]:4711`, 1)).toBe('2001:0db8:0001:0002::/64')
  expect(networkOf('10.0.0.1', 'garbage', 1)).toBe('10.0.0.1')
})
