-- Prices: what is stored, late observations, daily sums, statistics, the prior price, discounts, tenants. Expects the catalogue and pricing in schema mp.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select plan(110);
set local client_min_messages = warning;
set local timezone = 'Europe/Berlin';
select setseed(0.6180339);
create role mp_app;
create role mp_nobody;
grant usage on schema mp to mp_app, mp_nobody;
insert into mp.tenants (id, name, slug) values (901, 'One', 'price-one'), (902, 'Two', 'price-two');
insert into mp.database_roles (role_name, kind) values ('mp_app', 'application');
insert into mp.retailers (id, name, slug) select 900 + i, 'Shop ' || i, 'price-shop-' || i from generate_series(1, 4) i;
insert into mp.products (tenant_id, id, name) select 901, 9000 + i, 'Thing ' || i from generate_series(1, 700) i;
insert into mp.products (tenant_id, id, name) values (902, 9901, 'Foreign thing');
insert into mp.listings (tenant_id, id, product_id, retailer_id) select 901, 90000 + i, 9000 + i, 901 from generate_series(1, 700) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id) values (902, 99901, 9901, 901), (901, 80001, 9001, 902), (901, 80002, 9001, 903);
set local marketplace.tenant_id = '901';
create function pg_temp.ago(span interval) returns timestamptz language sql stable as $$ select date_trunc('hour', now()) - span $$;

-- Partitions
select cmp_ok((select count(*)::int from pg_inherits where inhparent = 'mp.price_history'::regclass), '>=', 3, 'the months around now have partitions at once');
select is(mp.ensure_partitions('mp.price_history'), 0, 'asking again makes none');
select is(mp.ensure_partitions('mp.price_history', 16, 1), 15, 'a longer past makes the months that are missing');
select throws_ok('select mp.ensure_partitions(''mp.price_history'', -1, 1)', '22023', 'back and ahead must be between 0 and 600', 'no negative months');
select throws_ok('select mp.ensure_partitions(''mp.price_history'', null, 1)', '22023', null, 'no null months');
select throws_ok('select mp.ensure_partitions(''mp.products'')', '42809', 'mp.products is no partitioned table of this schema', 'no other tables');
select is((select count(*)::int from pg_inherits i join pg_class c on c.oid = i.inhrelid where inhparent = 'mp.price_history'::regclass and not relrowsecurity), 0, 'every partition has row security');
select is((select count(*)::int from pg_inherits i where inhparent = 'mp.price_history'::regclass and obj_description(inhrelid, 'pg_class') is null and inhrelid::regclass::text < 'mp.price_history_p' || to_char(now(), 'YYYYMM')), 0, 'every partition that was asked for has a comment');

-- One observation after the other
select is(mp.record_price(90001, pg_temp.ago('10 days'), 1000), true, 'the first observation is a change');
select is(mp.record_price(90001, pg_temp.ago('9 days'), 1000), false, 'the same price is none');
select is(mp.record_price(90001, pg_temp.ago('8 days'), 1200, 1500), true, 'another price is one');
select is(mp.record_price(90001, pg_temp.ago('7 days'), 1200, 1600), true, 'another "was" price too');
select is((select count(*)::int from mp.price_history where listing_id = 90001), 3, 'only changes are stored');
select results_eq('select last_price_minor, prev_price_minor, list_price_minor, in_stock from mp.listings where id = 90001', 'values (1200::mp.price_minor, 1000::mp.price_minor, 1600::mp.price_minor, true)', 'the listing has the latest prices');
select is((select last_changed_at from mp.listings where id = 90001), pg_temp.ago('8 days'), 'and when the price changed');
select is((select last_seen_at from mp.listings where id = 90001), pg_temp.ago('7 days'), 'and when it was seen');
select is((select low_30_minor::bigint from mp.listings where id = 90001), 1000::bigint, 'and the lowest price');
select is((select best_price_minor::bigint from mp.products where tenant_id = 901 and id = 9001), 1200::bigint, 'the product has its best price');
select is(mp.record_prices('{80002,80001}', array[pg_temp.ago('1 day'), pg_temp.ago('1 day')], '{1100,1100}'), 2::bigint, 'many at once');
select is((select best_listing_id from mp.products where tenant_id = 901 and id = 9001), 80001::bigint, 'of equal prices the oldest listing''s is the best');
select mp.record_prices('{80001,80002}', array[pg_temp.ago('1 hour'), pg_temp.ago('1 hour')], '{null,null}');
select is((select best_price_minor::bigint from mp.products where tenant_id = 901 and id = 9001), 1200::bigint, 'what is not on offer is no best price');
select is((select in_stock from mp.listings where id = 80001), false, 'and not in stock');
select is((select price_minor::bigint from mp.price_history where listing_id = 80001 order by observed_at desc limit 1), null, 'its price is null in the history');

