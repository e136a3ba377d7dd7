-- What operators set, and who was let in. Places are Redis's; that nobody is let in twice is true only here.

-- burst null: a second's worth of rate. version: rises with each change, so an older one never overwrites a newer in
-- Redis. generation: this queue's life between losses of Redis; first_generation: the one this line began in (receipts from
-- before belong to a line that was closed). begun: the generation has stood in Redis, so its absence there means a loss.
-- score_floor: kept a little ahead of every score given out, so that newcomers after a loss stay behind.
create table queue_settings (
  event_id text primary key references events on delete cascade,
  state text not null check
    (state in ('off', 'scheduled', 'pre_queue', 'open', 'paused', 'recovering', 'closing')),
  rate double precision not null check (rate >= 0),
  cap integer not null check (cap >= 0),
  burst double precision check (burst >= 1),
  factor double precision not null check (factor > 0),
  pass_seconds integer not null check (pass_seconds > 0),
  grace_seconds integer not null check (grace_seconds > 0),
  message text not null default '',
  version bigint not null default 1,
  generation integer not null default 0,
  first_generation integer not null default 0,
  begun boolean not null default false,
  score_floor double precision not null default 0,
  updated_at timestamptz not null default now()
);
create index queue_settings_on on queue_settings (event_id) where state <> 'off';

-- A place is an event, a visitor and a score: it admits once. Redis's clock gives admitted_at and until.
create table queue_admissions (
  event_id text not null references events,
  visitor_id uuid not null,
  member bytea not null check (length(member) = 14),
  generation integer not null,
  score double precision not null,
  admitted_at timestamptz not null,
  until timestamptz not null,
  ended_at timestamptz,
  reason text,
  primary key (event_id, visitor_id, score),
  check ((ended_at is null) = (reason is null))
);
create index queue_admissions_live on queue_admissions (event_id, until) where ended_at is null;
