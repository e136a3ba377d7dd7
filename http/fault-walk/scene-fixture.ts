import { BUYER, type Fan, type House, until } from '../bookings/sale-fixture.ts'
import { connect } from '../payments/stripe.ts'
import { operate } from './labour-fixture.ts'
import type { Lane, Stage } from './lane-fixture.ts'

export interface Scene {
  lane: Lane
  house: House
  fan: Fan
  /** Four that nobody has touched. */
  seats: number[]
  booking: string
  intent: string
}

export const GOOD = 'pm_card_visa'
export const DECLINED = 'pm_card_chargeDeclined'
export const THREE_D_SECURE = 'pm_card_threeDSecure2Required'
export const DISPUTED = 'pm_card_createDispute'

type Init = { method: string; body?: unknown; key?: string }

export async function call(
  { fan }: Scene,
  { url }: Pick<Stage, 'url'>,
  path: string,
  { method, body, key }: Init,
): Promise<string> {
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${fan.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    })
    const told = (await answer.json()) as Record<string, unknown>
    return `${answer.status} ${told['code'] ?? told['status'] ?? ''}`.trim()
  } catch {
    return 'no answer'
  }
}

export const holdBy = (body: (scene: Scene) => unknown) => (scene: Scene, stage: Stage) =>
  call(scene, stage, `/bookings/${scene.house.eventId}`, {
    method: 'POST',
    body: body(scene),
    key: scene.fan.visitorId,
  })

export const holdSeats = holdBy(({ house, seats }) => ({ ticketIds: seats.slice(0, 2).map(house.ticket) }))
export const holdBest = holdBy(() => ({ bestAvailable: { quantity: 1, sections: ['right'] } }))

export const payBy = (card: string) => (scene: Scene, stage: Stage) =>
  call(scene, stage, `/bookings/${scene.booking}/confirm`, {
    method: 'PUT',
    body: { paymentMethodId: card, buyer: BUYER },
  })

export const giveBack = (scene: Scene, stage: Stage) =>
  call(scene, stage, `/bookings/${scene.booking}`, { method: 'DELETE' })

/** One seat for another. */
export const changeSeats = (scene: Scene, stage: Stage) =>
  call(scene, stage, `/bookings/${scene.booking}`, {
    method: 'PATCH',
    body: {
      add: { ticketIds: scene.seats.slice(2, 3).map(scene.house.ticket) },
      drop: scene.seats.slice(0, 1).map(scene.house.ticket),
    },
  })

export const renewHold = (scene: Scene, stage: Stage) =>
  call(scene, stage, `/bookings/${scene.booking}/renew`, { method: 'POST' })

export const labours = async (_: Scene, { ended }: Stage) => {
  await ended
  return '-'
}

export async function held(scene: Scene): Promise<void> {
  scene.booking = await scene.fan.held(...scene.seats.slice(0, 2))
}

export const paidBy =
  (card: string) =>
  async (scene: Scene): Promise<void> => {
    await held(scene)
    await scene.fan.pay(scene.booking, card)
  }

/** Through the bank's page, while Stripe's events wait. */
export async function through(scene: Scene): Promise<void> {
  const page = await toTheBank(scene)
  scene.lane.shop.simulator.change({ webhooks: { hold: true } })
  await authorise(page)
}

/** Holds and pays by a card that asks; answers the bank's page, which a slow Stripe tells only after the answer. */
export async function toTheBank(scene: Scene): Promise<string> {
  await held(scene)
  let { nextAction } = (await scene.fan.pay(scene.booking, THREE_D_SECURE)).body
  await until("the bank's page is known", async () => {
    nextAction ??= (await scene.fan.get(scene.booking)).nextAction
    return nextAction?.type === 'redirect'
  })
  return nextAction?.type === 'redirect' ? nextAction.url : ''
}

export async function authorise(url: string): Promise<void> {
  await fetch(url, { method: 'POST', body: new URLSearchParams({ result: 'complete' }), redirect: 'manual' })
}

/** Paid for, captured, and all of it told. */
export async function sold(scene: Scene, card = GOOD): Promise<void> {
  await paidBy(card)(scene)
  await until('captured', async () => {
    await scene.lane.shop.work()
    const { rows } = await sql(scene, 'select status from payments where booking_id = $1')
    return rows[0]?.['status'] === 'captured'
  })
}

export function sql(scene: Scene, text: string) {
  return scene.lane.shop.deps.pool.query<Record<string, unknown>>(text, [scene.booking])
}

export async function overdue(scene: Scene): Promise<void> {
  await sql(scene, `update bookings set pay_until = now() - interval '1 s' where id = $1`)
}

export const stripeFails = (path: string, status: number, times = 1) => ({
  failNext: { path, status, times },
})

export function client({ lane }: Scene) {
  const made = connect(lane.shop.deps.config)
  if (made === undefined) throw new Error('no Stripe')
  return made
}

export async function intentOf(scene: Scene): Promise<string> {
  const { rows } = await sql(
    scene,
    'select pi_id from payments where booking_id = $1 order by created_at desc',
  )
  return String(rows[0]?.['pi_id'])
}

export async function shopUrl({ lane }: Scene): Promise<string> {
  return lane.shop.webhookUrl.replace('/webhooks/stripe', '')
}

export async function loseHolds({ lane, house, fan }: Scene): Promise<void> {
  const { rows } = await lane.shop.deps.pool.query(
    `select id from bookings where visitor_id = $1 and event_id = $2 and status = 'in_progress'`,
    [fan.visitorId, house.eventId],
  )
  for (const { id } of rows) await lane.shop.deps.inventory.release(house.stock, id)
}

export async function inLine(scene: Scene): Promise<void> {
  await held(scene)
  await scene.lane.shop.sales.turns.pause()
  const { body } = await scene.fan.pay(scene.booking, GOOD)
  if (body.status !== 'paying') throw new Error(`not in line: ${JSON.stringify(body)}`)
  // The pause is over.
  const { redis, keys } = scene.lane.shop.deps
  await redis.del(keys.provider('pay'))
}

/** The time to pay and the guard are over, nobody could cancel, and the money came. */
export async function expired(scene: Scene): Promise<void> {
  await through(scene)
  const { deps } = scene.lane.shop
  await sql(
    scene,
    `update bookings set status = 'expired', reason = 'guard_ended', pay_until = now() - interval '2 s', expires_at = now() - interval '1 s' where id = $1`,
  )
  await deps.inventory.release(
    scene.house.stock,
    scene.booking as Parameters<typeof deps.inventory.release>[1],
  )
  await scene.lane.shop.simulator.releaseWebhooks()
}

export async function returned(scene: Scene): Promise<void> {
  await sold(scene)
  await operate(scene.lane.shop.sales, { kind: 'return', booking: scene.booking, intent: '' })
}
