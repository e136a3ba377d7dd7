/** How the crowd does: where everybody is now, what they came to, what went wrong; as one line, and as words at the end. Pure. */
import { toldTime } from '../../load-tests/on-sale/screen.ts'

export type Stage = 'coming' | 'waiting' | 'inside' | 'holding' | 'away'

export const ENDS = {
  bought: 'bought',
  abandoned: 'gave their seats back',
  vanished: 'vanished without a word',
  leftLine: 'left the line',
  emptyHanded: 'found nothing',
  turnOver: 'lost their turn',
  sentHome: 'were sent home when it ended',
  failed: 'gave up over errors',
} as const
export type End = keyof typeof ENDS

export class Tally {
  readonly #stages: Record<Stage, number> = { coming: 0, waiting: 0, inside: 0, holding: 0, away: 0 }
  readonly #ends = new Map<End, number>()
  readonly #errors = new Map<string, number>()
  people = 0
  tickets = 0
  conflicts = 0
  declined = 0
  returns = 0
  /** Came back and stood further behind than before. */
  placesLost = 0

  moved(from: Stage | undefined, to: Stage | undefined): void {
    if (from !== undefined) this.#stages[from]--
    if (to !== undefined) this.#stages[to]++
  }

  ended(how: End): void {
    this.#ends.set(how, (this.#ends.get(how) ?? 0) + 1)
  }

  /** Answers whether this is the first of its kind. */
  error(code: string): boolean {
    const before = this.#errors.get(code) ?? 0
    this.#errors.set(code, before + 1)
    return before === 0
  }

  get errors(): number {
    return [...this.#errors.values()].reduce((sum, count) => sum + count, 0)
  }

  line(seconds: number): string {
    const { waiting, inside, holding, away } = this.#stages
    const here = [
      `waiting ${waiting}`,
      `admitted ${inside + holding}`,
      `holding ${holding}`,
      ...(away > 0 ? [`away ${away}`] : []),
    ]
    const past = [`sold ${this.tickets}`, `conflicts ${this.conflicts}`, `errors ${this.errors}`]
    return `${String(seconds).padStart(4)} s   ${here.join(' · ')}   |   ${past.join(' · ')}`
  }

  summary(ms: number): string {
    const ends = (Object.keys(ENDS) as End[]).flatMap(end => {
      const count = this.#ends.get(end) ?? 0
      return count === 0 ? [] : [`  ${String(count).padStart(6)} ${ENDS[end]}`]
    })
    const errors = [...this.#errors].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`)
    const kept =
      this.placesLost === 0 ? 'and all kept their place' : `and ${this.placesLost} LOST THEIR PLACE`
    return [
      `${this.people} people came in ${toldTime(ms)} and bought ${this.tickets} tickets:`,
      ...ends,
      `  ${this.conflicts} holds lost to somebody quicker · ${this.declined} cards declined first · ${this.returns} went away and came back${this.returns > 0 ? `, ${kept}` : ''}`,
      `  errors: ${errors.length === 0 ? 'none' : errors.join(', ')}`,
    ].join('\n')
  }
}
