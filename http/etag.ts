/** Conditional requests. */

/** Has the caller what this tag names? If-None-Match compares weakly (RFC 9110, 13.1.2): a proxy that compressed may have marked our tag. */
export function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some(part => part.trim() === '*' || part.trim().replace(/^W\//, '') === tag)
}
