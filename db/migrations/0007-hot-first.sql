-- Among what is on sale, hot events come first: the order of a search that asks for nothing, by an index as before.

-- 0: on sale, a rush expected; 1: on sale; 2: not on sale.
create function sale_rank(status text, hot boolean) returns integer
language sql immutable parallel safe as $$
  select case when status is distinct from 'onsale' then 2 when hot then 0 else 1 end
$$;

create index events_by_sale_rank on events (sale_rank(status, hot), starts_at, id);
drop index events_by_sale;
