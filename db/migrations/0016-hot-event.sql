-- Each row with a foreign key to its event locks the event's row, which in an on-sale all share. Tickets and items have it by their
-- booking, whose own key stands. In the order in which a sale locks them, and no longer in its way than it waits.
set local lock_timeout = '2s';
alter table tickets drop constraint tickets_event_id_fkey;
alter table booking_items drop constraint booking_items_event_id_fkey;