-- Refusals
select throws_ok($$select mp.record_prices(null, '{}', '{}')$$, '22023', 'listings must be a one-dimensional array, not null', 'no null arrays');
select throws_ok($$select mp.record_prices('{1}', array[now(), now()], '{1}')$$, '2202E', 'the arrays must have the same number of elements', 'arrays of one length');
select throws_ok($$select mp.record_prices('{{90001}}', array[[now()]], '{{1}}')$$, '22023', null, 'arrays of one dimension');
select throws_ok($$select mp.record_prices('{90001,null}', array[now(), now()], '{1,1}')$$, '22004', 'observation 2 has no listing', 'no null listing');
select throws_ok($$select mp.record_prices('{90001}', array[null::timestamptz], '{1}')$$, '22004', 'observation 1 has no time', 'no null time');
select throws_like($$select mp.record_prices('{90001,90001}', array[now(), now()], '{1,2}')$$, 'listing 90001 is observed twice at %', 'no time twice');
select throws_ok($$select mp.record_price(90001, now(), 0)$$, '22003', 'observation 1 of listing 90001 has a price out of range: 0', '0 is no price');
select throws_ok($$select mp.record_price(90001, now(), 10000000000001)$$, '22003', null, 'nor is more than 10^13');
select throws_ok($$select mp.record_price(90001, now(), 5, -1)$$, '22003', 'observation 1 of listing 90001 has a price out of range: -1', 'nor a negative "was" price');
select throws_ok($$select mp.record_price(90001, 'infinity', 5)$$, '22008', null, 'infinity is no time');
select throws_ok($$select mp.record_price(90001, now() + interval '2 hours', 5)$$, '22008', null, 'the future is no time of an observation');
select throws_ok($$select mp.record_price(99901, now(), 5)$$, '23503', 'listing 99901 does not exist', 'another tenant''s listing is none');
select throws_like($$select mp.record_price(90003, '2001-01-01', 5)$$, 'price_history has no partition for a time between %', 'a month without partition is said');
select throws_ok($$select mp.record_prices('{90001}', array[now()], '{1}', '{null}', null)$$, '22004', 'source must not be null', 'no null source');
select is(mp.record_prices('{}', '{}', '{}'), 0::bigint, 'nothing to record is no error');
select is((select count(*)::int from mp.price_history where listing_id = 90003), 0, 'refused is refused whole');
update mp.listings set deleted_at = now() where id = 90700;
select throws_ok($$select mp.record_price(90700, now(), 5)$$, '23503', 'listing 90700 does not exist', 'a deleted listing takes no price');

