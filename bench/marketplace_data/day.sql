-- A marketplace of LISTINGS listings (schema small), and beside it what a table is that keeps every observation of them: a hundred each in
-- 174 days, in the order of time, in monthly partitions with an index on the time. The prices of the last week went through record_prices,
-- hour by hour, so that listings lie as it leaves them.
\set ON_ERROR_STOP on
set client_min_messages = warning;
set timezone = 'UTC';
set synchronous_commit = off;
set max_parallel_workers_per_gather = 0;
\ir ../lib/spread.sql
select deal_advisor.marketplace_install('small', '{"modules": ["pricing"]}') \g /dev/null
select small.ensure_partitions('small.price_history', 2, 1) \g /dev/null
create schema if not exists bench;
select 100 * :listings::bigint as observations, now() as loaded_at \gset

create table bench.observation (listing_id bigint not null, price bigint not null, at timestamptz not null) partition by range (at);
select format('create table bench.%I partition of bench.observation for values from (%L) to (%L)', to_char(month, '"observation_"YYYYMM'), month, month + interval '1 month')
  from (select date_trunc('month', :'loaded_at'::timestamptz - interval '174 days') + i * interval '1 month' as month from generate_series(0, 6) i) m \gexec
insert into bench.observation
  select o.listing, floor((500 + 20000 * pg_temp.u(o.listing, 1)) * (0.9 + 0.02 * floor(10 * pg_temp.u(o.listing * 100 + o.n * 30 / :observations, 2)))), o.at
    from (select n, pg_temp.pick(:listings, pg_temp.u(n, 3)) as listing, :'loaded_at'::timestamptz - interval '174 days' * (1 - n::float8 / :observations) as at
            from generate_series(1, :observations) n) o order by o.at;
create index on bench.observation (at);
vacuum analyze bench.observation;

insert into small.tenants (id, name, slug) values (1, 'Small', 'small');
insert into small.retailers (id, name, slug) values (1, 'Shop', 'shop');
insert into small.products (tenant_id, id, name) select 1, i, 'Product ' || i from generate_series(1, :listings) i;
insert into small.listings (tenant_id, id, product_id, retailer_id, url, currency) select 1, i, i, 1, 'https://shop.example/products/' || i, 'EUR' from generate_series(1, :listings) i;

-- Records what was observed from one time to another, of each listing the newest of these.
create procedure bench.replay(from_time timestamptz, to_time timestamptz) language plpgsql as $$
declare
  seen record;
begin
  perform set_config('marketplace.tenant_id', '1', true);
  for seen in
    select array_agg(o.listing_id) as listings, array_agg(o.at) as times, array_agg(o.price) as prices
      from (select distinct on (n.listing_id) n.* from bench.observation n where n.at >= from_time and n.at < to_time order by n.listing_id, n.at desc) o group by o.listing_id / 20000
  loop
    perform small.record_prices(seen.listings, seen.times, seen.prices);
  end loop;
end $$;
select date_trunc('hour', :'loaded_at'::timestamptz) - interval '7 days' as week_ago \gset
call bench.replay(greatest(:'week_ago'::timestamptz - interval '40 days', date_trunc('month', :'loaded_at'::timestamptz) - interval '1 month'), :'week_ago');
vacuum (full) small.listings;
\echo '  a week, hour by hour'
select format('call bench.replay(%L, %L)', :'week_ago'::timestamptz + i * interval '1 hour', :'week_ago'::timestamptz + (i + 1) * interval '1 hour') from generate_series(0, 7 * 24) i
union all select 'vacuum small.listings' \gexec
create table bench.latest as select l.id as listing, l.last_price_minor::bigint as price, l.last_seen_at as at from small.listings l;
vacuum (analyze);
