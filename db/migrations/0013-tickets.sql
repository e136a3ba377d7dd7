-- At the doors: a ticket of one serial lets one person in, once.
create table ticket_scans (
  event_id text not null references events,
  seat_index integer not null check (seat_index >= 0),
  serial integer not null,
  gate text not null default '',
  operator text not null,
  scanned_at timestamptz not null default now(),
  primary key (event_id, seat_index, serial)
);

-- What buyers were written, once each. fault: why it never will be.
create table sent_mails (
  id text primary key,
  booking_id uuid not null references bookings,
  fault text,
  sent_at timestamptz not null default now()
);
create index sent_mails_by_booking on sent_mails (booking_id);
