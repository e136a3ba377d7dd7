/** I1 and I2 in Postgres alone: no ticket in two live bookings, no money without tickets. Each statement answers what must not be. */
import type { Check } from './snapshot.ts'

/** $1: seconds that a job may take. */
export const SALE_CHECKS: Check[] = [
  {
    kind: 'sold_twice',
    sql: `select format('%s-%s', event_id, seat_index) as place,
        'in bookings ' || string_agg(booking_id::text, ', ' order by booking_id) as detail
      from booking_items where state = 'sold' group by event_id, seat_index having count(*) > 1`,
  },
  {
    kind: 'guard_missing',
    sql: `select name as place, 'the unique index is missing, not unique or not valid' as detail
      from unnest(array['booking_items_sold_once', 'tickets_pkey', 'payments_one_live']) as name
      where not exists (select from pg_index i where i.indexrelid = to_regclass(name)
        and i.indisunique and i.indisvalid and i.indisready)`,
  },
  {
    kind: 'ticket_without_item',
    sql: `select format('%s-%s', t.event_id, t.seat_index) as place, format('sold to booking %s', t.booking_id) as detail
      from tickets t where t.status = 'sold' and not exists (
        select from booking_items i join bookings b on b.id = i.booking_id
        where i.booking_id = t.booking_id and i.event_id = t.event_id and i.seat_index = t.seat_index
          and i.state = 'sold' and b.status = 'confirmed')`,
  },
  {
    kind: 'item_without_ticket',
    sql: `select format('%s-%s', i.event_id, i.seat_index) as place,
        format('item %s of booking %s', i.id, i.booking_id) as detail
      from booking_items i where i.state = 'sold' and not exists (
        select from tickets t where t.event_id = i.event_id and t.seat_index = i.seat_index
          and t.status = 'sold' and t.booking_id = i.booking_id)`,
  },
  {
    kind: 'booking_items',
    sql: `select b.id::text as place, format('%s, seats {%s}, items %s', b.status, array_to_string(b.seats, ','),
        coalesce(string_agg(format('%s %s', i.seat_index, i.state), ', ' order by i.seat_index), 'none')) as detail
      from bookings b left join booking_items i on i.booking_id = b.id
      group by b.id
      having array_agg(i.seat_index order by i.seat_index) is distinct from b.seats
        or case b.status
          when 'confirmed' then count(*) filter (where i.state = 'sold') = 0 or bool_or(i.state = 'held')
          when 'refunded' then bool_or(i.state <> 'returned')
          when 'cancelled' then bool_or(i.state = 'sold')
          else bool_or(i.state <> 'held') end`,
  },
  {
    kind: 'total_wrong',
    sql: `select b.id::text as place, format('its items sum to %s, its total is %s', sum(i.price + i.fee - i.discount), b.total) as detail
      from bookings b join booking_items i on i.booking_id = b.id
      group by b.id having sum(i.price + i.fee - i.discount) <> b.total`,
  },
  {
    // A payment whose money goes back is on its way for a while; return_overdue says when that is too long.
    kind: 'money_unbalanced',
    sql: `select p.id::text as place, format('%s; captured %s, sold items %s, refunds %s', p.status, p.captured, s.sold, r.refunded) as detail,
        case when p.returned_for is not null then jsonb_build_object('do', 'ask', 'job',
          jsonb_build_object('kind', 'give_back', 'paymentId', p.id)) end as repair
      from payments p
      cross join lateral (select case when p.status = 'captured' and p.returned_for is null then coalesce(sum(i.price + i.fee - i.discount), 0)
        else 0 end as sold from booking_items i where i.booking_id = p.booking_id and i.state = 'sold') as s
      cross join lateral (select coalesce(sum(r.amount), 0) as refunded from refunds r
        where r.payment_id = p.id and r.status <> 'failed') as r
      where (p.status = 'captured' or p.captured > 0) and p.captured <> s.sold + r.refunded
        and (p.returned_for is null or p.changed_at < now() - make_interval(secs => $1))`,
  },
  {
    kind: 'money_without_tickets',
    sql: `select p.id::text as place, format('%s of %s is %s, and booking %s is %s', p.amount, p.currency, p.status, b.id, b.status) as detail,
        jsonb_build_object('do', 'ask', 'job', jsonb_build_object('kind', 'reconcile', 'paymentId', p.id)) as repair
      from payments p join bookings b on b.id = p.booking_id
      where p.status in ('authorized', 'captured') and p.returned_for is null and b.status not in ('confirmed', 'refunded')`,
  },
  {
    kind: 'tickets_without_money',
    sql: `select b.id::text as place, format('%s of %s is owed', b.total, b.currency) as detail
      from bookings b where b.status = 'confirmed' and b.total > 0 and not exists (
        select from payments p where p.booking_id = b.id and p.status in ('authorized', 'captured') and p.returned_for is null)`,
  },
  {
    // A return raises the serial: below the ticket's each was sold once, and its own only while it is sold.
    kind: 'scan_unsold',
    sql: `select format('%s-%s', s.event_id, s.seat_index) as place,
        format('serial %s let in at gate "%s"; %s', s.serial, s.gate, coalesce(format('the ticket is %s in serial %s', t.status, t.serial), 'there is no ticket')) as detail
      from ticket_scans s left join tickets t on t.event_id = s.event_id and t.seat_index = s.seat_index
      where t.serial is null or s.serial > t.serial or (s.serial = t.serial and t.status <> 'sold')`,
  },
  {
    kind: 'mail_unowed',
    sql: `select m.id as place, format('booking %s is %s', b.id, b.status) as detail
      from sent_mails m join bookings b on b.id = m.booking_id
      where m.fault is null and (not exists (select from booking_items i where i.booking_id = b.id and i.state in ('sold', 'returned'))
        or m.id like 'return-%' and not exists (select from refunds r join payments p on p.id = r.payment_id
          where p.booking_id = b.id and m.id = 'return-' || r.id))`,
  },
  {
    kind: 'amount_wrong',
    sql: `select p.id::text as place, format('over %s %s, captured %s; booking %s costs %s %s',
        p.amount, p.currency, p.captured, b.id, b.total, b.currency) as detail
      from payments p join bookings b on b.id = p.booking_id
      where p.amount <> b.total or p.currency <> b.currency or p.captured > p.amount`,
  },
]
