-- A hold asks what its visitor has of the event. Without an index on both, Postgres may read every booking of the event for that: it
-- chooses among two indexes by what it last counted, and an on-sale begins with nothing.
-- And each change of a booking's state writes an entry into every index of its table, so none is kept that another can stand in for:
-- whoever reads an event's live holds, as after a loss of Redis, reads its bookings for them.

-- All at once and first: asking for more of a table than one has meets those who wait for it meanwhile.
set local lock_timeout = '2s';
lock table bookings, booking_items in access exclusive mode;
create index bookings_by_event_and_visitor on bookings (event_id, visitor_id);
drop index bookings_by_event;
drop index bookings_live_by_event;
-- Of one visitor the key's own index has them.
drop index bookings_by_visitor;
-- When a live booking is due: its hold's end, the end of its time to pay, or its guard's.
create index bookings_due on bookings ((case status when 'paying' then pay_until else expires_at end))
  where status in ('in_progress', 'paying', 'closing');
drop index bookings_live;
drop index bookings_paying;
-- An item is found by its booking and seat.
alter table booking_items drop constraint booking_items_pkey;
alter table booking_items drop constraint booking_items_booking_id_seat_index_key;
alter table booking_items add primary key (booking_id, seat_index);
