import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeApp, type TestApp } from '../app-fixture.ts'
import { spokenTime } from '../events/venue-time.ts'

let it: TestApp
beforeAll(async () => {
  it = await makeApp()
})
afterAll(() => it.close())

const configure = (body: unknown) =>
  it.call('PUT', `/admin/events/${it.eventId}/queue`, { token: it.adminToken, body })

async function admit(): Promise<void> {
  const { queue } = it.deps
  if ('admit' in queue && typeof queue.admit === 'function') await queue.admit(it.eventId)
}

/** A browser without JavaScript: it keeps cookies and reloads. */
class PlainBrowser {
  readonly cookies = new Map<string, string>()

  async open(path: string, method = 'GET') {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await it.app.request(path, { method, headers: cookie === '' ? {} : { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      this.cookies.set(name!, value!)
    }
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
}

test('[Q155] without JavaScript a page that reloads itself keeps a place, says where it is, and brings the pass', async () => {
  await configure({ state: 'paused', rate: 100, cap: 1, message: 'Soon <b>now</b>' })
  const [first, second] = [new PlainBrowser(), new PlainBrowser()]
  const path = `/wait/${it.eventId}`
  await first.open(path)
  const waits = await second.open(path)
  expect(waits.status).toBe(200)
  expect(waits.headers.get('content-type')).toMatch(/^text\/html/)
  expect(waits.text).toMatch(/<p class="n">1<\/p>/)
  expect(waits.text).toContain('Soon &lt;b&gt;now&lt;/b&gt;')
  const again = Number(/http-equiv="refresh" content="(\d+)"/.exec(waits.text)?.[1])
  expect(again).toBeGreaterThanOrEqual(2)
  expect(waits.headers.get('retry-after')).toBe(String(again))
  expect(waits.text).not.toContain('<script')
  await configure({ state: 'open' })
  await expect
    .poll(
      async () => {
        await admit()
        return (await first.open(path)).text
      },
      { interval: 2_100, timeout: 15_000 },
    )
    .toMatch(/It is your turn.*needs JavaScript: turn it on first\.(?!.*before your turn)/s)
  expect(first.cookies.get(`onsale_pass_${it.eventId}`)).toMatch(/^ey/)
  expect((await second.open(`${path}/leave`, 'POST')).status).toBe(303)
  await expect.poll(async () => (await it.deps.queue.info(it.eventId)).waiting).toBe(0)
})

test('[Q156] the plain page says what is wrong in words, and when to look again', async () => {
  await configure({ joins: false })
  const closed = await new PlainBrowser().open(`/wait/${it.eventId}`)
  expect(closed.status).toBe(409)
  expect(closed.text).toContain('takes no newcomers')
  expect(closed.text).toContain('http-equiv="refresh"')
  expect((await new PlainBrowser().open('/wait/nosuchevent')).status).toBe(404)
  await configure({ state: 'off', joins: true })
  const open = await new PlainBrowser().open(`/wait/${it.eventId}`)
  expect(open.text).toContain(`href="/e/${it.eventId}"`)
  // Nobody has a turn where there is no line.
  expect(open.text).toMatch(/There is no line.*turn it on first/s)
  expect(open.text).not.toMatch(/your turn|Waiting needs/)
  expect(open.text).not.toContain('http-equiv="refresh"')
})

test('[R124] the plain page tells when a line forms and its doors move by the clocks at the venue, with the operator’s message, and that seats need JavaScript', async () => {
  const [forms, doors] = [Date.parse('2099-07-01T10:00:00Z'), Date.parse('2099-07-01T11:30:00Z')]
  const preQueueAt = new Date(forms).toISOString()
  const opensAt = new Date(doors).toISOString()
  await configure({ state: 'scheduled', preQueueAt, opensAt, message: 'Bring <i>patience</i>' })
  const { status, text } = await new PlainBrowser().open(`/wait/${it.eventId}`)
  const { venue } = (await it.deps.events.find(it.eventId))!
  expect(status).toBe(409)
  expect(text).toContain(`The line forms on ${spokenTime(forms, venue.timeZone)}.`)
  expect(text).toContain(`Doors move on ${spokenTime(doors, venue.timeZone)}.`)
  expect(text).not.toContain(preQueueAt)
  expect(text).toContain('Bring &lt;i&gt;patience&lt;/i&gt;')
  expect(text).toMatch(/turn it on before your turn/)
  await configure({ state: 'pre_queue', opensAt })
  const waits = await new PlainBrowser().open(`/wait/${it.eventId}`)
  expect(waits.text).toContain(`The doors move on ${spokenTime(doors, venue.timeZone)}.`)
  expect(waits.text).toMatch(/Seats are chosen and paid for on a page that does/)
  await configure({ state: 'off', preQueueAt: null, opensAt: null, message: null })
})

test('[Q178] a place without JavaScript outlives the loss of Redis', async () => {
  await configure({ state: 'paused', rate: 100, cap: 1, joins: true })
  const [first, second] = [new PlainBrowser(), new PlainBrowser()]
  const path = `/wait/${it.eventId}`
  await first.open(path)
  await second.open(path)
  const { cfg, line, polls, bucket, last } = it.deps.keys.queue(it.eventId)
  await it.deps.redis.unlink(cfg, line, polls, bucket, last)
  // Restored by the cookie, in whichever order they come.
  expect((await second.open(path)).status).toBe(200)
  await first.open(path)
  const { score: one } = await placeOf(first)
  const { score: two } = await placeOf(second)
  expect(one).toBeLessThan(two)
  await configure({ state: 'off' })
})

test('[W149] a refusal on the plain page is a page, and documented as one', async () => {
  const answer = await it.app.request('/wait/nowhere1')
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8'])
  const { paths } = (await (await it.app.request('/openapi.json')).json()) as {
    paths: Record<string, { get: { responses: Record<string, { content: object }> } }>
  }
  const { responses } = paths['/wait/{eventId}']?.get ?? { responses: {} }
  for (const [status, { content }] of Object.entries(responses))
    expect(Object.keys(content), status).toContain('text/html')
})

/** As the queue knows it. */
async function placeOf(browser: PlainBrowser): Promise<{ score: number }> {
  const session = it.deps.sessions.check(browser.cookies.get('onsale_session') ?? '')
  if (!session.ok) throw new Error('no session')
  const place = await it.deps.queue.status(it.eventId, session.value.visitorId)
  if (place.state !== 'waiting') throw new Error(`expected one who waits, got ${place.state}`)
  return place
}
