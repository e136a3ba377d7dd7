/** What a checkout shows, by the booking's status: one place that decides it. Pure. */
import type { NextAction, OwnBooking } from '../shop.ts'

export type Stage =
  /** Held: the fan may pay. `declined`: the last try's code. */
  | { stage: 'pay'; declined: string | undefined }
  /** The bank wants a word with the fan. */
  | { stage: 'bank'; action: NextAction }
  /** More pay than can be served: the place in line, and about how long it takes. Nothing to do but wait. */
  | { stage: 'line'; position: number; seconds: number }
  /** Under way; nothing to do but wait. */
  | { stage: 'settling' }
  | { stage: 'confirmed' }
  | { stage: 'ended'; title: string; text: string }

export function stageOf({ status, nextAction, declineCode, payQueue, reason }: OwnBooking): Stage {
  switch (status) {
    case 'in_progress':
      return { stage: 'pay', declined: undefined }
    case 'paying':
      if (payQueue !== undefined) return { stage: 'line', ...payQueue }
      if (declineCode !== undefined) return { stage: 'pay', declined: declineCode }
      return nextAction === undefined ? { stage: 'settling' } : { stage: 'bank', action: nextAction }
    case 'closing':
      return {
        stage: 'ended',
        title: 'Your tickets are being given back',
        text: 'Nothing is charged. A payment that was under way is being called off.',
      }
    case 'confirmed':
      return { stage: 'confirmed' }
    case 'expired':
      return {
        stage: 'ended',
        title: 'The hold has ended',
        text: 'The time to pay has passed, and the tickets are free for everybody again. Nothing was charged. If they are still free you can choose them once more.',
      }
    case 'cancelled':
      return { stage: 'ended', ...cancelled(reason) }
    case 'refunded':
      return {
        stage: 'ended',
        title: 'This booking was refunded',
        text: 'The money is on its way back to your card.',
      }
    default:
      return status satisfies never
  }
}

function cancelled(reason: string | undefined): { title: string; text: string } {
  if (reason === 'seats_lost') {
    return {
      title: 'The tickets were lost',
      text: 'Your payment came after the hold had ended and somebody else has the tickets. You are not charged: what was reserved on your card is released by itself.',
    }
  }
  if (reason === 'payment_failed')
    return {
      title: 'The payment failed',
      text: 'The money could not be collected, so the tickets were given back.',
    }
  return { title: 'You gave the tickets back', text: 'Nothing was charged.' }
}

/** In words, as it is a guess: about half a minute, about 3 minutes. */
export function waitText(seconds: number): string {
  if (seconds <= 10) return 'a few seconds'
  if (seconds <= 45) return 'half a minute'
  if (seconds <= 90) return 'a minute'
  return `${Math.round(seconds / 60)} minutes`
}

/** Whether the server may change it by itself soon, so that asking again makes sense. */
export function isMoving({ status, nextAction, declineCode }: OwnBooking): boolean {
  return (
    status === 'closing' || (status === 'paying' && nextAction === undefined && declineCode === undefined)
  )
}
