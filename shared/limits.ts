/** Every bound and duration that is not a setting, each with its why. Settings are in config.ts. */

export const SECOND = 1_000
export const MINUTE = 60_000

/** A hold before its booking row is written: long enough for a slow insert, short enough to free seats after a crash. */
export const TAKE_TTL_MS = 15 * SECOND
/** Added behind payUntil: how long seats wait for Stripe's word when Stripe cannot be reached. */
export const PAY_GUARD_MS = 60 * SECOND
/** What a pay step adds to a hold, once. 3-D Secure and a bank's app take minutes. */
export const PAY_EXTENSION_MS = 5 * MINUTE
/** Who cannot have so much of a hold's hard limit left when their turn to pay comes is not let into the line. */
export const PAY_LEAST_MS = 60 * SECOND
/** How far back what a visitor held without buying is counted: an evening's try, not yesterday's. */
export const HOLD_BUDGET_WINDOW_MS = 120 * MINUTE
/** Less is not worth a checkout: a hold that could only be shorter is refused. */
export const HOLD_LEAST_MS = 60 * SECOND
/** Diffs kept for replay. At 100 changes a second a reconnect may take 20 s before it needs a snapshot. */
export const DIFF_LOG_LENGTH = 2_000
/** Holds swept in one round of one event: some 5 ms of Redis. */
export const SWEEP_BATCH = 200
/** Batches of one call: 5,000 holds that end together are all shown free within half a second. */
export const SWEEP_BATCHES = 25
/** Between sweeps: holds must show free within 500 ms of their second. */
export const SWEEP_EVERY_MS = 200
/** Largest JSON body; the biggest honest one names eight tickets and a buyer. */
export const BODY_BYTES = 64 * 1024
/** A command to Redis that takes longer is given up: the caller answers 503. */
export const REDIS_COMMAND_MS = 2 * SECOND
/** A statement in Postgres that takes longer is ended by Postgres. */
export const STATEMENT_MS = 5 * SECOND
/** Waiting for a row lock longer means retry, never "seats lost". */
export const LOCK_MS = 2 * SECOND
/** Waiting for a free connection of the pool: past it the answer is 503. */
export const POOL_WAIT_MS = 2 * SECOND
export const POOL_SIZE = 12
/** Connections of a process's payments, and what they wait for one: an answer to a fan who pays takes as long. */
export const PAY_POOL_SIZE = 8
export const PAY_POOL_WAIT_MS = 5 * SECOND
/** Wrong admin tokens a minute from one network: a typing hand has far fewer. */
export const ADMIN_GUESSES_A_MINUTE = 20
/** A session lives as long as a browser keeps it: longer than any queue. */
export const SESSION_SECONDS = 30 * 24 * 3_600
/** How often a confirm asks Postgres whether the booking was settled, and until when. */
export const CONFIRM_WAIT_MS = 5 * SECOND
/** Stripe's SDK defaults of 80 s x 3 would hold a fan's request for minutes. */
export const STRIPE_TIMEOUT_MS = 8 * SECOND
/** An event is over so long after its start: its queue ends. */
export const EVENT_OVER_MS = 12 * 60 * MINUTE
/** Ends of processes: connections are given this long to finish. */
export const DRAIN_MS = 8 * SECOND
