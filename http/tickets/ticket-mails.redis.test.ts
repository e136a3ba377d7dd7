import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type House, makeShop, type Shop, until } from '../bookings/sale-fixture.ts'

let shop: Shop
let house: House
let server: SMTPServer
/** What it does with the next mail. */
let mood: 'takes' | 'later' | 'refuses' = 'takes'
const mails: { to: string[]; text: string }[] = []

beforeAll(async () => {
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: (_to, _session, done) => {
      if (mood === 'takes') return done()
      const responseCode = mood === 'later' ? 451 : 550
      done(Object.assign(new Error('not now'), { responseCode }))
    },
    onData: (stream, session, done) => {
      const parts: Buffer[] = []
      stream.on('data', part => parts.push(part))
      stream.on('end', () => {
        mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(parts).toString(),
        })
        done()
      })
    },
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.server.address() as AddressInfo
  shop = await makeShop({
    environment: { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'The Box Office <tickets@example.org>' },
  })
  house = await shop.house()
})
afterAll(async () => {
  await shop.close()
  await new Promise<void>(resolve => {
    server.close(resolve)
  })
})

async function bought(where: House, ...seats: number[]): Promise<string> {
  const fan = await where.fan()
  const booking = await fan.held(...seats)
  expect((await fan.pay(booking)).body.status).toBe('confirmed')
  return booking
}

const writtenOf = (booking: string) => mails.filter(({ text }) => text.includes(booking))

test('[T20] With the money had the buyer is sent the tickets once: event, seats, a QR code each, and the link.', async () => {
  const booking = await bought(house, 0, 1)
  await shop.work()
  await shop.work()
  const [mail, ...more] = writtenOf(booking)
  expect(more).toEqual([])
  expect(mail?.to).toEqual(['ada@example.org'])
  const text = mail?.text ?? ''
  expect(text).toContain('From: The Box Office <tickets@example.org>')
  expect(text).toMatch(/^Subject: Your tickets: /m)
  expect(text).toContain(`Message-ID: <tickets-${booking}@shop.onsale>`)
  expect(text).toMatch(/^Left, row A, seat 1, Adult\r?$/m)
  expect(text.match(/^Content-Type: image\/gif/gm)?.length).toBe(2)
  expect(text.replaceAll('=\r\n', '')).toContain(`/t/${booking}.`)
  // A job that comes twice writes once.
  await shop.deps.pool.query(`insert into outbox (kind, payload) values ('mail', $1)`, [
    JSON.stringify({ bookingId: booking }),
  ])
  await shop.work()
  expect(writtenOf(booking).length).toBe(1)
})

test('[T31] The mail of the tickets says what they cost: prices, discount, fees, the fee of the booking, and the sum.', async () => {
  const { pool, events } = shop.deps
  const dear = await shop.house()
  await pool.query('update events set booking_fee = 250 where id = $1', [dear.eventId])
  await pool.query(
    `insert into event_discounts (event_id, position, name, least_tickets, amount) values ($1, 0, 'Two', 2, 1000)`,
    [dear.eventId],
  )
  await until('the price is read', async () => {
    return (await events.find(dear.eventId))?.pricing.bookingFee.amount === 250
  })
  const booking = await bought(dear, 26, 27)
  await shop.work()
  const text = (writtenOf(booking)[0]?.text ?? '').replaceAll('=\r\n', '').replaceAll('=E2=82=AC', '€')
  for (const line of [
    '2 tickets: €100.00',
    'Discount: -€10.00',
    'Fees: €3.00',
    'Booking fee: €2.50',
    'Total: €95.50',
  ])
    expect(text).toContain(line)
})

test('[T21] While the mail server cannot take it sales go on, and the mail goes when it can; what it refuses for good is noted.', async () => {
  mood = 'later'
  const booking = await bought(house, 2)
  await shop.work()
  expect(writtenOf(booking)).toEqual([])
  mood = 'takes'
  await shop.deps.pool.query('update graphile_worker._private_jobs set run_at = now()')
  await shop.work()
  expect(writtenOf(booking).length).toBe(1)
  mood = 'refuses'
  const refused = await bought(house, 3)
  await shop.work()
  const { rows } = await shop.deps.pool.query('select fault from sent_mails where booking_id = $1', [refused])
  expect(rows).toEqual([{ fault: 'refused' }])
  mood = 'takes'
})

test('[T22] Who returns tickets is written which, of what, and what comes back.', async () => {
  const booking = await bought(house, 4, 5)
  await until('the tickets are written', async () => {
    await shop.work()
    return writtenOf(booking).length === 1
  })
  await shop.call('POST', `/admin/bookings/${booking}/refunds`, {
    token: shop.adminToken,
    body: { ticketIds: [house.ticket(4)] },
  })
  const before = mails.length
  await shop.work()
  // A mail of an earlier test's sale may come in between.
  const [mail, ...more] = mails.slice(before).filter(({ text }) => /^Subject: Returned: /m.test(text))
  expect(more).toEqual([])
  const text = mail?.text.replaceAll('=\r\n', '').replaceAll('\r', '') ?? ''
  expect(text).toMatch(/51\.50/)
  // The event's date and venue, and the ticket: no empty lines where something should stand.
  expect(text).toMatch(/\n\nAn evening\n\w{3} \d.+\nSmall House, Wien\n\nLeft, row A, seat 5, Adult\n\n\S/)
})

test('[T23] Whatever stands in a name, it cannot leave its place in a mail.', async () => {
  const fan = await house.fan()
  const booking = await fan.held(6)
  const name = '"<script>" <evil@example.org>, ada'
  const paid = await fan.pay(booking, 'pm_card_visa', { buyer: { name, email: 'ada@example.org' } })
  expect(paid.body.status).toBe('confirmed')
  await shop.work()
  expect(writtenOf(booking)[0]?.to).toEqual(['ada@example.org'])
})

test('[T24] Without a mail server mails may go into a folder, as the demo has it, and without either nobody is written.', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'onsale-mail-'))
  const trial = await makeShop({ environment: { MAIL_FOLDER: folder } })
  try {
    const fan = await (await trial.house()).fan()
    const booking = await fan.held(0)
    await fan.pay(booking)
    await trial.work()
    expect(await readdir(folder)).toEqual([`tickets-${booking}.eml`])
    expect(await readFile(join(folder, `tickets-${booking}.eml`), 'utf8')).toContain(
      'To: Ada Lovelace <ada@example.org>',
    )
  } finally {
    await trial.close()
    await rm(folder, { recursive: true })
  }
})