-- Checks of the tables
select throws_ok($$insert into mp.price_history values (901, 90003, 'infinity', 1, null, 'feed')$$, '23514', null, 'no infinite time in the history');
select throws_ok($$insert into mp.price_history values (901, 99901, now(), 1, null, 'feed')$$, '23503', null, 'no history for another tenant''s listing');
select throws_ok($$insert into mp.price_history values (901, 90003, now(), 0, null, 'feed')$$, '23514', 'value for domain mp.price_minor violates check constraint "price_minor_range"', 'no price 0 in the history');
create temp table good_day as select 901::bigint as tenant_id, 90003::bigint as listing_id, '2026-01-02'::date as day, 5 as min, 7 as max, 12 as sum, 2 as n, 1 as absent, 7 as last, '2026-01-02 12:00+00'::timestamptz as at;
select lives_ok($$insert into mp.price_daily select * from good_day$$, 'a day that adds up');
delete from mp.price_daily where listing_id = 90003;
prepare day_of (int, int, int, int, int, int, timestamptz) as insert into mp.price_daily select tenant_id, listing_id, day, $1, $2, $3, $4, $5, $6, $7 from good_day;
select throws_like($$execute day_of (5, 7, -1, 2, 1, 7, '2026-01-02 12:00+00')$$, '%"price_daily_%', 'a sum is not negative');
select throws_like($$execute day_of (5, 7, 99, 2, 1, 7, '2026-01-02 12:00+00')$$, '%"price_daily_adds_up"%', 'a sum lies between n times min and max');
select throws_like($$execute day_of (null, null, 0, -1, 2, null, '2026-01-02 12:00+00')$$, '%"price_daily_%', 'n is not negative');
select throws_like($$execute day_of (5, 7, 12, 2, -1, 7, '2026-01-02 12:00+00')$$, '%"price_daily_absent_range"%', 'absent is not negative');
select throws_like($$execute day_of (5, 7, 12, 2, 1, 8, '2026-01-02 12:00+00')$$, '%"price_daily_last_in_range"%', 'the last price lies between min and max');
select throws_like($$execute day_of (null, null, 0, 0, 0, null, '2026-01-02 12:00+00')$$, '%"price_daily_seen"%', 'a day without observations has no row');
select throws_like($$execute day_of (5, 7, 12, 2, 1, 7, '2026-01-03 00:00+00')$$, '%"price_daily_last_on_day"%', 'the last observation is of the day, in UTC');

-- Late observations against a reference: all facts that are known in order, what repeats its predecessor left out.
create temp table fact (listing bigint, at timestamptz, price bigint, list_price bigint, primary key (listing, at));
create temp table daily (listing bigint, day date, n int, absent int, sum bigint, min bigint, max bigint, primary key (listing, day));
create function pg_temp.learn(observed fact[]) returns void language plpgsql as $$
begin
  insert into daily as d select o.listing, (o.at at time zone 'UTC')::date, count(o.price), count(*) - count(o.price), coalesce(sum(o.price), 0), min(o.price), max(o.price)
    from unnest(observed) o where not exists (select from fact f where f = o) group by 1, 2
    on conflict (listing, day) do update set n = d.n + excluded.n, absent = d.absent + excluded.absent, sum = d.sum + excluded.sum, min = least(d.min, excluded.min), max = greatest(d.max, excluded.max);
  insert into fact select * from unnest(observed) on conflict (listing, at) do update set price = excluded.price, list_price = excluded.list_price;
  delete from fact f using (select g.listing, g.at, g.at = max(g.at) over (partition by g.listing) as newest, row(g.price, g.list_price)::text = lag(row(g.price, g.list_price)::text) over (partition by g.listing order by g.at) as repeats from fact g) r
    where r.listing = f.listing and r.at = f.at and r.repeats and not r.newest;
end $$;
create temp view expected as
  select f.listing, f.at, f.price, f.list_price from (select g.*, row(g.price, g.list_price)::text is distinct from lag(row(g.price, g.list_price)::text) over (partition by g.listing order by g.at) as point from fact g) f where f.point;
create temp view recorded as
  select h.listing_id as listing, h.observed_at as at, h.price_minor::bigint as price, h.list_price_minor::bigint as list_price from mp.price_history h where h.listing_id in (select f.listing from fact f);
