import { describe, expect, it } from 'vitest'
import { secondsLeft } from './format/durations.ts'
import { ServerClock } from './server-clock.ts'

describe("the server's clock", () => {
  it('[V14] a countdown is right though the clock of the browser is wrong', () => {
    let ours = 1_000_000
    const clock = new ServerClock(() => ours)
    const server = 5_000_000
    const asked = ours
    ours += 200
    clock.heard(server, asked)
    expect(clock.now()).toBe(server + 100)
    expect(secondsLeft(server + 60_100, clock.now())).toBe(60)
  })

  it('[V14] the quickest answer counts', () => {
    let ours = 0
    const clock = new ServerClock(() => ours)
    ours = 20
    clock.heard(1_010, 0)
    ours = 5_020
    clock.heard(9_999, 20)
    expect(clock.now()).toBe(6_020)
  })

  it('[V14] a page opened late shows what is left, not the whole time', () => {
    const clock = new ServerClock(() => 400_000)
    clock.heard(400_000, 400_000)
    expect(secondsLeft(600_000, clock.now())).toBe(200)
  })
})
