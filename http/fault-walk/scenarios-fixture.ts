/**
 * What fans, operators and workers do, each as far as one flow goes. Which steps a scenario takes is observed, never listed: a
 * step that none of them takes fails the walk.
 */
import type { BookingId } from '../../shared/ids.ts'
import { STATUS } from '../../shared/seats/inventory.ts'
import { amend } from '../bookings/amend.ts'
import { salesOf, until } from '../bookings/sale-fixture.ts'
import type { StepName } from '../bookings/steps.ts'
import { addToOutbox } from '../payments/outbox.ts'
import { rebuildSale } from '../payments/rebuild.ts'
import type { Orders } from './actor-fixture.ts'
import type { Deed } from './labour-fixture.ts'
import type { Stage } from './lane-fixture.ts'

import {
  authorise,
  changeSeats,
  client,
  DECLINED,
  DISPUTED,
  expired,
  GOOD,
  giveBack,
  held,
  holdBest,
  holdSeats,
  inLine,
  intentOf,
  labours,
  loseHolds,
  overdue,
  paidBy,
  payBy,
  renewHold,
  returned,
  type Scene,
  shopUrl,
  sold,
  sql,
  stripeFails,
  THREE_D_SECURE,
  through,
  toTheBank,
} from './scene-fixture.ts'

export interface Scenario {
  name: string
  role: Orders['role']
  broken?: Orders['broken']
  says?: Orders['says']
  /** Before this step somebody else takes the third seat. */
  stolen?: StepName
  deed?: Deed['kind']
  /** What has happened before, on processes that live. */
  before?: (scene: Scene) => Promise<void>
  /** What the fan does, and sees. A worker's acts are nobody's to see. */
  act: (scene: Scene, stage: Stage) => Promise<string>
  /** What the world does after. */
  after?: (scene: Scene) => Promise<void>
}

