/**
 * The names that a search box suggests while one types: performers, cities and venues that have events to come. A few
 * thousand short texts, read from Postgres once a minute and looked through in memory: a letter typed costs no engine
 * anything, and names are suggested on while Postgres is away.
 */
import { LRUCache } from 'lru-cache'
import type { Queryable } from '../../shared/postgres.ts'
import { termsOf } from './elastic-query.ts'

/** `events`: how many are to come. */
export type Name =
  | { kind: 'performer'; performerId: string; name: string; events: number }
  | { kind: 'city'; name: string; country: string; events: number }
  | { kind: 'venue'; venueId: string; name: string; city: string; country: string; events: number }

/** Those with the most events to come. */
const MOST = 20_000
const TTL_MS = 60_000
/** Shorter words are one letter away from too many. */
const FORGIVEN_LENGTH = 4

/** More words with an error in one of them are no name. */
const FORGIVEN_WORDS = 6

interface Entry {
  name: Name
  /** Folded words, each with a space before it, so that a beginning is found as text. */
  text: string
  words: string[]
}

interface Known {
  entries: Entry[]
  /** Every word once: errors are looked for in these, as many names share them. */
  vocabulary: string[]
}

export class Names {
  readonly #kept: LRUCache<'all', Known>

  constructor(database: Queryable) {
    this.#kept = new LRUCache({
      max: 1,
      ttl: TTL_MS,
      // Nobody waits for what is new, and nobody loses what is old.
      allowStale: true,
      allowStaleOnFetchRejection: true,
      noDeleteOnFetchRejection: true,
      fetchMethod: () => read(database),
    })
  }

  /**
   * Names that have every word of the text as the beginning of one of theirs, whatever case and accents; where there is
   * none, with one typing error forgiven. At most `most` of each kind; what begins with the text comes first, then what has most
   * events to come.
   */
  async find(text: string, most: Record<Name['kind'], number>): Promise<Name[]> {
    const words = termsOf(text).map(fold)
    if (words.length === 0) return []
    const known = await this.#kept.fetch('all')
    if (known === undefined) throw new Error('the names cannot be read')
    let found = known.entries.filter(({ text }) => words.every(word => text.includes(` ${word}`)))
    if (found.length === 0) found = forgiven(known, words)
    const start = ` ${words.join(' ')}`
    // Known ones are in the order of their events, which this keeps.
    const sorted = [
      ...found.filter(({ text }) => text.startsWith(start)),
      ...found.filter(({ text }) => !text.startsWith(start)),
    ]
    return (['performer', 'city', 'venue'] as const).flatMap(kind =>
      sorted
        .filter(({ name }) => name.kind === kind)
        .slice(0, most[kind])
        .map(({ name }) => name),
    )
  }
}

/** What the engines' folding leaves of letters: without marks, ligatures as their letters. */
const LIGATURES: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
}

function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .replace(/[ßæœøđðłþı]/g, letter => LIGATURES[letter] ?? letter)
}

function forgiven({ entries, vocabulary }: Known, words: string[]): Entry[] {
  if (words.length > FORGIVEN_WORDS) return []
  let found = entries
  for (const word of words) {
    if (found.length === 0) break
    const near = new Set(vocabulary.filter(other => isNear(other, word)))
    found = found.filter(entry => entry.words.some(other => near.has(other)))
  }
  return found
}

function isNear(other: string, word: string): boolean {
  return other.startsWith(word) || (word.length >= FORGIVEN_LENGTH && beginsNear(other, word))
}

/** Is the word a beginning of the other one, but for one letter put in, left out, changed, or swapped with its neighbour? */
function beginsNear(other: string, word: string): boolean {
  let i = 0
  while (i < word.length && other[i] === word[i]) i++
  // Whatever the error is, the letters behind it go on: most words are out before anything is copied.
  const [a, b] = [word[i], word[i + 1]]
  if (b !== undefined && other[i] !== b && other[i + 1] !== b && other[i + 1] !== a) return false
  const [rest, left] = [other.slice(i), word.slice(i)]
  return (
    rest.startsWith(left.slice(1)) ||
    rest.slice(1).startsWith(left.slice(1)) ||
    rest.slice(1).startsWith(left) ||
    `${rest[1]}${rest[0]}${rest.slice(2)}`.startsWith(left)
  )
}

async function read(database: Queryable): Promise<Known> {
  const { rows } = await database.query<{ name: Name; words: string }>(NAMES, [MOST])
  const entries = rows.map(({ name, words: written }) => {
    const words = termsOf(written).map(fold)
    return { name, words, text: ` ${words.join(' ')}` }
  })
  return { entries, vocabulary: [...new Set(entries.flatMap(({ words }) => words))] }
}

const NAMES = `
  select name, words from (
    select jsonb_build_object('kind', 'performer', 'performerId', p.id, 'name', p.name, 'events', count(*)::int) as name,
      p.name as words, count(*) as events, p.id as key
    from events e join event_performers ep on ep.event_id = e.id join performers p on p.id = ep.performer_id
    where e.starts_at >= now() group by p.id
    union all
    select jsonb_build_object('kind', 'venue', 'venueId', v.id, 'name', v.name, 'city', v.city, 'country', v.country,
      'events', count(*)::int), v.name, count(*), v.id
    from events e join venues v on v.id = e.venue_id
    where e.starts_at >= now() group by v.id
    union all
    select jsonb_build_object('kind', 'city', 'name', v.city, 'country', v.country, 'events', count(*)::int),
      concat_ws(' ', v.city, (
        select string_agg(case n.name when v.city then n.other else n.name end, ' ' order by n.name, n.other)
        from city_names n where v.city in (n.name, n.other))),
      count(*), v.city || v.country
    from events e join venues v on v.id = e.venue_id
    where e.starts_at >= now() group by v.city, v.country
  ) n order by events desc, name ->> 'kind', key limit $1`
