-- A seat that the event's house has no more: nobody can lift this block but another house that has the seat again.
alter table seat_blocks add column tombstone boolean not null default false;
