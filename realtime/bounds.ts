/** Every bound and duration of the realtime tier that is not a setting, each with its why. */
import { MINUTE, SECOND } from '../shared/limits.ts'

/** Events one socket may watch: a page shows one, an operator's wall a few. */
export const WATCHES_A_SOCKET = 8
/** Messages of one socket that may be under way at once: a page sends a join and a watch. */
export const RUNNING_A_SOCKET = 8
/** The largest honest message is a watch with its pass, some 600 bytes. */
export const TEXT_BYTES = 4 * 1024
/** Messages of one socket: a page's start, then what an eager hand can do. */
export const MESSAGE_BURST = 30
export const MESSAGES_A_SECOND = 10
/** A socket that was refused so many messages more than it was served is a flood. */
export const REFUSED_AT_MOST = 20

/** uWS drops what would make a socket's buffer larger. 0 would mean: without a bound. */
export const BACKPRESSURE_BYTES = 64 * 1024
/** Seconds; a reader that answers no ping for as long is closed, however much we send. uWS pings by itself before. */
export const IDLE_SECONDS = 32
/**
 * uWS takes any byte as life, also pieces of a message that never ends, of which it shows nothing: past so many looks without a message, a
 * ping or a pong, which every living client gives within IDLE_SECONDS, a socket is ended. Counted, as clocks jump.
 */
export const SIGN_LOOK_MS = 8 * SECOND
export const SIGNLESS_LOOKS = 8
/** A socket that lags for longer polls. */
export const LAG_MS = 10 * SECOND
export const LAGS_A_MINUTE = 3
export const LAG_WINDOW_MS = MINUTE
export const LAG_CHECK_MS = SECOND

/** Descriptors kept for Redis, Postgres, files and refusals. At its limit uWS spins and serves nobody. */
export const SPARE_DESCRIPTORS = 500
/** Handshakes past the node's pace come again within so many seconds, each at a moment of its own. */
export const ACCEPT_AGAIN_SECONDS = 5
/** Whose session or network has too many sockets must close one first. */
export const CROWDED_SECONDS = 10
/** A socket of Socket.IO that does not say its session within this time is closed; it may be a phone's. */
export const SESSION_LATE_MS = 10 * SECOND

/** Between two flushes while changes come: calm, and under load. Past it load shows as overload, to a second. */
export const TICK_CALM_MS = 50
export const TICK_BUSY_MS = 150
export const TICK_OVERLOAD_MS = SECOND
/** A node with more watchers may take longer than TICK_BUSY_MS. */
export const TICK_BUSY_WATCHERS = 10_000
/** The share of a core that flushing may take. */
export const TICK_SHARE = 0.6

/** Diffs that may wait for a feed's start or its next tick. When there are more, its watchers fetch the snapshot. */
export const PENDING_DIFFS = 10_000
/** How often a feed asks Redis whether it has missed a last diff, and tells its watchers the version. */
export const VERSION_EVERY_MS = 5 * SECOND
/** Watchers hear the version again after so many of these, though nothing changed. */
export const VERSION_REPEATS = 3
/** A diff that Redis has published arrives within this time, or never. */
export const DIFF_LATE_MS = SECOND
/** What one watch has found (on sale, no queue) holds for those who come with it. News of a queue ends it at once. */
export const FOUND_OPEN_MS = 200
/** A feed nobody watches is kept for a moment: people reload. */
export const LINGER_MS = 5 * SECOND

/** Between rounds of admission: the script itself does nothing more often than every 250 ms. */
export const ADMIT_EVERY_MS = 300
/** Ticks, sweeps and the look at the settings. */
export const BEAT_MS = SECOND
/** The front hears its position each beat; the next ten thousand every so often, and each band behind more seldom. */
export const BAND_FIRST_MS = 5 * SECOND
export const BAND_MORE_MS = 2.5 * SECOND
/** Below the silence after which a client asks whether anybody is there. */
export const BAND_MOST_MS = 20 * SECOND
/** Of the share of a core that telling positions may take (TICK_SHARE_PERCENT), what of it may be saved: that of so long, a beat. */
export const QUEUE_TICK_SPARE_MS = SECOND
/** When it is spent, how long until one looks again. */
export const SHARE_AGAIN_MS = 20
/** Sockets told in one turn of the loop: some 20 ms, for which an admission may have to wait. */
export const SOCKETS_A_SLICE = 2_000
/** A forecast of fewer seconds says nothing: a round of admission and a way take as long. */
export const FORECAST_LEAST_SECONDS = 3
/** A visitor's receipt is renewed once in so many beats, so that after a loss it says who was there. */
export const RECEIPT_BEATS = 300
/** Passes asked for in one call. */
export const PASSES_A_CALL = 500
/** Sockets dealt with in one turn of the loop when all of them hear something of their own. */
export const SOCKETS_A_TURN = 1_000

/** Every event on sale is swept this often, whatever the index says. */
export const RECONCILE_EVERY_MS = 30 * SECOND
/** Events swept at once. */
export const SWEEPS_AT_ONCE = 8

/** Heartbeat of the subscriber: pub/sub itself shows no half-open connection. */
export const HEARTBEAT_EVERY_MS = 5 * SECOND
export const HEARTBEAT_MS = 3 * SECOND

/** Going away: how long a goodbye spreads its sockets, and what is left is closed over. In all below DRAIN_MS. */
export const GOODBYE_MS = 4 * SECOND
export const CLOSE_MS = SECOND
/** One socket more stretches the goodbye by this much: a developer's two tabs shall not wait for it. */
export const GOODBYE_A_SOCKET_MS = 20
export const CLOSE_STAGES = 20

/** The operators' desk: how often an event's status is told, and for how long one reading of it serves. */
export const STATUS_EVERY_MS = SECOND
export const FIGURES_MS = 800
/** How often the sections' heat is told: a stadium's is some 15 KB. */
export const HEAT_EVERY_MS = 3 * SECOND
/** How often Postgres is asked on one node: for the newest act, for units of standing areas, and for the money of all bookings. */
export const ACTS_EVERY_MS = SECOND
export const UNITS_EVERY_MS = 3 * SECOND
export const MONEY_EVERY_MS = 5 * SECOND
/** Over how long joins and admissions are measured. */
export const RATE_WINDOW_MS = 5 * SECOND
/** Samples: fifteen minutes of them, kept for a day after the last, some of them taken at once. */
export const SAMPLE_EVERY_MS = 5 * SECOND
export const SAMPLES_KEPT = 180
export const SAMPLES_SECONDS = 24 * 3_600
export const SAMPLES_AT_ONCE = 8
/** Other nodes are counted while they have spoken this recently. */
export const PEER_MS = 3 * SECOND
