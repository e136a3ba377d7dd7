/** What should have come to its end by now. A worker does each of these by itself; that it has not is the fault. */
import { DUE } from '../payments/lapse.ts'
import type { Check } from './snapshot.ts'

/** $1: seconds that a job may take · $2: seconds that Stripe may be asked again · $3: Redis's now, which ends holds */
export const STUCK_CHECKS: Check[] = [
  {
    kind: 'booking_overdue',
    sql: `select id::text as place, format('%s since %s', status, due) as detail,
        case status when 'closing' then jsonb_build_object('do', 'ask', 'job',
          jsonb_build_object('kind', 'close', 'bookingId', id)) end as repair
      from (select id, status, ${DUE} as due
        from bookings where status in ('in_progress', 'paying', 'closing')) as live
      where due < $3::timestamptz - make_interval(secs => $1)`,
  },
  {
    kind: 'payment_overdue',
    sql: `select p.id::text as place, format('%s, and booking %s is %s', p.status, b.id, b.status) as detail,
        jsonb_build_object('do', 'ask', 'job', jsonb_build_object('kind', 'reconcile', 'paymentId', p.id)) as repair
      from payments p join bookings b on b.id = p.booking_id
      where p.status in ('creating', 'open') and b.status not in ('paying', 'closing')
        and greatest(p.changed_at, b.changed_at) < now() - make_interval(secs => $2)`,
  },
  {
    kind: 'capture_overdue',
    sql: `select p.id::text as place, format('%s %s of booking %s', p.amount, p.currency, b.id) as detail,
        jsonb_build_object('do', 'ask', 'job', jsonb_build_object('kind', 'capture', 'paymentId', p.id)) as repair
      from payments p join bookings b on b.id = p.booking_id
      where p.status = 'authorized' and p.returned_for is null and b.status in ('confirmed', 'refunded')
        and p.changed_at < now() - make_interval(secs => $2)`,
  },
  {
    kind: 'return_overdue',
    sql: `select id::text as place, format('%s %s, %s', amount, currency, returned_for) as detail,
        jsonb_build_object('do', 'ask', 'job', jsonb_build_object('kind', 'give_back', 'paymentId', id)) as repair
      from payments where status = 'authorized' and returned_for is not null
        and changed_at < now() - make_interval(secs => $2)`,
  },
  {
    kind: 'refund_overdue',
    sql: `select id::text as place, format('%s of payment %s', amount, payment_id) as detail,
        jsonb_build_object('do', 'ask', 'job', jsonb_build_object('kind', 'refund', 'refundId', id)) as repair
      from refunds where status = 'creating' and created_at < now() - make_interval(secs => $2)`,
  },
  {
    // A place is given up with its payment, or when its turn comes.
    kind: 'pay_queue_stuck',
    sql: `select b.id::text as place, format('place %s, and the booking is %s', q.seq, b.status) as detail
      from pay_queue q join bookings b on b.id = q.booking_id
      where b.status not in ('paying', 'closing') and b.changed_at < now() - make_interval(secs => $2)`,
  },
  {
    kind: 'inbox_overdue',
    sql: `select stripe_event_id as place, format('%s about %s%s', type, object_id, ': ' || fault) as detail,
        jsonb_build_object('do', 'ask', 'job', jsonb_build_object('kind', 'inbox', 'stripeEventId', stripe_event_id)) as repair
      from inbox where done_at is null and received_at < now() - make_interval(secs => $2)`,
  },
  {
    kind: 'outbox_overdue',
    sql: `select id::text as place, format('%s %s', kind, payload) as detail from outbox
      where created_at < now() - make_interval(secs => $1)`,
  },
  {
    kind: 'needs_person',
    sql: `select stripe_event_id as place, format('%s about %s: %s', type, object_id, fault) as detail from inbox
      where done_at > now() - interval '7 days' and fault is not null and fault <> 'foreign'`,
  },
]

/** Only where the job queue's schema is there: the first worker brings it. */
export const JOB_CHECKS: Check[] = [
  {
    kind: 'job_overdue',
    sql: `select id::text as place, format('%s, due %s, %s', task_identifier, run_at, coalesce('kept by ' || locked_by, 'begun by nobody')) as detail
      from graphile_worker.jobs as job
      where attempts < max_attempts and run_at < now() - make_interval(secs => $1) and case when locked_at is null then true
        else locked_at < now() - make_interval(secs => $1) and not exists (select from worker_leases as lease
          where lease.worker_id = job.locked_by and lease.seen_at > now() - make_interval(secs => $1)) end`,
  },
  {
    kind: 'job_dead',
    sql: `select id::text as place, format('%s after %s attempts: %s', task_identifier, attempts, left(last_error, 200)) as detail,
        jsonb_build_object('do', 'retry', 'jobId', id::text) as repair
      from graphile_worker.jobs where attempts >= max_attempts and locked_at is null`,
  },
]