create function pg_temp.some(listings bigint[], n int, span int) returns fact[] language sql volatile as $$
  select array_agg(row(o.listing, o.at, o.price, o.list_price)::fact) from (
    select distinct on (listing, at) * from (
      select listings[1 + floor(random() * cardinality(listings))::int] as listing, pg_temp.ago(make_interval(hours => 1 + floor(random() * span)::int)) as at,
        case when random() < 0.85 then 100 + floor(random() * (case when random() < 0.5 then 4 else 200 end))::bigint end as price, case when random() < 0.2 then 150::bigint end as list_price
      from generate_series(1, n)) r order by listing, at) o $$;
do $$
declare batch fact[]; begin
  for round in 1 .. 40 loop
    batch := pg_temp.some(array(select 90010 + i from generate_series(1, 30) i), 60, 24 * 400);
    perform pg_temp.learn(batch);
    perform mp.record_prices(array(select listing from unnest(batch)), array(select at from unnest(batch)), array(select price from unnest(batch)), array(select list_price from unnest(batch)));
  end loop;
end $$;
select cmp_ok((select count(*) from expected), '>', 1000::bigint, 'the reference has a history worth the name');
select set_eq('select * from recorded', 'select * from expected', 'late, repeated and corrected observations give the history of the reference');
select is_empty($$select l.id from mp.listings l join lateral (select * from fact f where f.listing = l.id order by at desc limit 1) f on true
  where (l.last_seen_at, l.last_price_minor, l.list_price_minor) is distinct from (f.at, f.price, f.list_price)$$, 'the listings have the last observation');
create temp view change as select e.*, lag(e.price) over (partition by e.listing order by e.at) as before from (select f.*, row_number() over (partition by listing order by at) = 1 or f.price is distinct from lag(f.price) over (partition by listing order by at) as changes from expected f) e where e.changes;
select is_empty($$select l.id from mp.listings l join lateral (select * from change c where c.listing = l.id order by at desc limit 1) c on true
  where (l.last_changed_at, l.prev_price_minor) is distinct from (c.at, c.before)$$, 'and the last change with the price before');
select is_empty($$select l.id, d from mp.listings l join (select distinct listing from fact) f on f.listing = l.id cross join unnest('{30,90,365,100000}'::int[]) d
  where case d when 30 then l.low_30_minor when 90 then l.low_90_minor when 365 then l.low_365_minor else l.low_all_minor end::bigint is distinct from
    (select min(s.price) from (select e.*, lead(e.at) over (order by e.at) as until from expected e where e.listing = l.id) s where s.at <= l.last_changed_at and coalesce(s.until, 'infinity') > l.last_changed_at - make_interval(hours => 24 * d))$$,
  'and the lows');
select is_empty($$select d.* from daily d full join (select * from mp.price_daily p where p.listing_id in (select listing from fact)) p on p.listing_id = d.listing and p.day = d.day
  where (d.n, d.absent, d.sum, d.min, d.max) is distinct from (p.n, p.absent, p.sum_minor, p.min_minor, p.max_minor)$$, 'the days add up');
select is_empty($$select p.id from mp.products p where p.tenant_id = 901 and p.best_price_minor is distinct from (select min(l.last_price_minor) from mp.listings l where l.tenant_id = 901 and l.product_id = p.id and l.in_stock and l.deleted_at is null)$$, 'the best prices of the products are right');

select mp.record_prices('{90050,90050,90050}', array[pg_temp.ago('740 hours'), pg_temp.ago('730 hours'), pg_temp.ago('10 hours')], '{50,100,120}');
select is((select low_30_minor::bigint from mp.listings where id = 90050), 100::bigint, 'a price that ended when the 30 days began is no low of them');
select mp.record_prices('{90051,90051,90051}', array[pg_temp.ago('740 hours'), pg_temp.ago('730 hours') + interval '1 second', pg_temp.ago('10 hours')], '{50,100,120}');
select is((select low_30_minor::bigint from mp.listings where id = 90051), 50::bigint, 'one that held a second longer is');
select is((select low_90_minor::bigint from mp.listings where id = 90050), 50::bigint, 'and so is it one of the 90 days');

