/**
 * Whether anybody lost a place or was overtaken, as the people themselves saw it: their scores, when they stood there and when
 * they were let in. Pure; times in ms.
 */

interface Seen {
  place: string
  score: number | undefined
  /** Over an open socket. */
  isHere: boolean
}

interface Person {
  /** Of the place; the less, the better. */
  score: number | undefined
  /** Standing there without a break, from and to. */
  spans: [number, number][]
  since: number | undefined
  admittedAt: number | undefined
  lostAt: number | undefined
  isWaiting: boolean
  hasLeft: boolean
}

interface Strike {
  what: string
  at: number
  waiting: number[]
}

/**
 * A round of admission, its news and a word of presence take their time, on a busy machine some seconds; who was overtaken in truth
 * waits longer. So whoever stood there from so long before to so long after was there.
 */
const BEFORE_MS = 3_000
const AFTER_MS = 10_000

export class Ledger {
  readonly #people = new Map<number, Person>()
  readonly #strikes: Strike[] = []

  /** What a person is shown of the place now. */
  seen(who: number, { place, score, isHere }: Seen, at: number): void {
    const person = this.#person(who)
    if (person.hasLeft) return
    if (place === 'admitted') {
      person.admittedAt ??= at
      person.isWaiting = false
    } else if (place === 'waiting' && score !== undefined) {
      if (person.score !== undefined && score > person.score) person.lostAt ??= at
      person.score = score
      person.isWaiting = true
    } else if (place === 'ended' && person.isWaiting) {
      person.lostAt ??= at
      person.isWaiting = false
    }
    const stands = place === 'waiting' && isHere
    if (stands) person.since ??= at
    else this.#endSpan(person, at)
  }

  /** By their own will. */
  left(who: number, at: number): void {
    const person = this.#person(who)
    person.isWaiting = false
    person.hasLeft = true
    this.#endSpan(person, at)
  }

  /** Something is done to the instance; who waits now is asked for at the end. */
  struck(what: string, at: number): void {
    const waiting = [...this.#people].filter(([, { isWaiting }]) => isWaiting).map(([who]) => who)
    this.#strikes.push({ what, at, waiting })
  }

  /** How many were let in while somebody with a better place stood there, and went on standing there. */
  inversions(now: number): number {
    const people = [...this.#people.values()]
    const admitted = people.filter(one => one.admittedAt !== undefined && one.score !== undefined)
    return admitted.filter(one =>
      people.some(
        other => other.score !== undefined && other.score < one.score! && stood(other, one.admittedAt!, now),
      ),
    ).length
  }

  /** Of each strike: how many waited, and how many of them have their place still, or were let in from it, or gave it up. */
  kept(): { what: string; at: number; waiting: number; kept: number }[] {
    return this.#strikes.map(({ what, at, waiting }) => {
      const lost = waiting.filter(who => (this.#people.get(who)?.lostAt ?? -1) >= at)
      return { what, at, waiting: waiting.length, kept: waiting.length - lost.length }
    })
  }

  #person(who: number): Person {
    const known = this.#people.get(who)
    if (known !== undefined) return known
    const person: Person = {
      score: undefined,
      spans: [],
      since: undefined,
      admittedAt: undefined,
      lostAt: undefined,
      isWaiting: false,
      hasLeft: false,
    }
    this.#people.set(who, person)
    return person
  }

  #endSpan(person: Person, at: number): void {
    if (person.since !== undefined) person.spans.push([person.since, at])
    person.since = undefined
  }
}

function stood({ spans, since }: Person, at: number, now: number): boolean {
  const all = since === undefined ? spans : [...spans, [since, now] as const]
  return all.some(([from, to]) => from <= at - BEFORE_MS && to >= at + AFTER_MS)
}
