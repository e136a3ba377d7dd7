/** What a run is told by k6's environment (`k6 run -e FANS=300 ...`), checked; `npm run load` fills it in. */

export interface RunSettings {
  /** Where the HTTP tier is, without a slash at the end. */
  target: string
  /** Where the realtime tier is; undefined: as the target says in /config.json. */
  realtime: string | undefined
  eventId: string
  fans: number
  /** From the first fan's coming until nobody starts anything new, ms. */
  durationMs: number
  /** Fans come over this time, half of them in its first quarter, ms. */
  arrivalMs: number
  /** Many fans share one VU: a VU costs k6 some 10 MB, a fan in it some 50 KB. */
  fansPerVu: number
  seed: number
  /** Where the summary goes as JSON; undefined: nowhere. */
  json: string | undefined
  /** `metric=expression` pairs that replace a metric's own thresholds, by metric. */
  thresholds: Record<string, string[]>
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `90s`, `2m`, `1h30m`; undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined
  let sum = 0
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    sum += Number(value) * (UNITS[unit ?? ''] ?? 0)
  return sum
}

/** `hold=p(95)<400`, and `onsale_hold` for `hold`. */
export function parseThreshold(text: string): { metric: string; expression: string } | undefined {
  const [, name, expression] = /^([a-z_]+)=(\S.*)$/.exec(text) ?? []
  if (name === undefined || expression === undefined) return undefined
  return { metric: name.replace(/^(?!onsale_|http_|ws_|vus|data_|iteration|checks)/, 'onsale_'), expression }
}

export function readSettings(env: Record<string, string | undefined>): RunSettings {
  const fans = whole(env, 'FANS', 100, 1, 1_000_000)
  const durationMs = duration(env, 'DURATION', '2m')
  const thresholds: Record<string, string[]> = {}
  for (const text of (env['THRESHOLDS'] ?? '').split(';').filter(part => part !== '')) {
    const parsed = parseThreshold(text)
    if (parsed === undefined) throw new Error(`THRESHOLDS: ${text} is not metric=expression`)
    thresholds[parsed.metric] = [...(thresholds[parsed.metric] ?? []), parsed.expression]
  }
  return {
    target: (env['TARGET'] ?? 'http://localhost:3000').replace(/\/+$/, ''),
    realtime: env['REALTIME'] || undefined,
    eventId: named(env, 'EVENT'),
    fans,
    durationMs,
    arrivalMs: env['ARRIVAL'] ? duration(env, 'ARRIVAL', '') : durationMs / 4,
    fansPerVu: whole(env, 'FANS_PER_VU', Math.max(5, Math.ceil(fans / 100)), 1, 10_000),
    seed: whole(env, 'SEED', 1, 0, 2 ** 31),
    json: env['JSON'] || undefined,
    thresholds,
  }
}

function named(env: Record<string, string | undefined>, name: string): string {
  const value = env[name]
  if (!value) throw new Error(`${name} is not set: give k6 the event's id, -e ${name}=7e43ef84835b`)
  return value
}

function whole(
  env: Record<string, string | undefined>,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const value = Number(env[name] || fallback)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`${name} must be a whole number from ${least} to ${most}`)
  return value
}

function duration(env: Record<string, string | undefined>, name: string, fallback: string): number {
  const ms = parseDuration(env[name] || fallback)
  if (ms === undefined || ms < 1_000) throw new Error(`${name} must be a time such as 90s or 2m`)
  return ms
}
