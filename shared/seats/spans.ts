/** Short words for many labels: "A-K", "1-14", "14-1", "1-7, 9-14". Pure. */

/** More than any row has seats, and any section rows. */
const MOST = 500

/** The labels in order; a text where the words cannot be read. */
export function labelsOf(words: string): string[] | { fault: string } {
  const labels: string[] = []
  for (const part of words.split(',').map(part => part.trim())) {
    const span = spanOf(part)
    if (!Array.isArray(span)) return span
    labels.push(...span)
    if (labels.length > MOST) return { fault: `"${words}" is more than ${MOST} labels` }
  }
  return labels
}

/** A, B, ... Z, AA, AB, ... */
export function letters(count: number): string[] {
  return Array.from({ length: count }, (_, position) => letterAt(position))
}

function spanOf(part: string): string[] | { fault: string } {
  if (part === '') return { fault: 'a label is missing' }
  const ends = /^(\d{1,5}|[A-Za-z]{1,2})\s*[-–]\s*(\d{1,5}|[A-Za-z]{1,2})$/.exec(part)
  if (ends === null) return /^[^-–]{1,12}$/.test(part) ? [part] : { fault: unread(part) }
  const [, first = '', last = ''] = ends
  if (/\d/.test(first) !== /\d/.test(last)) return { fault: unread(part) }
  if (/\d/.test(first)) return between(Number(first), Number(last), String, part)
  const lower = first === first.toLowerCase()
  if (lower !== (last === last.toLowerCase())) return { fault: unread(part) }
  return between(placeOf(first), placeOf(last), place => cased(letterAt(place), lower), part)
}

function between(
  from: number,
  to: number,
  name: (at: number) => string,
  part: string,
): string[] | { fault: string } {
  const length = Math.abs(to - from) + 1
  if (length > MOST) return { fault: `"${part}" is ${length} labels, more than ${MOST}` }
  return Array.from({ length }, (_, step) => name(from + (to < from ? -step : step)))
}

function unread(part: string): string {
  return `"${part}" is no label and no span such as "A-K" or "1-14"`
}

function cased(text: string, lower: boolean): string {
  return lower ? text.toLowerCase() : text
}

function letterAt(position: number): string {
  const last = String.fromCharCode(65 + (position % 26))
  return position < 26 ? last : letterAt(Math.floor(position / 26) - 1) + last
}

function placeOf(text: string): number {
  return [...text.toUpperCase()].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
}
