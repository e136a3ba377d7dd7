-- Payments wait for their turn under the provider's limits; the list of the provider's events is read; what is old is cleared.

-- One row a booking that waits to pay, served in the order of seq. due_at: when it may be served: now, or a while after somebody
-- began to, in case they die; a payment that came to nothing for want of the provider keeps its place.
create table pay_queue (
  seq bigint generated always as identity primary key,
  booking_id uuid not null unique references bookings,
  payment_method text not null,
  return_url text not null,
  due_at timestamptz not null default now()
);

-- How far the list of the provider's events has been read: one row. A pass goes from the newest event back to floor_at;
-- top_at: its newest, seconds since 1970; after_id: the last event read, while a pass is under way.
create table event_pass (
  one boolean primary key default true check (one),
  floor_at bigint not null,
  top_at bigint,
  after_id text
);

-- What is cleared by age.
create index inbox_by_age on inbox (received_at);
create index bookings_by_person on bookings (person_id) where person_id is not null;
