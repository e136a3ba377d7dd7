/** A list in pieces of so many, the last of what is left: for calls that take a bounded number. */
export function* chunks<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size)
}