-- No price comes back: then the order in which observations come doesn't matter at all.
create temp table series as
  select listing, pg_temp.ago(make_interval(hours => 3 * i)) as at, (1000 + i * 7919 % 997)::bigint as price, i from generate_series(1, 60) i, unnest('{90101,90102,90103}'::bigint[]) listing;
select mp.record_prices(array_agg(listing), array_agg(at), array_agg(price)) from series where listing = 90101;
do $$ declare r record; begin
  for r in select * from series where listing = 90102 order by at loop perform mp.record_price(r.listing, r.at, r.price); end loop;
  for r in select * from series where listing = 90103 order by random() loop perform mp.record_price(r.listing, r.at, r.price); end loop;
end $$;
select results_eq('select observed_at, price_minor from mp.price_history where listing_id = 90102 order by 1', 'select observed_at, price_minor from mp.price_history where listing_id = 90101 order by 1', 'one by one as all at once');
select results_eq('select observed_at, price_minor from mp.price_history where listing_id = 90103 order by 1', 'select observed_at, price_minor from mp.price_history where listing_id = 90101 order by 1', 'in random order as in order');
select is((select count(distinct (last_price_minor, prev_price_minor, low_30_minor, low_90_minor, low_365_minor, low_all_minor, last_changed_at, last_seen_at))::int from mp.listings where id between 90101 and 90103), 1, 'and the listings come out the same');
select set_eq('select day, min_minor, max_minor, sum_minor, n, last_minor from mp.price_daily where listing_id = 90103', 'select day, min_minor, max_minor, sum_minor, n, last_minor from mp.price_daily where listing_id = 90101', 'and the days');
select is((select max(n) from mp.price_daily where listing_id = 90101), 8, 'a day has all its observations');
select mp.record_price(90101, at, price) from series where listing = 90101 and i = 5;
select is((select sum(n) from mp.price_daily where listing_id = 90101), 60::bigint, 'what is known already doesn''t count again');
select mp.record_price(90101, pg_temp.ago('1 hour'), 5); select mp.record_price(90101, pg_temp.ago('1 hour'), 6);
select is((select last_price_minor::bigint from mp.listings where id = 90101), 6::bigint, 'a second observation of the last moment replaces the first');

-- Statistics against a brute force over seconds
create temp table second_price as
  with o as (select 90200 + l as listing, array(select case when random() < 0.8 then 50 + floor(random() * 30)::bigint end from generate_series(1, 12) where l > 0) as prices,
    array(select floor(random() * 700)::int - 100 as s from generate_series(1, 12) where l > 0 order by 1) as starts from generate_series(1, 40) l)
  select o.listing, s as second, (select o.prices[max(i)] from generate_series(1, 12) i where o.starts[i] = (select max(x) from unnest(o.starts) x where x <= s)) as price, s < o.starts[1] as unknown
    from o cross join generate_series(-100, 599) s;
select mp.record_prices(array_agg(listing), array_agg(pg_temp.ago('1 hour') + make_interval(secs => second)), array_agg(price)) from second_price where not unknown;
create temp table brute as
  select b.*, (select percentile_disc(0.5) within group (order by abs(s.price - b.median)) from second_price s where s.listing = b.listing and s.second >= 0 and s.price is not null) as mad from (
    select listing, min(price) as min, max(price) as max, avg(price) as mean, percentile_disc(0.5) within group (order by price) as median, percentile_disc(0.1) within group (order by price) as p10,
      percentile_disc(0.25) within group (order by price) as p25, percentile_disc(0.75) within group (order by price) as p75, percentile_disc(0.9) within group (order by price) as p90,
      count(price)::float8 / nullif(count(*) filter (where not unknown), 0) as in_stock, count(*) filter (where not unknown)::float8 / 600 as known
    from second_price where second >= 0 group by listing) b;
