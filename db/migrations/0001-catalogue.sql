-- What is on sale: venues, performers, seat maps, events and their prices; and who changed what.
create extension if not exists unaccent;
create extension if not exists pg_trgm;

create table venues (
  id text primary key,
  name text not null,
  city text not null,
  region text,
  country text not null check (country ~ '^[A-Z]{2}$'),
  lat double precision not null check (lat between -90 and 90),
  lon double precision not null check (lon between -180 and 180),
  time_zone text not null,
  modelled boolean not null
);

create table performers (
  id text primary key,
  name text not null,
  kind text not null
);

-- Geometry is immutable and found by the hash of its bytes: an event pins one, so an edit is a new map.
create table seat_maps (
  hash text primary key check (hash ~ '^[0-9a-f]{32}$'),
  name text not null,
  seats integer not null check (seats >= 0),
  units integer not null check (units >= 0),
  geometry text not null,
  created_at timestamptz not null default now()
);

create table venue_maps (
  venue_id text not null references venues,
  map_hash text not null references seat_maps,
  primary key (venue_id, map_hash)
);

-- generation: the event's life between losses of Redis. epoch: the version of its seat map's state.
create table events (
  id text primary key check (id ~ '^[a-z0-9]{4,32}$'),
  name text not null,
  type text not null check (type in ('football', 'concert', 'theatre')),
  venue_id text not null references venues,
  map_hash text not null references seat_maps,
  starts_at timestamptz not null,
  status text not null check (status in ('onsale', 'offsale', 'postponed', 'rescheduled', 'canceled')),
  on_sale_at timestamptz not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  hot boolean not null default false,
  modelled boolean not null default false,
  competition text,
  generation integer not null default 0,
  epoch bigint not null default 0,
  created_at timestamptz not null default now()
);
create index events_by_start on events (starts_at);
create index events_by_venue on events (venue_id);

create table event_performers (
  event_id text not null references events on delete cascade,
  performer_id text not null references performers,
  position integer not null,
  primary key (event_id, position)
);
create index event_performers_by_performer on event_performers (performer_id);

-- Minor units of the event's currency. The first ticket type by position is the one sold when none is named.
create table event_prices (
  event_id text not null references events on delete cascade,
  category text not null,
  ticket_type text not null,
  ticket_type_name text not null,
  position integer not null,
  price integer not null check (price >= 0),
  fee integer not null default 0 check (fee >= 0),
  primary key (event_id, category, ticket_type)
);

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  act text not null,
  event_id text references events,
  detail jsonb not null default '{}'
);
