/**
 * Tables of the world: which country the fixtures' codes stand for, where that country's clubs are and by which clock
 * their kick-offs are written down; and what is paid with in each country.
 */

/** Where a competition's clubs are at home. */
export interface League {
  /** ISO 3166-1 alpha-2; undefined where the suffix of a club's name says it, such as (BRA). */
  country: string | undefined
  /** GeoNames admin codes: only cities of these regions are looked at. */
  regions?: string[]
  /** Kick-offs are written down by this one clock, also where the league spans several zones. */
  clock: string
}

/** Every `country` of the fixtures, all seasons; but uefa, which has no match since July 2025. */
export const LEAGUES: Record<string, League> = {
  ar: { country: 'AR', clock: 'America/Argentina/Buenos_Aires' },
  at: { country: 'AT', clock: 'Europe/Vienna' },
  au: { country: 'AU', clock: 'Australia/Sydney' },
  be: { country: 'BE', clock: 'Europe/Brussels' },
  br: { country: 'BR', clock: 'America/Sao_Paulo' },
  ch: { country: 'CH', clock: 'Europe/Zurich' },
  cn: { country: 'CN', clock: 'Asia/Shanghai' },
  co: { country: 'CO', clock: 'America/Bogota' },
  copa: { country: undefined, clock: 'America/Sao_Paulo' },
  cz: { country: 'CZ', clock: 'Europe/Prague' },
  de: { country: 'DE', clock: 'Europe/Berlin' },
  dz: { country: 'DZ', clock: 'Africa/Algiers' },
  eg: { country: 'EG', clock: 'Africa/Cairo' },
  // Five Welsh clubs play in the English leagues.
  en: { country: 'GB', regions: ['ENG', 'WLS'], clock: 'Europe/London' },
  es: { country: 'ES', clock: 'Europe/Madrid' },
  fr: { country: 'FR', clock: 'Europe/Paris' },
  gr: { country: 'GR', clock: 'Europe/Athens' },
  hu: { country: 'HU', clock: 'Europe/Budapest' },
  it: { country: 'IT', clock: 'Europe/Rome' },
  jp: { country: 'JP', clock: 'Asia/Tokyo' },
  ma: { country: 'MA', clock: 'Africa/Casablanca' },
  mls: { country: 'US', clock: 'America/New_York' },
  mx: { country: 'MX', clock: 'America/Mexico_City' },
  nl: { country: 'NL', clock: 'Europe/Amsterdam' },
  pt: { country: 'PT', clock: 'Europe/Lisbon' },
  ru: { country: 'RU', clock: 'Europe/Moscow' },
  sco: { country: 'GB', regions: ['SCT'], clock: 'Europe/London' },
  tr: { country: 'TR', clock: 'Europe/Istanbul' },
}

/** Clubs whose country is not their league's: three of Major League Soccer and two guests. */
export const GUESTS: Record<string, string> = {
  'CF Montréal': 'CA',
  'Toronto FC': 'CA',
  'Vancouver Whitecaps': 'CA',
  'AS Monaco FC': 'MC',
  'FC Andorra': 'AD',
}

/** The suffixes of club names in international competitions. */
export const SUFFIXES: Record<string, string> = {
  ARG: 'AR',
  BOL: 'BO',
  BRA: 'BR',
  CHI: 'CL',
  COL: 'CO',
  ECU: 'EC',
  PAR: 'PY',
  PER: 'PE',
  URU: 'UY',
  VEN: 'VE',
}

/** What is paid with, by country. */
export const CURRENCIES: Record<string, string> = {
  ...Object.fromEntries(
    ['AD', 'AT', 'BE', 'DE', 'EE', 'ES', 'FI', 'FR', 'GR', 'IE', 'IT', 'MC', 'NL', 'PT'].map(country => [
      country,
      'EUR',
    ]),
  ),
  AR: 'ARS',
  AU: 'AUD',
  BO: 'BOB',
  BR: 'BRL',
  CA: 'CAD',
  CH: 'CHF',
  CL: 'CLP',
  CN: 'CNY',
  CO: 'COP',
  CZ: 'CZK',
  DK: 'DKK',
  DZ: 'DZD',
  EC: 'USD',
  EG: 'EGP',
  GB: 'GBP',
  HU: 'HUF',
  IN: 'INR',
  JP: 'JPY',
  KE: 'KES',
  KR: 'KRW',
  MA: 'MAD',
  MX: 'MXN',
  NG: 'NGN',
  NO: 'NOK',
  NZ: 'NZD',
  PE: 'PEN',
  PL: 'PLN',
  PY: 'PYG',
  RO: 'RON',
  RU: 'RUB',
  SE: 'SEK',
  SG: 'SGD',
  TR: 'TRY',
  US: 'USD',
  UY: 'UYU',
  VE: 'VES',
  ZA: 'ZAR',
}

/** GeoNames admin codes as people write them, in the countries where an address has a region. */
const REGIONS: Record<string, Record<string, string>> = {
  CA: { '01': 'Alberta', '02': 'British Columbia', '08': 'Ontario', '10': 'Quebec' },
  GB: { ENG: 'England', NIR: 'Northern Ireland', SCT: 'Scotland', WLS: 'Wales' },
}

/** The region of an address: a state's two letters in the US, a name in Canada and Britain, elsewhere none. */
export function regionName(country: string, adminCode: string): string | null {
  return country === 'US' ? adminCode : (REGIONS[country]?.[adminCode] ?? null)
}
