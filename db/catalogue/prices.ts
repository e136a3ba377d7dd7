/**
 * What the demo's tickets cost: modelled, and no one's real prices. A base in euros for each price category of a map,
 * times what the kind of event asks, in the country's money, rounded as its people write prices.
 */

export type Tariff =
  | 'football-first'
  | 'football-other'
  | 'arena-concert'
  | 'theatre-play'
  | 'theatre-recital'
  | 'club-night'

export interface Price {
  category: string
  ticketType: 'adult' | 'child' | 'reduced'
  ticketTypeName: string
  /** 0 is the one sold when none is named. */
  position: number
  /** Minor units of the currency. */
  price: number
  fee: number
}

interface Money {
  /** Decimal digits of the minor unit (ISO 4217). */
  exponent: 0 | 2
  /** How many of it an evening takes where one takes a euro: rounded by hand, near what people there pay, not a rate. */
  perEuro: number
  /** Prices are multiples of this many. */
  step: number
}

const MONEY: Record<string, Money> = {
  ARS: { exponent: 2, perEuro: 600, step: 500 },
  AUD: { exponent: 2, perEuro: 1.6, step: 1 },
  BOB: { exponent: 2, perEuro: 4, step: 5 },
  BRL: { exponent: 2, perEuro: 4, step: 5 },
  CAD: { exponent: 2, perEuro: 1.5, step: 1 },
  CHF: { exponent: 2, perEuro: 1.2, step: 1 },
  CLP: { exponent: 0, perEuro: 700, step: 500 },
  CNY: { exponent: 2, perEuro: 6, step: 10 },
  COP: { exponent: 2, perEuro: 2_000, step: 1_000 },
  CZK: { exponent: 2, perEuro: 20, step: 10 },
  DKK: { exponent: 2, perEuro: 7.5, step: 5 },
  DZD: { exponent: 2, perEuro: 80, step: 50 },
  EGP: { exponent: 2, perEuro: 20, step: 10 },
  EUR: { exponent: 2, perEuro: 1, step: 1 },
  GBP: { exponent: 2, perEuro: 0.9, step: 1 },
  HUF: { exponent: 2, perEuro: 300, step: 100 },
  INR: { exponent: 2, perEuro: 50, step: 50 },
  JPY: { exponent: 0, perEuro: 120, step: 100 },
  KES: { exponent: 2, perEuro: 70, step: 50 },
  KRW: { exponent: 0, perEuro: 1_200, step: 1_000 },
  MAD: { exponent: 2, perEuro: 7, step: 10 },
  MXN: { exponent: 2, perEuro: 14, step: 10 },
  NGN: { exponent: 2, perEuro: 500, step: 500 },
  NOK: { exponent: 2, perEuro: 11, step: 5 },
  NZD: { exponent: 2, perEuro: 1.7, step: 1 },
  PEN: { exponent: 2, perEuro: 3, step: 1 },
  PLN: { exponent: 2, perEuro: 3.5, step: 5 },
  PYG: { exponent: 0, perEuro: 5_000, step: 5_000 },
  RON: { exponent: 2, perEuro: 4, step: 5 },
  RUB: { exponent: 2, perEuro: 60, step: 50 },
  SEK: { exponent: 2, perEuro: 11, step: 5 },
  SGD: { exponent: 2, perEuro: 1.5, step: 1 },
  TRY: { exponent: 2, perEuro: 25, step: 10 },
  USD: { exponent: 2, perEuro: 1.2, step: 1 },
  UYU: { exponent: 2, perEuro: 35, step: 50 },
  VES: { exponent: 2, perEuro: 60, step: 50 },
  ZAR: { exponent: 2, perEuro: 12, step: 10 },
}

/** Euros for a place, by the category ids of the maps. */
const STADIUM = { premium: 120, cat1: 85, cat2: 62, cat3: 45, cat4: 30 }
const ARENA = { front: 130, standing: 75, cat1: 110, cat2: 85, cat3: 62, cat4: 42 }
const CLUB = { floor: 28, gallery: 36 }
const THEATRE = { premium: 95, cat1: 76, cat2: 58, cat3: 42, cat4: 25 }

const TARIFFS: Record<Tariff, { euros: Record<string, number>; factor: number; second: Second }> = {
  'football-first': { euros: STADIUM, factor: 1, second: { ticketType: 'child', name: 'Child', share: 0.5 } },
  'football-other': {
    euros: STADIUM,
    factor: 0.6,
    second: { ticketType: 'child', name: 'Child', share: 0.5 },
  },
  'arena-concert': {
    euros: ARENA,
    factor: 1,
    second: { ticketType: 'reduced', name: 'Reduced', share: 0.75 },
  },
  'theatre-play': {
    euros: THEATRE,
    factor: 1,
    second: { ticketType: 'reduced', name: 'Reduced', share: 0.6 },
  },
  'theatre-recital': {
    euros: THEATRE,
    factor: 0.7,
    second: { ticketType: 'reduced', name: 'Reduced', share: 0.6 },
  },
  'club-night': { euros: CLUB, factor: 1, second: { ticketType: 'reduced', name: 'Reduced', share: 0.75 } },
}

interface Second {
  ticketType: 'child' | 'reduced'
  name: string
  share: number
}

/** Of the price, and on top of it. */
const FEE_SHARE = 0.06

/** Every category of the tariff's map times two ticket types. */
export function pricesOf(tariff: Tariff, currency: string): Price[] {
  const money = MONEY[currency]
  if (money === undefined) throw new Error(`no prices in ${currency}`)
  const { euros, factor, second } = TARIFFS[tariff]
  return Object.entries(euros).flatMap(([category, base]): Price[] => {
    const full = base * factor * money.perEuro
    const types = [
      { ticketType: 'adult', ticketTypeName: 'Adult', share: 1 } as const,
      { ticketType: second.ticketType, ticketTypeName: second.name, share: second.share },
    ]
    return types.map(({ ticketType, ticketTypeName, share }, position) => {
      const units = Math.max(1, Math.round((full * share) / money.step)) * money.step
      const minor = units * 10 ** money.exponent
      return {
        category,
        ticketType,
        ticketTypeName,
        position,
        price: minor,
        fee: Math.round(minor * FEE_SHARE),
      }
    })
  })
}
