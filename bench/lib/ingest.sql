-- The data of bench/ingest, in schema mp. Variables: seen (listings that are observed), spread (one of so many is, about), changed (of
-- 1024, how many get another price), points (that the history has of each already).
-- Five shops offer each product; one listing in `spread` is observed, none of them the cheapest of its product.
\set total (:seen * :spread * 5 / 4)
set client_min_messages = warning;
set session_replication_role = replica;
insert into mp.tenants (id, name, slug) values (1, 'Bench', 'bench');
insert into mp.retailers (id, name, slug) select i, 'Shop ' || i, 'shop-' || i from generate_series(1, 5) i;
insert into mp.categories (id, name, slug, path) select i, 'Category ' || i, 'category-' || i, i || '/' from generate_series(1, 100) i;
insert into mp.products (tenant_id, id, name, description, category_id, attrs, best_price_minor, best_listing_id)
  select 1, i, 'Product ' || i || ' ' || md5(i::text), 'What it is: ' || md5((7 * i)::text) || ' and ' || md5((13 * i)::text), 1 + i % 100, jsonb_build_object('color', i % 10, 'ram', i % 7), 100, 5 * i
    from generate_series(1, (:total) / 5) i;
select mp.ensure_partitions('mp.price_history', 3, 1) \g /dev/null
create temp view listed as
  select i as id, case when i % :spread = 0 and i % 5 <> 0 then 1500 + (hashint8(i) & 1023) when i % 5 = 0 then 100 else 1000 + (hashint8(i) & 255) end::bigint as price,
      case when i % :spread = 0 and i % 5 <> 0 then 1501 + (hashint8(i) & 1023) + (hashint8(7 * i) & 255) when i % 5 = 0 then 101 else 2000 end::bigint as price_before,
      date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '1 day' as bench_day, make_interval(secs => (i % 80000)::int) as second
    from generate_series(1, :total) i;
insert into mp.listings (tenant_id, id, product_id, retailer_id, url, last_price_minor, prev_price_minor, low_30_minor, low_90_minor, low_365_minor, low_all_minor, last_changed_at, last_seen_at, in_stock)
  select 1, id, 1 + (id - 1) / 5, 1 + (id - 1) % 5, 'https://shop.example/offer/' || id, price, price_before, least(price, price_before), least(price, price_before), least(price, price_before), least(price, price_before),
      bench_day - interval '10 days' + second, bench_day - interval '10 days' + second, true from listed;
insert into mp.price_history (tenant_id, listing_id, observed_at, price_minor)
  select 1, id, bench_day - interval '10 days' - (d - 1) * interval '10 days' / greatest(:points - 1, 1) + second, case when d % 2 = 1 then price else price_before + (d > 2)::int * d end
    from listed, generate_series(:points, 1, -1) d order by id, d desc;
insert into mp.price_daily (tenant_id, listing_id, day, min_minor, max_minor, sum_minor, n, absent, last_minor, last_at)
  select 1, id, (bench_day at time zone 'UTC')::date - 10 * d, p, p, p, 1, 0, p, bench_day - d * interval '10 days' + second
    from (select l.*, d, case d when 1 then price else price_before end as p from listed l, generate_series(2, 1, -1) d) l;
reset session_replication_role;
set marketplace.tenant_id = '1';
-- Half of what is observed has been observed before on that day.
select mp.record_prices(array_agg(id), array_agg(bench_day + interval '1 minute' + second / 80), array_agg(price)) from listed where id % (2 * :spread) = 0 and id % 5 <> 0 \g /dev/null
-- Observations: 1 2/3 a listing.
create table mp.observations as
  select o.id as listing_id, o.at as observed_at, case when (hashint8(3 * o.id) & 1023) < :changed then greatest(1, o.price + 1 + (hashint8(o.id + o.n) & 255) - case when o.n = 1 then 0 else 128 end) else o.price end::bigint as price_minor
    from (select l.id, l.price, n, l.bench_day + make_interval(hours => 1 + n) + l.second / 80 as at from listed l, generate_series(1, 2) n
      where l.id % :spread = 0 and l.id % 5 <> 0 and (n = 1 or (l.id / :spread) % 3 <> 0)) o
    order by hashint8(o.id * 2 + o.n);
-- The yardstick: the same table with the same rows, without its foreign key.
create table mp.copied (like mp.price_history including all) partition by range (observed_at);
do $$
declare
  leaf record;
begin
  for leaf in select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'mp.price_history'::regclass loop
    execute format('create table mp.%I partition of mp.copied %s', 'copied_' || leaf.name, leaf.bound);
  end loop;
end $$;
insert into mp.copied select * from mp.price_history order by tenant_id, listing_id, observed_at;
vacuum analyze;