export const SCENARIOS: Scenario[] = [
  { name: 'holds two seats', role: 'http', act: holdSeats },
  { name: 'holds the best seat', role: 'http', act: holdBest },
  {
    name: 'holds a seat that is sold, which Redis forgot',
    role: 'http',
    before: async scene => {
      await sold(scene)
      const { house, lane, seats } = scene
      const [pool, inventory] = [lane.shop.deps.pool, lane.shop.deps.inventory]
      await inventory.mark(house.stock, seats.slice(0, 2), STATUS.available)
      // Whoever sold it died before showing it: its job is still to come.
      await addToOutbox(pool, [{ kind: 'sold', bookingId: scene.booking as BookingId }])
      scene.fan = await scene.house.fan()
    },
    act: holdSeats,
  },
  {
    name: 'repeats a hold that Redis lost',
    role: 'http',
    before: async scene => {
      await holdSeats(scene, { url: await shopUrl(scene), ended: Promise.resolve() })
      await loseHolds(scene)
    },
    act: holdSeats,
  },
  {
    name: 'repeats a hold that another has by now',
    role: 'http',
    before: async scene => {
      await holdSeats(scene, { url: await shopUrl(scene), ended: Promise.resolve() })
      await loseHolds(scene)
      await (await scene.house.fan()).held(scene.seats[1] ?? 0)
    },
    act: holdSeats,
  },
  { name: 'changes a seat of a hold', role: 'http', before: held, act: changeSeats },
  {
    name: 'changes to a seat that somebody takes meanwhile',
    role: 'http',
    stolen: 'amend.hold',
    before: held,
    act: changeSeats,
  },
  {
    name: 'changes to a seat that is sold, which Redis forgot',
    role: 'http',
    before: async scene => {
      const other = await scene.house.fan()
      const [seat = 0] = scene.seats.slice(2)
      const booking = await other.held(seat)
      await other.pay(booking)
      await scene.lane.shop.work()
      await scene.lane.shop.deps.inventory.mark(scene.house.stock, [seat], STATUS.available)
      await addToOutbox(scene.lane.shop.deps.pool, [{ kind: 'sold', bookingId: booking }])
      await held(scene)
    },
    act: changeSeats,
  },
  {
    name: 'pays a hold whose change died half way',
    role: 'http',
    before: async scene => {
      await held(scene)
      const dying = salesOf(scene.lane.shop, {
        step: async (name, work) => {
          if (name === 'amend.hold') throw new Error('dead')
          return work()
        },
      })
      const add = { ticketIds: scene.seats.slice(2, 3).map(scene.house.ticket), areas: [], ticketTypes: {} }
      const visitor = scene.fan.visitorId as Parameters<typeof amend>[1]
      await amend(dying, visitor, scene.booking, { add, drop: [] }).catch(() => undefined)
    },
    act: payBy(GOOD),
  },
  {
    name: 'renews a hold',
    role: 'http',
    before: async scene => {
      await held(scene)
      // Less than a second is no gain.
      await scene.lane.shop.deps.clock.sleep(1_100)
    },
    act: renewHold,
  },
  { name: 'gives a hold back', role: 'http', before: held, act: giveBack },
  {
    name: 'gives a hold back while Redis is away',
    role: 'http',
    broken: 'settle.release',
    before: held,
    act: giveBack,
  },
  { name: 'pays', role: 'http', before: held, act: payBy(GOOD) },
  { name: 'is declined', role: 'http', before: held, act: payBy(DECLINED) },
  { name: 'pays after a decline', role: 'http', before: paidBy(DECLINED), act: payBy(GOOD) },
  { name: 'goes to 3-D Secure', role: 'http', before: held, act: payBy(THREE_D_SECURE) },
  {
    name: 'pays what Stripe will not make',
    role: 'http',
    before: async scene => {
      await held(scene)
      scene.lane.shop.simulator.change(stripeFails('/v1/payment_intents', 500))
    },
    act: payBy(GOOD),
  },
  {
    name: 'pays after Stripe would not make it',
    role: 'http',
    before: async scene => {
      scene.lane.shop.simulator.change(stripeFails('/v1/payment_intents', 500))
      await paidBy(GOOD)(scene)
    },
    act: payBy(GOOD),
  },
  {
    name: 'pays while Stripe takes no more',
    role: 'http',
    before: async scene => {
      await held(scene)
      await scene.lane.shop.sales.turns.pause()
    },
    act: payBy(GOOD),
  },
  {
    name: 'is limited by Stripe',
    role: 'http',
    before: async scene => {
      await held(scene)
      scene.lane.shop.simulator.change(stripeFails('/v1/payment_intents', 429))
    },
    act: payBy(GOOD),
  },
  { name: 'serves the line of payments', role: 'worker', before: inLine, act: labours },
  {
    name: 'serves the line while Stripe is away',
    role: 'worker',
    before: async scene => {
      await inLine(scene)
      scene.lane.shop.simulator.change({ resetNext: { path: '/v1/payment_intents', times: 2 } })
    },
    act: labours,
  },
  { name: 'gives back what waits in line', role: 'http', before: inLine, act: giveBack },
  {
    name: 'gives back what is being paid',
    role: 'http',
    before: paidBy(THREE_D_SECURE),
    act: giveBack,
  },
  {
    name: "hears Stripe's event",
    role: 'http',
    before: through,
    act: async (scene, { url, ended }) => {
      scene.lane.hear(url)
      const heard = scene.lane.shop.simulator.releaseWebhooks()
      await Promise.race([heard, ended])
      return '-'
    },
    after: async ({ lane }) => lane.hear(),
  },
  { name: 'does what follows a sale', role: 'worker', before: paidBy(GOOD), act: labours },
  {
    name: 'works on a stored event',
    role: 'worker',
    before: async scene => {
      await through(scene)
      await scene.lane.shop.simulator.releaseWebhooks()
    },
    act: labours,
  },
  {
    name: 'works on a stored event while Stripe is away',
    role: 'worker',
    before: async scene => {
      await through(scene)
      await scene.lane.shop.simulator.releaseWebhooks()
      scene.lane.shop.simulator.change(stripeFails('/v1/payment_intents/*', 503))
    },
    act: labours,
  },
  {
    name: 'works on a dispute',
    role: 'worker',
    before: async scene => {
      await sold(scene, DISPUTED)
      const disputes = `type = 'charge.dispute.created' and object_id in (select pi_id from payments where booking_id = $1)`
      await until('the dispute is stored', async () => {
        await scene.lane.shop.deps.clock.sleep(20)
        return (await sql(scene, `select from inbox where ${disputes}`)).rowCount === 1
      })
      await scene.lane.shop.work()
      // As it was when it came.
      await sql(
        scene,
        `with back as (update inbox set done_at = null where ${disputes} returning stripe_event_id)
         insert into outbox (kind, payload) select 'inbox', jsonb_build_object('stripeEventId', stripe_event_id) from back`,
      )
      await sql(scene, `update bookings set disputed_at = null where id = $1`)
    },
    act: labours,
  },
  {
    name: 'asks about a payment nobody told of',
    role: 'worker',
    before: async scene => {
      scene.lane.shop.simulator.change({ webhooks: { dropRate: 1 } })
      await authorise(await toTheBank(scene))
      // However long that took: it is due.
      await sql(
        scene,
        'update payments set created_at = greatest(checked_at, changed_at) where booking_id = $1',
      )
    },
    act: labours,
  },
  {
    name: 'ends what ran out of time',
    role: 'worker',
    before: async scene => {
      await paidBy(THREE_D_SECURE)(scene)
      await overdue(scene)
    },
    act: labours,
  },
  {
    name: 'ends what ran out of time in the line',
    role: 'worker',
    before: async scene => {
      await inLine(scene)
      await overdue(scene)
    },
    act: labours,
  },
  {
    name: 'settles late money',
    role: 'worker',
    before: async scene => {
      await expired(scene)
    },
    act: labours,
  },
  {
    name: 'settles late money for seats that another holds',
    role: 'worker',
    before: async scene => {
      await expired(scene)
      await (await scene.house.fan()).held(scene.seats[0] ?? 0)
    },
    act: labours,
  },
  {
    name: 'gives back an authorisation',
    role: 'worker',
    before: async scene => {
      await through(scene)
      await scene.fan.cancel(scene.booking)
    },
    act: labours,
  },
  {
    name: 'gives back money that was captured for nothing',
    role: 'worker',
    before: async scene => {
      await through(scene)
      await client(scene).paymentIntents.capture(await intentOf(scene))
      await scene.fan.cancel(scene.booking)
    },
    act: labours,
  },
  {
    name: 'captures what was captured already',
    role: 'worker',
    before: async scene => {
      await paidBy(GOOD)(scene)
      scene.lane.shop.simulator.change({ webhooks: { hold: true } })
      await client(scene).paymentIntents.capture(await intentOf(scene))
    },
    act: labours,
  },
  {
    name: 'captures what can never be had',
    role: 'worker',
    says: 'requires_payment_method',
    before: paidBy(GOOD),
    act: labours,
    // Stripe, where it says so, has nothing; the simulator still holds it.
    after: async scene => {
      const { rows } = await sql(scene, `select 1 from payments where booking_id = $1 and status = 'void'`)
      if (rows.length > 0) await client(scene).paymentIntents.cancel(await intentOf(scene))
    },
  },
  {
    name: 'returns the tickets of a sale',
    role: 'operator',
    deed: 'return',
    before: scene => sold(scene),
    act: labours,
  },
  { name: 'forgets a buyer', role: 'operator', deed: 'erase', before: scene => sold(scene), act: labours },
  {
    name: 'makes a sale again that Postgres lost',
    role: 'operator',
    deed: 'rebuild',
    before: async scene => {
      await sold(scene)
      scene.intent = await intentOf(scene)
      await sql(scene, 'delete from tickets where booking_id = $1')
      await sql(scene, 'delete from booking_items where booking_id = $1')
      await sql(scene, 'delete from payments where booking_id = $1')
      await sql(scene, 'delete from bookings where id = $1')
      // After a restore Redis is in another life, and brought back from what is there.
      const { house, lane, seats } = scene
      await lane.shop.deps.inventory.mark(house.stock, seats.slice(0, 2), STATUS.available)
    },
    act: labours,
    // Whoever asked for it asks again.
    after: async ({ lane, intent }) => void (await rebuildSale(lane.shop.sales, intent, 'test')),
  },
  { name: 'makes a refund', role: 'worker', before: returned, act: labours },
  {
    name: 'makes a refund after Stripe failed',
    role: 'worker',
    before: async scene => {
      await returned(scene)
      scene.lane.shop.simulator.change(stripeFails('/v1/refunds', 500))
    },
    act: labours,
  },
]