create temp table stats as select b.listing, s.* from brute b, mp.price_stats(b.listing, '600 seconds', pg_temp.ago('1 hour') + interval '600 seconds') s;
select results_eq('select listing, min_minor, max_minor, median_minor, mad_minor from stats order by 1', 'select listing, min, max, median, mad from brute order by 1', 'range, median and MAD are those of every second');
select results_eq('select listing, p10_minor, p25_minor, p75_minor, p90_minor from stats order by 1', 'select listing, p10, p25, p75, p90 from brute order by 1', 'percentiles too');
select is((select max(abs(s.mean_minor - b.mean)) < 1e-9 from stats s join brute b using (listing)), true, 'the mean too');
select is((select count(*)::int from stats s join brute b using (listing) where abs(coalesce(s.in_stock_share, -1) - coalesce(b.in_stock, -1)) > 1e-9 or abs(s.known_share - b.known) > 1e-9), 0, 'and the share in stock and known');
select mp.record_prices('{90180,90180,90180}', array[pg_temp.ago('3 hours'), pg_temp.ago('2 hours'), pg_temp.ago('1 hour')], '{20,10,null}');
select is((select median_minor from mp.price_stats(90180, '2 hours', pg_temp.ago('1 hour'))), 10::bigint, 'of two prices for as long the median is the lower');
select is((select in_stock_share from mp.price_stats(90180, '3 hours', pg_temp.ago('0 hours'))), 2 / 3::double precision, 'time not on offer counts in the share only');
select is((select count(*)::int from mp.price_history(90201, pg_temp.ago('1 hour'), pg_temp.ago('1 hour') + interval '10 minutes', '45 seconds') b
  join lateral (select min(price) as low, max(price) as high, avg(price) as mean from second_price s where s.listing = 90201 and s.second >= extract(epoch from b.bucket_start - pg_temp.ago('1 hour')) and s.second < extract(epoch from b.bucket_end - pg_temp.ago('1 hour'))) s on true
  where (b.min_minor, b.max_minor) is not distinct from (s.low, s.high) and abs(coalesce(b.mean_minor, 0) - coalesce(s.mean, 0)) < 1e-9), 14, 'buckets carry prices in, and the last one is short');
select throws_ok($$select * from mp.price_history(90201, now() - interval '1 year', now(), '1 minute')$$, '54000', 'more than 10000 buckets', 'not too many buckets');
select throws_ok($$select mp.price_stats(90201, '-1 day')$$, '22023', null, 'no negative period');
select results_eq('select price_minor, in_stock from mp.prices_on(90001, pg_temp.ago(interval ''9 days'') + interval ''1 minute'')', 'values (1000::bigint, true)', 'the price of a moment is that of the point before');
select is_empty('select * from mp.prices_on(90001, pg_temp.ago(interval ''20 days''))', 'before the first observation nothing is known');

-- The prior price against a brute force over hours
create temp table hourly as
  select l as listing, array(select p from (select h, (select o.price from unnest(starts, prices) o (at, price) where o.at <= h order by o.at desc limit 1) as p from generate_series(0, 2399) h) x order by h) as price, floor(random() * 1000)::int + 1400 as at_hour, starts, prices
    from (select 90300 + l as l, array(select min(k) from (select case when k = 1 then 0 else floor(random() * 2390)::int end as k, row_number() over () as i from generate_series(1, 14) k where l > 0) y group by k order by 1) as starts,
      array(select case when random() < 0.8 then 60 + 10 * floor(random() * 7)::bigint end from generate_series(1, 14) where l > 0) as prices from generate_series(1, 320) l) s;
