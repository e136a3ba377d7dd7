-- What operators look at: an event's newest acts, and its money.
create index audit_log_by_event on audit_log (event_id, id desc);
create index bookings_by_event on bookings (event_id);
