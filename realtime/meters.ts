/** What the tier counts of itself, for /metrics. */
import type { Metrics } from '../shared/metrics.ts'

/** Around 1: as it was told. */
const RATIOS = [0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.5, 2, 4]

export type Meters = ReturnType<typeof makeMeters>

export function makeMeters(metrics: Metrics) {
  return {
    sockets: metrics.levels('sockets', 'Open sockets', 'door', { plain: 0, socketio: 0 }),
    refused: metrics.counter('sockets_refused_total', 'Handshakes refused', ['why']),
    closed: metrics.counter('sockets_closed_total', 'Sockets that we closed', ['why']),
    watchers: metrics.levels('watchers', 'Sockets that watch seats, once for each event', undefined, {
      all: 0,
    }),
    feeds: metrics.gauge('seat_feeds', 'Events whose seats are followed'),
    waiting: metrics.gauge('queue_local_members', 'Visitors of the queue with a socket here'),
    received: metrics.tallies('messages_received_total', 'Messages of clients', 'type', {
      watch: 0,
      unwatch: 0,
      join: 0,
      leave: 0,
      time: 0,
    }),
    published: metrics.counter('publications_total', 'Publications, each to all of a topic', [
      'door',
      'kind',
    ]),
    deliveries: metrics.counter('deliveries_total', 'Publications times their receivers', ['door', 'kind']),
    deliveredBytes: metrics.counter('delivered_bytes_total', 'Payload of deliveries', ['door', 'kind']),
    diffs: metrics.counter('seat_diffs_total', 'Seat diffs heard from Redis'),
    resyncs: metrics.counter('resyncs_total', 'Resyncs told to all watchers of an event', ['why']),
    lag: metrics.counter('sockets_lagging_total', 'Times a socket read too slowly'),
    tickLate: metrics.counter('ticks_late_total', 'Flushes later than planned by 50 ms or more'),
    overload: metrics.counter('ticks_overload_total', 'Flushes put off past the busy tick'),
    tickSeconds: metrics.gauge('tick_seconds', 'Time between two flushes while changes come'),
    diffAge: metrics.histogram('seat_diff_age_seconds', "From a script's clock to our flush"),
    admissions: metrics.counter('admissions_told_total', 'Admissions told to sockets here'),
    forecasts: metrics.counter(
      'forecasts_total',
      'Waits told at the join that ended with a turn, by whether p90 held',
      ['kept'],
    ),
    forecastRatio: metrics.histogram('forecast_ratio', 'The wait over the p50 told at the join', [], RATIOS),
    freed: metrics.counter('holds_swept_total', 'Holds whose end this node has told'),
  }
}