select mp.record_prices(array_agg(listing), array_agg(pg_temp.ago('2400 hours') + make_interval(hours => o.at)), array_agg(o.price)) from hourly, unnest(starts, prices) o (at, price) where o.at is not null;
create function pg_temp.brute_prior(price bigint[], at_hour int, progressive boolean) returns bigint language plpgsql as $$
declare s int; before int; run int; begin
  if price[at_hour + 1] is null then return null; end if;
  s := pg_temp.brute_start(price, at_hour);
  while progressive loop
    before := pg_temp.last_on_offer(price, s - 1);
    exit when before is null or price[before + 1] < price[s + 1];
    run := pg_temp.brute_start(price, before);
    exit when pg_temp.last_on_offer(price, run - 1) is null or price[pg_temp.last_on_offer(price, run - 1) + 1] < price[run + 1];
    s := run;
  end loop;
  return (select min(price[h + 1]) from generate_series(greatest(s - 720, 0), s - 1) h);
end $$;
create function pg_temp.last_on_offer(price bigint[], upto int) returns int language sql as $$ select max(h) from generate_series(0, upto) h where price[h + 1] is not null $$;
create function pg_temp.brute_start(price bigint[], at_hour int) returns int language sql as $$
  select min(h) from generate_series(0, at_hour) h where price[h + 1] = price[at_hour + 1]
    and not exists (select from generate_series(h, at_hour) g where price[g + 1] <> price[at_hour + 1]) $$;
create temp table prior as
  select listing, pg_temp.brute_prior(price, at_hour, false) as expected, mp.prior_price(listing, pg_temp.ago('2400 hours') + make_interval(hours => at_hour)) as said,
    pg_temp.brute_prior(price, at_hour, true) as expected_progressive, mp.prior_price(listing, pg_temp.ago('2400 hours') + make_interval(hours => at_hour), progressive => true) as said_progressive from hourly;
select cmp_ok((select count(distinct expected) from prior), '>', 4::bigint, 'the series differ');
select cmp_ok((select count(*) from prior where expected <> expected_progressive), '>', 5::bigint, 'and some reductions are progressive');
select is((select count(*)::int from prior where said is distinct from expected), 0, 'the prior price is that of the brute force, in 320 series');
select is((select count(*)::int from prior where said_progressive is distinct from expected_progressive), 0, 'with progressive reductions too');
select throws_ok('select mp.prior_price(90301, now(), 0)', '22023', 'days must be between 1 and 3650', 'days are at least one');

-- Discounts
create function pg_temp.story(listing bigint, days int[], prices bigint[], shown bigint[] default null) returns text[] language sql as $$
  select mp.record_prices(array_agg(listing), array_agg(pg_temp.ago(make_interval(days => d))), array_agg(p), array_agg(s)) from unnest(days, prices, shown) o (d, p, s);
  select flags from mp.discount_check(listing) $$;
