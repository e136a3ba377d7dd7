-- Who blocked a seat; one of several at once carry the same reason.
alter table seat_blocks add column actor text not null default '';
