/** Stripe's lists: newest first, a page at a time by the id of the last or first object seen. */
import type { Created } from './parameters.ts'
import { missing } from './refusal.ts'

const DEFAULT_LIMIT = 10

export interface Paging {
  limit?: number | undefined
  starting_after?: string | undefined
  ending_before?: string | undefined
  created?: Created | undefined
}

interface Listed {
  id: string
  created: number
}

export interface Page<Item> {
  object: 'list'
  url: string
  has_more: boolean
  data: Item[]
}

/** `oldestFirst` is what fits the list's own filters; `noun` and url are for the answer. */
export function page<Item extends Listed>(
  oldestFirst: Item[],
  paging: Paging,
  noun: string,
  url: string,
): Page<Item> {
  const items = oldestFirst.toReversed().filter(item => isWithin(item.created, paging.created))
  const limit = paging.limit ?? DEFAULT_LIMIT
  if (paging.ending_before !== undefined) {
    const end = indexOf(items, paging.ending_before, noun, 'ending_before')
    const start = Math.max(0, end - limit)
    return { object: 'list', url, has_more: start > 0, data: items.slice(start, end) }
  }
  const start =
    paging.starting_after === undefined
      ? 0
      : indexOf(items, paging.starting_after, noun, 'starting_after') + 1
  return {
    object: 'list',
    url,
    has_more: items.length > start + limit,
    data: items.slice(start, start + limit),
  }
}

function indexOf(items: Listed[], id: string, noun: string, param: string): number {
  const index = items.findIndex(item => item.id === id)
  if (index === -1) throw missing(noun, id, param, 400)
  return index
}

function isWithin(at: number, range: Created | undefined): boolean {
  if (range === undefined) return true
  if (typeof range === 'number') return at === range
  return (
    at > (range.gt ?? -1) &&
    at >= (range.gte ?? 0) &&
    at < (range.lt ?? Number.POSITIVE_INFINITY) &&
    at <= (range.lte ?? Number.POSITIVE_INFINITY)
  )
}