select is(pg_temp.story(90650, '{200,5}', '{1000,800}', '{null,1000}'), '{}', 'an honest discount has no flags');
select results_eq('select claimed_percent, real_percent, prior_minor from mp.discount_check(90650)', 'values (20.0, 20.0, 1000::bigint)', 'and is worth what it claims');
select is(pg_temp.story(90651, '{200,12,5}', '{1000,1300,1000}', '{null,null,1300}'), '{raised_before_sale,claimed_above_prior}', 'a price raised for the sale is told');
select is(pg_temp.story(90652, '{200,5}', '{1000,1100}', '{null,1500}'), '{claimed_above_prior,dearer_than_prior}', 'a "reduced" price that is dearer too');
select ok('always_on_sale' = any (pg_temp.story(90656, '{200,180,155,130,105,60,40,2}', '{1000,700,1000,700,1000,700,1000,700}')), 'a sale that comes again and again');
select is(pg_temp.story(90653, '{10,5}', '{1000,900}'), '{insufficient_history}', 'a short history too');
select is(pg_temp.story(90654, '{200,0}', '{1000,100}'), '{suspected_glitch}', 'and what is too good for an hour');
select is(pg_temp.story(90655, '{200,20,10,2}', '{1000,900,800,700}'), '{progressive}', 'and reductions step by step');
select is_empty($$select l from generate_series(90650, 90656) l where (select flags from mp.discount_check(l)) is distinct from (select flags from mp.deal_score(l))$$, 'the flags are those of the deal score');
select is_empty($$select l from generate_series(90301, 90620) l cross join pg_temp.ago('700 hours') at where (select prior_minor from mp.discount_check(l, at)) is distinct from mp.prior_price(l, at)$$, 'and the prior price is the prior price');
select mp.ensure_partitions('mp.price_history', 40, 1) \g /dev/null
select mp.record_prices(array[90657, 90657, 90657], array[pg_temp.ago('1100 days'), pg_temp.ago('1000 days'), pg_temp.ago('500 days')], '{1000,800,800}', '{null,1200,1300}') \g /dev/null
select results_eq('select prior_minor, reduced_at from mp.discount_check(90657)', $$values (1000::bigint, pg_temp.ago('1000 days'))$$, 'a reduction of years ago still has its prior price');
select is((select array_length(times, 1) from mp.judged_points(90657, now())), 3, 'for which the history is read as far back as it takes');
select mp.record_prices(array[90658, 90658, 90658, 90658], array[pg_temp.ago('1100 days'), pg_temp.ago('1000 days'), pg_temp.ago('700 days'), pg_temp.ago('50 days')], '{1000,900,850,800}') \g /dev/null
select is((select array_length(times, 1) from mp.judged_points(90658, now())), 3, 'and otherwise no further than to the point that holds when 800 days begin');

-- Tenants
grant select, insert, update, delete on all tables in schema mp to mp_app;
set local role mp_app;
select is((select count(*)::int from mp.price_history where tenant_id <> 901), 0, 'a tenant sees only its history');
set local marketplace.tenant_id = '902';
select is((select count(*)::int from mp.price_history) + (select count(*)::int from mp.price_daily), 0, 'another tenant sees none of it');
select is(mp.prior_price(90650), null, 'and has no prior price of it');
select throws_ok('select mp.record_price(90650, now(), 1)', '23503', 'listing 90650 does not exist', 'nor can it record any');
select throws_ok($$insert into mp.price_history values (901, 90650, now(), 1, null, 'feed')$$, '42501', null, 'nor write the history itself');
select lives_ok('select mp.record_price(99901, now(), 1)', 'its own it can');
select is((select sum(c)::int from (select (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %s', inhrelid::regclass), false, true, '')))[1]::text::int as c from pg_inherits where inhparent = 'mp.price_history'::regclass) x), 0, 'and partitions show nothing when asked directly');
reset role;
set local role mp_nobody;
select throws_ok('select mp.record_price(90650, now(), 1)', '42501', null, 'a role without a tenant can''t');
reset role;

-- The deal score
set local marketplace.tenant_id = '901';
insert into mp.listings (tenant_id, id, product_id, retailer_id) values (901, 70001, 9700, 901), (901, 70002, 9700, 902);
select mp.ensure_partitions('mp.price_history', 12, 1) \g /dev/null
select mp.record_prices(array[70001, 70001, 70002], array[pg_temp.ago('200 days'), pg_temp.ago('2 days'), pg_temp.ago('200 days')], array[10000, 7000, 9800], array[null, 12000, null]) \g /dev/null
select results_eq('select verdict, prior_minor, ''claimed_above_prior'' = any (flags) from mp.deal_score(70001)', $$values ('excellent', 10000::bigint, true)$$, 'a deal: its score, its prior price, its flags');
select ok((select (components ->> 'market')::float > 0.25 from mp.deal_score(70001)), 'what the other shop asks counts');
select ok((select score <= 50 from mp.deal_score(70002)), 'a price that never moved is none');
select is_empty('select * from mp.deal_score(1)', 'no listing, no row');
set local marketplace.tenant_id = '902';
select is_empty('select * from mp.deal_score(70001)', 'another tenant''s listing is none');
select * from finish();
rollback;
