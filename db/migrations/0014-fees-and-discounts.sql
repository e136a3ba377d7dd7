-- Prices beyond a fixed fee: a fee that follows from the price, a fee of the booking as a whole, and discounts.

-- fee stays what a ticket's fee comes to; fee_percent says how much of it follows from the price, rounded half up.
alter table event_prices
  add fee_percent numeric(5, 2) not null default 0 check (fee_percent between 0 and 100),
  add constraint event_prices_fee_has_percent check (fee >= round(price * fee_percent / 100));

-- Minor units, and a part of the prices after the discount; once a booking.
alter table events
  add booking_fee integer not null default 0 check (booking_fee >= 0),
  add booking_fee_percent numeric(5, 2) not null default 0 check (booking_fee_percent between 0 and 100);

-- Off the prices of a booking of so many tickets; the one that takes off most counts.
create table event_discounts (
  event_id text not null references events on delete cascade,
  position integer not null,
  name text not null,
  least_tickets integer not null check (least_tickets >= 1),
  amount integer not null default 0 check (amount >= 0),
  percent numeric(5, 2) not null default 0 check (percent between 0 and 100),
  check ((amount = 0) <> (percent = 0)),
  primary key (event_id, position)
);

-- fee_share: how much of an item's fee is its share in the fee of the booking.
alter table booking_items
  add fee_share bigint not null default 0 check (fee_share >= 0),
  add constraint booking_items_fee_has_share check (fee >= fee_share),
  add constraint booking_items_discount_within_price check (discount <= price);
