/** An operator changes the house of an event under the eyes of its fans, in a real browser. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Fan } from '../fan.ts'
import { eventually, Site } from '../site-fixture.ts'

const EVENT = 'tempest2030'

const file = JSON.parse(readFileSync('docs/examples/little-theatre.json', 'utf8'))
const site: Site = Site.forTests({
  catalogue: false,
  ready: async () => expect(await operate('POST', '/admin/events', file)).toBe(201),
})
const operate = async (method: string, path: string, body: object) =>
  (await site.operate(method, path, body)).status

async function arrive(section: string): Promise<Fan> {
  const fan = await site.arrive(`/e/${EVENT}`)
  await fan.listSeats(section)
  await eventually(() => fan.page.getByTestId('liveness').textContent()).toBe('Live')
  return fan
}

test('[W145] a chosen seat that the organiser takes off sale leaves the selection, and the page says so', async () => {
  const fan = await arrive('Balcony')
  await fan.seat({ section: 'Balcony', row: 'C', seat: '20' }).click()
  expect(await fan.page.getByTestId('chosen-seat').count()).toBe(1)
  expect(await operate('PUT', `/admin/events/${EVENT}/blocks`, { ticketIds: [`${EVENT}-251`] })).toBe(200)
  await eventually(() => fan.page.getByTestId('notice').allTextContents()).toContainEqual(
    expect.stringMatching(/^Balcony, row C, seat 20 was just taken off sale by the organiser/),
  )
  expect(await fan.page.getByTestId('chosen-seat').count()).toBe(0)
})

test('[S150] an open page shows the new house once its seats are made anew, and the view that a seat has there', async () => {
  const fan = await arrive('Balcony')
  const added = { section: 'Balcony', row: 'E', seat: '1' }
  expect(await fan.seat(added).count()).toBe(0)
  const sections = structuredClone(file.sections)
  sections[3].rows = 'A-E'
  sections[3].views = [{ note: 'Low roof', seats: ['E1'] }]
  expect(await operate('PUT', `/admin/events/${EVENT}`, { status: 'offsale' })).toBe(200)
  expect(await operate('PUT', `/admin/events/${EVENT}`, { sections, standing: file.standing })).toBe(200)
  expect(await operate('PUT', `/admin/events/${EVENT}`, { status: 'onsale' })).toBe(200)
  // The first who asks has the seats made.
  await eventually(async () => (await fetch(`${site.url}/events/${EVENT}/seats`)).status).toBe(200)
  // The new house is shown as a map again.
  await eventually(() => fan.page.locator('button.seat').count()).toBe(0)
  await fan.listSeats('Balcony')
  await eventually(() => fan.seat(added).count()).toBe(1)
  expect(await fan.seat(added).getAttribute('aria-label')).toContain('Low roof')
  await eventually(() => fan.statusOf(added)).toBe('available')
})

test('[S192] seats that the organiser takes out of the house while it sells leave an open page, and who chose one is told', async () => {
  const fan = await arrive('Stalls left')
  const [gone, stays] = ['3', '4'].map(seat => ({ section: 'Stalls left', row: 'A', seat }))
  await fan.seat(gone!).click()
  const sections = structuredClone(file.sections)
  sections[0].rows = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].map(name => ({ name }))
  sections[0].rows[0].seats = '1-2, 4-5'
  expect(await operate('PUT', `/admin/events/${EVENT}`, { sections, standing: file.standing })).toBe(200)
  await eventually(() => fan.page.getByTestId('notice').allTextContents()).toContainEqual(
    expect.stringMatching(/^Stalls left, row A, seat 3 was just taken off sale by the organiser/),
  )
  await eventually(() => fan.page.locator('button.seat').count()).toBe(0)
  await fan.listSeats('Stalls left')
  await eventually(() => fan.seat(stays!).count()).toBe(1)
  expect(await fan.seat(gone!).count()).toBe(0)
  await fan.seat(stays!).click()
  expect(await fan.page.getByTestId('chosen-seat').count()).toBe(1)
})
