/** Names as they are compared and as they stand in ids: small letters without accents. */

/** Letters that have no accent to take off. */
const LETTERS: Record<string, string> = { ß: 'ss', ı: 'i', ø: 'o', ł: 'l', đ: 'd', æ: 'ae', œ: 'oe' }

/** "1. FC Köln" -> "1 fc koln" */
export function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/[ßıøłđæœ]/g, letter => LETTERS[letter] ?? letter)
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
}

/** "1. FC Köln" in DE -> "de-1-fc-koln" */
export function slug(country: string, name: string): string {
  return `${country.toLowerCase()}-${plain(name).replaceAll(' ', '-')}`
}
