-- What an operator may plan: when the line may form and when its doors move, in which order, and what ends it.

-- method: the order of those who came before the doors; who comes after stands behind them in any case. joins: whether
-- newcomers are taken. pre_queue_at, opens_at: when a state of scheduled or pre_queue moves on by itself, by Redis's
-- clock. claim_seconds: how long a turn waits for its visitor. stay_seconds: the longest an active visitor may stay by
-- renewing. sold_out: what becomes of the line when nothing is left, and nothing is held. pay_rate: payments a second that
-- the payment provider takes; null: no bound. beacon_round: whose randomness a draw takes in; null: none. per_network: the most places from one network; null: no bound.
alter table queue_settings
  add column method text not null default 'fifo' check (method in ('fifo', 'random')),
  add column joins boolean not null default true,
  add column pre_queue_at timestamptz,
  add column opens_at timestamptz,
  add column claim_seconds integer not null default 15 check (claim_seconds > 0),
  add column stay_seconds integer not null default 1800 check (stay_seconds > 0),
  add column sold_out text not null default 'keep' check (sold_out in ('keep', 'dissolve')),
  add column beacon_round bigint check (beacon_round > 0),
  add column pay_rate double precision check (pay_rate > 0),
  add column per_network integer check (per_network > 0),
  add check (pre_queue_at <= opens_at);

-- The draw of a line: what was promised before, what was done, and what proves it. secret is told only once the root of
-- the entrants stands; seed = SHA-256 of secret, root and the beacon's randomness. generation: the first of its line.
-- beacon_dropped: an operator went on without the round that was named.
create table queue_draws (
  event_id text not null references events on delete cascade,
  generation integer not null,
  secret bytea not null check (length(secret) = 32),
  commitment bytea not null check (length(commitment) = 32),
  beacon_round bigint,
  beacon_dropped boolean not null default false,
  beacon_signature bytea check (length(beacon_signature) = 48),
  entrants integer,
  root bytea check (length(root) = 32),
  closed_at timestamptz,
  closed_score double precision,
  seed bytea check (length(seed) = 32),
  drawn_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (event_id, generation),
  check ((root is null) = (entrants is null)),
  check (seed is null or root is not null)
);

-- The entrants in the order of the tree's leaves, some thousands a row, 14 bytes each: a stranger makes the root of them.
create table queue_draw_entrants (
  event_id text not null,
  generation integer not null,
  chunk integer not null check (chunk >= 0),
  members bytea not null,
  primary key (event_id, generation, chunk),
  foreign key (event_id, generation) references queue_draws on delete cascade
);
