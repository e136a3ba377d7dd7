/**
 * News as it stands on a queue's channel: JSON, and where it is of members a line feed and their bytes. Redis writes five hundred of
 * them with every round of admission, and hex digits would be a tenth of its work.
 */
import type { QueueNews } from './queue.ts'
import { MEMBER_BYTES } from './verbs.ts'

const LINE_FEED = 0x0a

export function newsOf(message: Buffer): QueueNews {
  const end = message.indexOf(LINE_FEED)
  if (end < 0) return JSON.parse(message.toString()) as QueueNews
  const members: string[] = []
  for (let at = end + 1; at < message.length; at += MEMBER_BYTES)
    members.push(message.toString('hex', at, at + MEMBER_BYTES))
  return { ...(JSON.parse(message.toString('utf8', 0, end)) as QueueNews), members } as QueueNews
}
