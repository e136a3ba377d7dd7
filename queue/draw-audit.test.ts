import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { isRound, QUICKNET, randomnessOf, roundAt } from './beacon.ts'
import { auditDraw, type PublishedDraw } from './draw-audit.ts'
import { drawnScore, drawOrder, seedOf } from './draw-order.ts'
import { merkleRoot } from './merkle.ts'

/**
 * Round 657413 of quicknet with its randomness, as drand-verify's README records it:
 * https://github.com/mcdcam/python-drand-verify
 */
const RECORDED = {
  round: 657_413,
  signature:
    'b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b',
  randomness: 'fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587',
}
const signature = Buffer.from(RECORDED.signature, 'hex')

function published(members: Buffer, beacon: PublishedDraw['beacon'] = null): PublishedDraw {
  const secret = randomBytes(32)
  const root = merkleRoot(members)
  const randomness = Buffer.from(beacon?.randomness ?? '', 'hex')
  return {
    eventId: 'evening',
    generation: 1,
    method: 'random',
    commitment: createHash('sha256').update(secret).digest('hex'),
    promisedAt: 1,
    beacon,
    closedAt: 2,
    entrants: members.length / 14,
    root: root.toString('hex'),
    chunks: 1,
    chunkSize: 8_192,
    secret: secret.toString('hex'),
    seed: seedOf(secret, root, randomness).toString('hex'),
    drawnAt: 3,
    note: '',
  }
}

test.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 1_000])(
  '[Q60] root and order of %i entrants are the same by the code that draws and by the code that checks',
  count => {
    const members = randomBytes(14 * count)
    const draw = published(members)
    const { faults, order } = auditDraw(draw, members)
    expect(faults).toEqual([])
    const seed = Buffer.from(draw.seed!, 'hex')
    const drawn = drawOrder(seed, members)
    const memberAt = (i: number) => members.subarray(14 * i, 14 * i + 14)
    expect([...drawn.order].map(i => memberAt(i).toString('hex'))).toEqual(order)
    for (let i = 0; i < count; i++) {
      const score = drawn.scores[i]!
      expect(score).toBe(drawnScore(seed, memberAt(i)))
      expect(Number.isSafeInteger(score) && score >= -(2 ** 52) && score < 0).toBe(true)
    }
  },
)

test('[Q60] a tree of three is built as RFC 6962 says', () => {
  const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  const members = randomBytes(42)
  const [a, b, c] = [0, 14, 28].map(at => hash(Buffer.of(0), members.subarray(at, at + 14)))
  expect(merkleRoot(members)).toEqual(hash(Buffer.of(1), hash(Buffer.of(1), a!, b!), c!))
  expect(merkleRoot(Buffer.alloc(0))).toEqual(hash())
})

const changed = (text: string) => `${text[0] === '0' ? '1' : '0'}${text.slice(1)}`

test.each<[string, (draw: PublishedDraw, members: Buffer) => [Partial<PublishedDraw>, Buffer], RegExp]>([
  ['a tampered entrant', (_, members) => [{}, Buffer.from(members).fill(0, 14, 28)], /root/],
  [
    'two entrants who changed places',
    (_, m) => [{}, Buffer.concat([m.subarray(14, 28), m.subarray(0, 14), m.subarray(28)])],
    /root/,
  ],
  [
    'a late entrant',
    ({ entrants }, members) => [{ entrants: entrants! + 1 }, Buffer.concat([members, randomBytes(14)])],
    /root/,
  ],
  ['an entrant left out', (_, members) => [{}, members.subarray(14)], /counted/],
  ['an edited root', ({ root }, members) => [{ root: changed(root!) }, members], /root/],
  ['another secret', ({ secret }, members) => [{ secret: changed(secret!) }, members], /commitment/],
  ['another seed', ({ seed }, members) => [{ seed: changed(seed!) }, members], /seed/],
  ['a seed before the root', (_, members) => [{ root: null }, members], /not been made/],
])('[Q61] whoever checks a draw sees %s', (_, change, fault) => {
  const members = randomBytes(14 * 20)
  const draw = published(members)
  const [other, bytes] = change(draw, members)
  expect(auditDraw({ ...draw, ...other }, bytes).faults.join()).toMatch(fault)
})

test('[Q61] whoever checks a draw sees an entrant with two lots', () => {
  const members = Buffer.concat([Buffer.alloc(14, 1), Buffer.alloc(14, 1)])
  expect(auditDraw(published(members), members).faults.join()).toMatch('more than one lot')
})

test('[Q62] a recorded round of drand verifies, and with another number, another signature or none it does not', () => {
  expect(isRound(RECORDED.round, signature)).toBe(true)
  expect(randomnessOf(signature).toString('hex')).toBe(RECORDED.randomness)
  expect(isRound(RECORDED.round + 1, signature)).toBe(false)
  const other = Buffer.from(signature)
  other[40]! ^= 1
  expect(isRound(RECORDED.round, other)).toBe(false)
  expect(isRound(RECORDED.round, Buffer.alloc(0))).toBe(false)
  // The 48 bytes of the point at infinity.
  expect(isRound(RECORDED.round, Buffer.concat([Buffer.of(0xc0), Buffer.alloc(47)]))).toBe(false)
})

test('[Q62] a seed takes in the randomness of its round, and a round that was known too early is seen', () => {
  const { round, randomness } = RECORDED
  const beacon = {
    network: QUICKNET.chain,
    round,
    at: roundAt(round),
    signature: RECORDED.signature,
    randomness,
    dropped: false,
  }
  const members = randomBytes(14 * 20)
  const draw = published(members, beacon)
  expect(auditDraw(draw, members)).toMatchObject({ faults: [], remarks: [] })
  expect(auditDraw({ ...draw, closedAt: roundAt(round) }, members).faults.join()).toMatch('known before')
  expect(auditDraw({ ...draw, beacon: { ...beacon, round: round + 1 } }, members).faults.join()).toMatch(
    'does not verify',
  )
  expect(auditDraw({ ...draw, beacon: { ...beacon, dropped: true } }, members).faults.join()).toMatch('seed')
})
