import { expect, test } from 'vitest'
import { draftOf } from './settings.ts'
import { consequence, queueWords, rateText } from './switch-words.ts'

const ZONE = 'Europe/Berlin'
const TYPED = draftOf(
  {
    rate: 1,
    cap: 10,
    message: '',
    method: 'fifo',
    preQueueAt: null,
    opensAt: null,
    beaconRound: null,
    joins: true,
    claimSeconds: 15,
    graceSeconds: 120,
    staySeconds: 1_800,
    soldOut: 'keep',
    perNetwork: null,
    payRate: null,
  },
  ZONE,
)

test('[V20] a rate is told as people think of it', () => {
  expect(rateText(0)).toBe('nobody is let in')
  expect(rateText(0.2)).toBe('one every 5 s')
  expect(rateText(20)).toBe('20 a second, 1,200 a minute')
})

test('[V64] what follows from a switch is said with the rate and cap as typed', () => {
  const words = consequence('open', 300, { ...TYPED, rate: '0.5', cap: '200' }, ZONE)
  expect(words).toContain('one every 2 s, at most 200 active')
  expect(words).toContain('The 300 waiting take 10 min at least.')
  expect(consequence('open', 3, { ...TYPED, rate: '0' }, ZONE)).toContain(
    'Nobody is let in at this rate and cap.',
  )
  expect(consequence('paused', 1_200, TYPED, ZONE)).toContain('1,200 waiting keep their places')
  expect(consequence('off', 0, TYPED, ZONE)).toContain('whoever comes may go on to the seats')
})

test('[V86] a schedule, a line that forms and one that closes are told with their times and order', () => {
  const plan = { ...TYPED, preQueueAt: '2026-04-12T10:00', opensAt: '2026-04-12T11:00' }
  const words = consequence('scheduled', 0, plan, ZONE)
  expect(words).toContain('The line forms on 12 April, 10:00 CEST, and nobody may join before.')
  expect(words).toContain('Doors move by themselves on 12 April, 11:00 CEST.')
  expect(words).toContain('First come, first served.')
  const lots = consequence('pre_queue', 0, { ...TYPED, method: 'random' }, ZONE)
  expect(lots).toContain('Doors move when you open the queue.')
  expect(lots).toContain('drawn by lot')
  expect(consequence('closing', 40, TYPED, ZONE)).toBe(
    'Nobody new may join. The 40 waiting are still let in, to the last.',
  )
  expect(['off', 'pre_queue', 'scheduled'].map(queueWords)).toEqual([
    'Queue off',
    'Pre-queue',
    'Queue scheduled',
  ])
})
