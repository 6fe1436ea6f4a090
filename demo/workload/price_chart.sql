-- weight 40: what did it cost? A chart, the latest price and the lowest of 90 days
\set listing random_exponential(1, 250000, 8)
\set days random(7, 365)
select /* price_chart */ observed_at, price_minor, in_stock
  from shop.price_history
 where listing_id = :listing and observed_at >= :today::timestamptz - :days * interval '1 day'
 order by observed_at;
select /* latest_price */ price_minor, currency, observed_at
  from shop.price_history
 where listing_id = :listing
 order by observed_at desc limit 1;
select /* lowest_90_days */ min(price_minor)
  from shop.price_history
 where listing_id = :listing and in_stock and observed_at >= :today::timestamptz - interval '90 days';
