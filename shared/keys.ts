/**
 * The only speller of Redis keys and channels. Everything of one event carries one hash tag, so that a script
 * may touch its seats and its queue together, on a Redis Cluster too.
 */
import type { BookingId, EventId, VisitorId } from './ids.ts'

export interface SeatKeys {
  /** hash: generation, epoch, seq, seats, units, free */
  meta: string
  /** string: 2 bits a seat or unit */
  state: string
  /** list: the newest diffs first, bounded */
  log: string
  /** zset: booking id -> when its hold ends, ms */
  expiries: string
  /** channel of diffs */
  channel: string
  /** string with a TTL: who holds this seat */
  seat(index: number): string
  /** hash: what a booking holds */
  hold(booking: BookingId): string
  /** hash with a TTL: booking -> when it ends, ms, and the indices in it */
  visitor(visitor: VisitorId): string
  /** list: the free units of the area at this position of the map's areas */
  freeUnits(area: number): string
  /** string with a TTL: a booking under this Idempotency-Key is under way */
  flight(visitor: VisitorId, idempotencyKey: string): string
  /** Matches every `seat` key of the event. */
  everySeat: string
  everyHold: string
  everyVisitor: string
}

/** Members of every zset are 14-byte visitors. */
export interface QueueKeys {
  /** hash: what the scripts must know of the settings, and the generation */
  cfg: string
  /** zset: who waits -> score */
  line: string
  /** zset: who was admitted -> end of the slot, ms */
  act: string
  /** hash: who was admitted -> the score they were called at; nobody asks for its order */
  called: string
  /** zset: who was admitted and came -> when, ms; until then a turn waits for its visitor */
  since: string
  /** zset with a TTL: who was admitted before Redis was lost -> the score of the latest place that admitted */
  spent: string
  /** zset: node that is bringing places back after a loss -> until when it is believed to, ms */
  restoring: string
  /** zset: booking whose payment waits -> when it ends, ms */
  paying: string
  /** hash: network -> places it was given in this line; only where a hard limit is set */
  networks: string
  /** zset: who was called while away -> score */
  parked: string
  /** zset: who was parked and came back, to be called next -> score */
  returned: string
  /** zset: whose last socket closed -> end of grace, ms */
  away: string
  /** zset: who has no socket and polls -> end of grace, ms */
  polls: string
  /** zset: whose grace is over, while the nodes are asked -> when the place is given up, ms */
  asked: string
  /** hash: tokens, frontier, measured rate */
  bucket: string
  /** string: the last score of an arrival */
  last: string
  /** string with a TTL: what everyone in the line is told, read once for all nodes */
  sketch: string
  /** hash with a TTL: the same of those behind the front, read more seldom */
  tail: string
  /** zset: realtime node -> end of its lease, ms */
  nodes: string
  /** string: the members who came to this node, one after the other */
  roster(node: string): string
  channel: string
}

/** What operators are shown of an event beside the present. */
export interface DeskKeys {
  /** list with a TTL: how the event stood, the newest first, bounded */
  samples: string
  /** string with a TTL: somebody has taken, or takes, this moment's sample */
  sampler: string
}

export interface Keys {
  seats(event: EventId): SeatKeys
  queue(event: EventId): QueueKeys
  desk(event: EventId): DeskKeys
  /** zset: event id -> when its next hold ends, ms; tells sweepers where to look. */
  sweep: string
  /** string: the number of the last change of a ticket that Redis is known to show. */
  replayed: string
  /** zset: the events whose queue is on. */
  queuesOn: string
  /** string with a TTL: calls of one network in one window. */
  rate(limit: string, network: string): string
  /** string with a TTL: when the next call of this kind to the payment provider may be, microseconds. */
  provider(bucket: string): string
  /** Prefix of the Socket.IO adapter's channels. */
  adapter: string
  prefix: string
}

export function makeKeys(prefix: string): Keys {
  return {
    prefix,
    sweep: `${prefix}sweep`,
    replayed: `${prefix}replayed`,
    queuesOn: `${prefix}queues-on`,
    adapter: `${prefix}sio`,
    rate: (limit, network) => `${prefix}rate:${limit}:${network}`,
    provider: bucket => `${prefix}{provider}:${bucket}`,
    seats: event => {
      const s = `${prefix}s:{${event}}`
      return {
        meta: `${s}:meta`,
        state: `${s}:state`,
        log: `${s}:log`,
        expiries: `${s}:exp`,
        channel: `${s}:ch`,
        seat: index => `${s}:h:${index}`,
        hold: booking => `${s}:b:${booking}`,
        visitor: visitor => `${s}:v:${visitor}`,
        freeUnits: area => `${s}:f:${area}`,
        flight: (visitor, idempotencyKey) => `${s}:k:${visitor}:${idempotencyKey}`,
        everySeat: `${s}:h:*`,
        everyHold: `${s}:b:*`,
        everyVisitor: `${s}:v:*`,
      }
    },
    desk: event => ({ samples: `${prefix}d:{${event}}:samples`, sampler: `${prefix}d:{${event}}:sampler` }),
    queue: event => {
      const q = `${prefix}q:{${event}}`
      return {
        cfg: `${q}:cfg`,
        line: `${q}:line`,
        act: `${q}:act`,
        called: `${q}:called-at`,
        since: `${q}:since`,
        spent: `${q}:spent`,
        restoring: `${q}:restoring`,
        paying: `${q}:paying`,
        networks: `${q}:networks`,
        parked: `${q}:parked`,
        returned: `${q}:returned`,
        away: `${q}:away`,
        polls: `${q}:polls`,
        asked: `${q}:asked`,
        bucket: `${q}:bkt`,
        last: `${q}:last`,
        sketch: `${q}:sketch`,
        tail: `${q}:tail`,
        nodes: `${q}:nodes`,
        roster: node => `${q}:roster:${node}`,
        channel: `${q}:ch`,
      }
    },
  }
}
