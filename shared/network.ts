/**
 * Which network a call comes from: an IPv4 address, or the /64 of an IPv6 address, as one customer has all of
 * its 2^64 addresses. X-Forwarded-For counts only as far as our own proxies wrote it.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { expandIPv6 } from 'hono/utils/ipaddr'

/** `trusted`: how many proxies of ours appended to X-Forwarded-For; what stands before them anybody may write. */
export function networkOf(
  socket: string | undefined,
  forwardedFor: string | undefined,
  trusted: number,
): string {
  const own = socket ?? ''
  if (trusted === 0 || forwardedFor === undefined) return network(own) ?? 'unknown'
  const chain = [...forwardedFor.split(',').map(part => part.trim()), own]
  const client = chain[Math.max(0, chain.length - 1 - trusted)] ?? own
  return network(client) ?? network(own) ?? 'unknown'
}

const MAPPED = '0000:0000:0000:0000:0000:ffff'

function dotted(hex: string): string {
  return [...Buffer.from(hex, 'hex')].join('.')
}

function network(address: string): string | undefined {
  if (isIPv4(address)) return address
  const plain = address.replace(/^\[(.*)\].*$/, '$1').replace(/%.*$/, '')
  const mapped = /^::ffff:([0-9.]+)$/i.exec(plain)?.[1]
  if (mapped !== undefined && isIPv4(mapped)) return mapped
  if (!isIPv6(plain)) return undefined
  const groups = expandIPv6(plain.toLowerCase()).split(':')
  // As uWebSockets.js tells an IPv4 address on a socket of IPv6.
  if (groups.slice(0, 6).join(':') === MAPPED) return dotted(`${groups[6]}${groups[7]}`)
  return `${groups.slice(0, 4).join(':')}::/64`
}
