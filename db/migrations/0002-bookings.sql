-- Who bought what, and the money. Postgres alone makes it true that a ticket is sold once (I1).

create table people (
  id uuid primary key,
  name text,
  email text,
  created_at timestamptz not null default now()
);

-- seats: every index the booking holds or bought, sorted; units of standing areas among them.
-- expires_at: when its hold ends, by Redis's clock; while it is paid, pay_until and the guard behind it.
-- pay_until: when a payment under way is cancelled.
create table bookings (
  id uuid primary key,
  event_id text not null references events,
  visitor_id uuid not null,
  person_id uuid references people,
  status text not null check
    (status in ('in_progress', 'paying', 'closing', 'confirmed', 'expired', 'cancelled', 'refunded')),
  reason text,
  seats integer[] not null check (cardinality(seats) > 0),
  total bigint not null check (total >= 0),
  currency text not null,
  generation integer not null,
  taken_at timestamptz not null default now(),
  expires_at timestamptz not null,
  pay_until timestamptz,
  extended boolean not null default false,
  idem_key text,
  idem_hash text,
  confirmed_at timestamptz,
  disputed_at timestamptz,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  check (status not in ('paying', 'closing') or pay_until is not null),
  check ((idem_key is null) = (idem_hash is null)),
  unique (visitor_id, idem_key)
);
create index bookings_by_visitor on bookings (visitor_id, created_at desc);
create index bookings_live on bookings (expires_at) where status in ('in_progress', 'paying', 'closing');
create index bookings_paying on bookings (pay_until) where status = 'paying';
create index bookings_live_by_event on bookings (event_id) where status in ('in_progress', 'paying', 'closing');

-- No row means available: a view that shows every seat is made from the map.
create sequence tickets_changed;
create table tickets (
  event_id text not null references events,
  seat_index integer not null check (seat_index >= 0),
  status text not null check (status in ('available', 'sold')),
  booking_id uuid references bookings,
  serial integer not null default 1,
  changed_seq bigint not null default nextval('tickets_changed'),
  primary key (event_id, seat_index),
  check ((status = 'sold') = (booking_id is not null))
);
create index tickets_by_change on tickets (changed_seq);

-- The price of each item is fixed when the hold is taken; state turns to sold in the confirming transaction.
create table booking_items (
  id bigint generated always as identity primary key,
  booking_id uuid not null references bookings,
  event_id text not null references events,
  seat_index integer not null check (seat_index >= 0),
  ticket_type text not null,
  price bigint not null check (price >= 0),
  fee bigint not null check (fee >= 0),
  discount bigint not null default 0 check (discount >= 0),
  state text not null default 'held' check (state in ('held', 'sold', 'returned')),
  unique (booking_id, seat_index)
);
create unique index booking_items_sold_once on booking_items (event_id, seat_index) where state = 'sold';

-- The id is the idempotency key at Stripe; the row is committed before the call (write ahead).
-- next_action: what the fan has to do, such as 3-D Secure. checked_at: when the reconciler last asked Stripe.
-- returned_for: set once, when it was decided that its money buys nothing and goes back.
create table payments (
  id uuid primary key,
  booking_id uuid not null references bookings,
  pi_id text unique,
  params jsonb not null,
  capture_method text not null check (capture_method in ('manual', 'automatic')),
  status text not null check (status in ('creating', 'open', 'authorized', 'captured', 'void', 'failed')),
  amount bigint not null check (amount >= 0),
  currency text not null,
  captured bigint not null default 0 check (captured >= 0),
  decline_code text,
  next_action jsonb,
  returned_for text check (returned_for in ('seats_lost', 'too_late', 'withdrawn')),
  checked_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create unique index payments_one_live on payments (booking_id)
  where status in ('creating', 'open', 'authorized', 'captured');
create index payments_by_booking on payments (booking_id, created_at);
create index payments_unsettled on payments (checked_at) where status in ('creating', 'open', 'authorized');

create table refunds (
  id uuid primary key,
  payment_id uuid not null references payments,
  item_ids bigint[] not null default '{}',
  amount bigint not null check (amount > 0),
  reason text not null,
  stripe_id text unique,
  status text not null check (status in ('creating', 'pending', 'succeeded', 'failed')),
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create index refunds_by_payment on refunds (payment_id);
create index refunds_unmade on refunds (changed_at) where status = 'creating';

-- Stripe's events as they came, once each, cut to what is needed and to no person's data.
create table inbox (
  stripe_event_id text primary key,
  type text not null,
  object_id text not null,
  payload jsonb not null,
  received_at timestamptz not null default now(),
  done_at timestamptz,
  attempts integer not null default 0,
  fault text
);
create index inbox_open on inbox (received_at) where done_at is null;

-- What must follow a fact, written in the fact's own transaction and moved to the job queue by a pump.
create table outbox (
  id bigint generated always as identity primary key,
  kind text not null,
  payload jsonb not null,
  created_at timestamptz not null default now()
);

-- Which job workers live: jobs locked by one that has not been seen for a while are set free.
create table worker_leases (
  worker_id text primary key,
  node text not null,
  seen_at timestamptz not null default now()
);

-- An operator's lock without an end.
create table seat_blocks (
  event_id text not null references events,
  seat_index integer not null check (seat_index >= 0),
  reason text not null default '',
  created_at timestamptz not null default now(),
  primary key (event_id, seat_index)
);
