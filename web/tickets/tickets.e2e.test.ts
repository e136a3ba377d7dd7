/** A bought ticket in a real browser: its code is read off the screen, and printed. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import decodeQR from 'qr/decode.js'
import { expect, test } from 'vitest'
import type { Tickets } from '../../client/bookings.ts'
import { connectOnsale } from '../../client/onsale.ts'
import { eventually, PHONE, Site } from '../site-fixture.ts'

const site = Site.forTests()

test('[T30] The page shows each ticket with a code that a scanner reads off it, on any device that has its link, and the demo’s mail has the link.', async () => {
  const { onsale } = site
  const fan = connectOnsale({ httpUrl: onsale.httpUrl })
  await fan.createSession()
  const { events } = await fan.events.search({
    status: 'onsale',
    type: 'theatre',
  })
  const eventId = events[0]?.eventId ?? ''
  const detail = await (await fetch(`${onsale.httpUrl}/events/${eventId}?include=tickets`)).json()
  const free = detail.tickets.filter((ticket: { status: string }) => ticket.status === 'available')
  const ticketIds: string[] = free.slice(0, 2).map((ticket: { ticketId: string }) => ticket.ticketId)
  const { bookingId } = await fan.bookings.hold(eventId, { ticketIds })
  const buyer = { name: 'Ada Lovelace', email: 'ada@example.org' }
  await fan.bookings.confirm(bookingId, { paymentMethodId: 'pm_card_visa', buyer })
  let tickets: Tickets | undefined
  await eventually(
    async () => (tickets = await fan.bookings.tickets(bookingId).catch(() => undefined)),
  ).toBeDefined()
  const { page } = await site.arrive(`/t/${tickets?.link}`, PHONE)
  const codes = page.getByTestId('ticket-code')
  await codes.first().waitFor()
  expect(await codes.count()).toBe(2)
  const read = await page.evaluate(async () => {
    const pictures = [...document.querySelectorAll<HTMLImageElement>('.ticket-code img')]
    return Promise.all(
      pictures.map(async picture => {
        await picture.decode()
        const side = 400
        const canvas = new OffscreenCanvas(side, side)
        const context = canvas.getContext('2d')!
        context.fillStyle = '#fff'
        context.fillRect(0, 0, side, side)
        context.drawImage(picture, 10, 10, side - 20, side - 20)
        return [...context.getImageData(0, 0, side, side).data]
      }),
    )
  })
  const texts = read.map(data => decodeQR({ width: 400, height: 400, data: Uint8Array.from(data) }))
  expect(texts).toEqual(tickets?.tickets.map(({ code }) => code))
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  await page.emulateMedia({ media: 'print' })
  expect(await page.getByRole('button', { name: 'Print' }).isVisible()).toBe(false)
  expect(await codes.first().isVisible()).toBe(true)
  const mail = join(onsale.env['MAIL_FOLDER'] ?? '', `tickets-${bookingId}.eml`)
  await eventually(() => readdir(onsale.env['MAIL_FOLDER'] ?? '').catch(() => [])).toContain(
    mail.split('/').at(-1),
  )
})
