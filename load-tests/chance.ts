/** Chance with a seed, for k6 and for Node: the same seed makes the same crowd. Never for secrets. */

/** mulberry32 (Tommy Ettinger, public domain): fractions in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One fan's own chance: what another fan does changes nothing in it. */
export function chanceOf(seed: number, fan: number): () => number {
  return seeded(Math.imul(seed, 0x9e3779b1) ^ Math.imul(fan + 1, 0x85ebca6b))
}

export function between(random: () => number, least: number, most: number): number {
  return least + (most - least) * random()
}
