-- Each row with a foreign key to its event locks the event's row, which in an on-sale all share. Items and tickets have it by their
-- booking, whose own key stands.
alter table booking_items drop constraint booking_items_event_id_fkey;
alter table tickets drop constraint tickets_event_id_fkey;
