/**
 * Reads the real football matches of the season since July 2025 (openfootball, CC0; see data/NOTICE.md) and cleans
 * them: a match once, a club under one name, its country known. Dates and times stay as they are written there.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { GUESTS, LEAGUES, SUFFIXES } from './countries.ts'

export interface Club {
  name: string
  /** ISO 3166-1 alpha-2 */
  country: string
  regions?: string[]
}

export interface Fixture {
  /** What no other match of the season has: competition, round and both clubs as openfootball writes them. */
  identity: string
  /** Without the season's years: the dates are moved. */
  competition: string
  /** The calendar day, YYYY-MM-DD, and the time, HH:MM, by `clock`, an IANA time zone. */
  date: string
  time: string | null
  clock: string
  home: Club
  away: Club
}

const Match = z.object({
  competition: z.string(),
  country: z.string(),
  round: z.string(),
  date: z.iso.date(),
  time: z
    .string()
    .regex(/^\d{1,2}:\d\d$/)
    .transform(time => time.padStart(5, '0'))
    .nullable(),
  home: z.string(),
  away: z.string(),
})
type Match = z.infer<typeof Match>

const FILE = new URL('./data/football-2025-26.ndjson.gz', import.meta.url)

export function readFixtures(): Fixture[] {
  const lines = gunzipSync(readFileSync(FILE)).toString('utf8').trim().split('\n')
  const matches = lines.map(line => Match.parse(JSON.parse(line)))
  const fullNames = namesWithFc(matches)
  const fixtures = new Map<string, Fixture>()
  for (const match of matches) {
    const { competition, round, home, away, date, time } = match
    const identity = [competition, round, home, away].join('|')
    const club = (name: string) => clubOf(fullNames.get(`${match.country} ${name}`) ?? name, match.country)
    fixtures.set(identity, {
      identity,
      competition: competition.replace(/ \d{4}(\/\d\d)?$/, '').replace(' | ', ' '),
      date,
      time,
      clock: leagueOf(match.country).clock,
      home: club(home),
      away: club(away),
    })
  }
  return [...fixtures.values()]
}

/** A club as a competition names it, with its country: by its own suffix, as a guest, or by the league's. */
export function clubOf(name: string, code: string): Club {
  const league = leagueOf(code)
  const suffix = / \(([A-Z]{3})\)$/.exec(name)
  if (suffix !== null) {
    const country = SUFFIXES[suffix[1] ?? '']
    if (country === undefined) throw new Error(`the country of ${name} is not in the table`)
    return { name: name.slice(0, suffix.index), country }
  }
  const country = GUESTS[name] ?? league.country
  if (country === undefined) throw new Error(`${name} says no country, nor does ${code}`)
  return country === league.country && league.regions !== undefined
    ? { name, country, regions: league.regions }
    : { name, country }
}

/** Some files write "Portsmouth" for what others call "Portsmouth FC": one club, under its full name. */
function namesWithFc(matches: Match[]): Map<string, string> {
  const names = new Set(
    matches.flatMap(({ country, home, away }) => [`${country} ${home}`, `${country} ${away}`]),
  )
  const full = new Map<string, string>()
  for (const name of names) {
    if (names.has(`${name} FC`)) full.set(name, `${name.slice(name.indexOf(' ') + 1)} FC`)
  }
  return full
}

function leagueOf(code: string) {
  const league = LEAGUES[code]
  if (league === undefined) throw new Error(`the fixtures' country ${code} is not in the table`)
  return league
}
