/**
 * A whole Onsale and a Chromium for one file of browser tests: made before its first test and ended after its last. No page may have
 * had a fault. Where there is no Chromium the tests are skipped, in words.
 */
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { z } from 'zod'
import { type Onsale, startOnsale } from '../dev/processes.ts'
import { testDatabase } from '../dev/test-parts.ts'
import { findChromium, launchChromium } from './chromium.ts'
import { Fan } from './fan.ts'

const CHROMIUM = process.env['CHROMIUM_PATH']
const NONE = 'no Chromium: apt-get install chromium, or set CHROMIUM_PATH'

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true }

const Found = z.object({ events: z.array(z.object({ eventId: z.string(), name: z.string() })) })

interface Wanted {
  /** Whether the demo's catalogue is on sale. */
  catalogue?: boolean
  env?: Record<string, string>
  /** Before anything is started. */
  database?: (url: string) => Promise<void>
  /** Once all is there. */
  ready?: () => Promise<void>
}

/** What takes a page, a payment or a tick. */
export const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 12_000, interval: 40 })

export class Site {
  readonly #fans: Fan[] = []
  #browser: Browser | undefined
  #onsale: Onsale | undefined

  /** To be called once, at the head of a file. */
  static forTests({ catalogue = true, env = {}, database, ready }: Wanted = {}): Site {
    const site = new Site()
    beforeAll(async () => {
      if (findChromium(CHROMIUM) === undefined) return
      const { url } = await testDatabase({ catalogue })
      await database?.(url)
      site.#onsale = await startOnsale({ ports: 'free', env: { DATABASE_URL: url, ...env } })
      site.#browser = await launchChromium(CHROMIUM)
      await ready?.()
    })
    beforeEach(({ skip }) => skip(site.#browser === undefined, NONE))
    afterEach(async () => {
      const faults = site.#fans.flatMap(fan => fan.faults)
      await Promise.all(site.#fans.splice(0).map(fan => fan.leave()))
      expect(faults).toEqual([])
    })
    afterAll(async () => {
      await site.#browser?.close()
      await site.#onsale?.stop()
    })
    return site
  }

  get onsale(): Onsale {
    if (this.#onsale === undefined) throw new Error('not started yet')
    return this.#onsale
  }

  /** As links, sockets and the way back from the bank name it. */
  get url(): string {
    return this.onsale.env['HTTP_PUBLIC_URL'] ?? this.onsale.httpUrl
  }

  /** Somebody with a profile of their own, on this page. */
  async arrive(path?: string, options: BrowserContextOptions = {}): Promise<Fan> {
    if (this.#browser === undefined) throw new Error('no Chromium')
    const fan = await Fan.arrive(this.#browser, options)
    this.#fans.push(fan)
    if (path !== undefined) await fan.open(`${this.url}${path}`)
    return fan
  }

  /** As a search finds them. */
  async events(query: string): Promise<{ eventId: string; name: string }[]> {
    const answer = await fetch(`${this.url}/events/search?${query}`)
    return Found.parse(await answer.json()).events
  }

  /** As an operator. */
  async operate(method: string, path: string, body: object): Promise<Response> {
    const headers = {
      authorization: `Bearer ${this.onsale.adminToken}`,
      'content-type': 'application/json',
    }
    return fetch(`${this.onsale.httpUrl}${path}`, { method, headers, body: JSON.stringify(body) })
  }
}
