/** Whose pages may call us. */
import type { Config } from './config.ts'

/** Our own pages' origin (of a developer's machine by each of its names) and the sites that config allows. */
export function allowedOrigins(config: Pick<Config, 'HTTP_PUBLIC_URL' | 'ALLOWED_ORIGINS'>): Set<string> {
  return new Set([...ownOrigins(config.HTTP_PUBLIC_URL), ...config.ALLOWED_ORIGINS])
}

function ownOrigins(publicUrl: string): string[] {
  const { origin, protocol, hostname, port } = new URL(publicUrl)
  const loopback = ['localhost', '127.0.0.1', '[::1]']
  if (!loopback.includes(hostname)) return [origin]
  return loopback.map(name => new URL(`${protocol}//${name}:${port}`).origin)
}
