/**
 * An on-sale for k6: fans get a session, stand in line over a real socket, are let in, watch the seats, hold some, pay or do
 * not. `npm run load` starts it and judges it; alone it runs by `k6 run -e TARGET=... -e EVENT=<id> load-tests/on-sale.ts`. It needs
 * nothing of this project beside load-tests/ and shared/.
 */
import exec from 'k6/execution'
import http from 'k6/http'
import type { Options } from 'k6/options'
import { type Crowd, Fan, type Sale } from './on-sale/fan.ts'
import { House } from './on-sale/house.ts'
import { beginAtNought, THRESHOLDS } from './on-sale/measures.ts'
import { jsonOf, type RunData, screenOf } from './on-sale/screen.ts'
import { readSettings } from './on-sale/settings.ts'

const settings = readSettings(__ENV)
const vus = Math.ceil(settings.fans / settings.fansPerVu)
/** Who is paying when the time is up may finish: a payment may take 40 s. */
const GRACE_S = 60

export const options: Options = {
  scenarios: {
    onsale: {
      executor: 'per-vu-iterations',
      vus,
      iterations: 1,
      maxDuration: `${Math.ceil(settings.durationMs / 1_000) + GRACE_S}s`,
      gracefulStop: '5s',
    },
  },
  thresholds: { ...THRESHOLDS, ...settings.thresholds },
  summaryTrendStats: ['count', 'avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
  // Without URLs and addresses: thousands of bookings would be thousands of time series.
  systemTags: ['name', 'method', 'status', 'scenario'],
  // k6 counts what a status of 400 means as a failure; a refusal is an answer here.
  noCookiesReset: false,
}
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 499 }))

export function setup(): Sale {
  beginAtNought()
  const config = ask(`${settings.target}/config.json`)
  const event = ask(`${settings.target}/events/${settings.eventId}`)
  const areas = Array.isArray(event['areas']) ? (event['areas'] as { areaId: string }[]) : []
  return {
    eventId: settings.eventId,
    realtimeUrl: settings.realtime ?? String(config['realtimeUrl']),
    areas: areas.map(({ areaId }) => areaId),
    maxTickets: Number(event['maxTickets'] ?? 8),
    beginsAt: Date.now() + 500,
  }
}

export default async function main(sale: Sale): Promise<void> {
  const crowd: Crowd = { settings, sale, house: new House(), bought: new Set() }
  const fans: Promise<void>[] = []
  for (let number = exec.scenario.iterationInTest; number < settings.fans; number += vus)
    fans.push(new Fan(crowd, number).attend())
  await Promise.all(fans)
}

export function handleSummary(data: RunData): Record<string, string> {
  const files = settings.json === undefined ? {} : { [settings.json]: jsonOf(data, settings) }
  return { stdout: `${screenOf(data, settings)}\n`, ...files }
}

function ask(url: string): Record<string, unknown> {
  const response = http.get(url, { timeout: '10s', tags: { name: 'setup' } })
  if (response.status === 200 && typeof response.body === 'string')
    return JSON.parse(response.body) as Record<string, unknown>
  const why = response.status === 0 ? response.error : `answers ${response.status}`
  exec.test.abort(`${url}: ${why}. Is it an Onsale that runs, and is the event there?`)
  return {}
}
