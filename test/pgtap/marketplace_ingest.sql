-- Recording prices past the executor: the same rows, results and refusals as by SQL. Two marketplaces get the same: mp directly, mq by SQL.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select deal_advisor.marketplace_install('mq') \g /dev/null
select plan(57);
set local timezone = 'America/New_York';
select setseed(0.2718281);
create function pg_temp.ago(span interval) returns timestamptz language sql stable as $$ select date_trunc('hour', now()) - span $$;
create function pg_temp.in_both(statement text) returns void language plpgsql as $$
begin
  execute replace(statement, '@', 'mp'); execute replace(statement, '@', 'mq');
end $$;
create role mp_ingest_app;
select pg_temp.in_both($$insert into @.tenants (id, name, slug) values (901, 'One', 'one'), (902, 'Two', 'two');
  insert into @.database_roles (role_name, kind) values ('mp_ingest_app', 'application');
  insert into @.retailers (id, name, slug) select i, 'Shop ' || i, 'shop-' || i from generate_series(1, 4) i;
  insert into @.products (tenant_id, id, name) select 901, i, 'Thing ' || i from generate_series(1, 40) i;
  insert into @.products (tenant_id, id, name) values (902, 99, 'Foreign thing');
  insert into @.listings (tenant_id, id, product_id, retailer_id, url) select 901, i, 1 + i % 40, 1 + i / 40, 'https://example.com/' || i from generate_series(1, 119) i;
  insert into @.listings (tenant_id, id, product_id, retailer_id) values (902, 999, 99, 1);
  update @.listings set deleted_at = now() where id = 119;
  update @.listings set currency = 'USD' where id = 118;
  select @.ensure_price_partitions(16, 1);
  grant usage on schema @ to mp_ingest_app; grant select, insert, update, delete on all tables in schema @ to mp_ingest_app;
  create table @.told (n bigint generated always as identity, tenant bigint, listings bigint[], times timestamptz[], old_prices bigint[], new_prices bigint[]);
  create or replace function @.queue_price_changes(tenant bigint, listings bigint[], times timestamptz[], old_prices bigint[], new_prices bigint[]) returns void
    language sql begin atomic insert into @.told (tenant, listings, times, old_prices, new_prices) values ($1, $2, $3, $4, $5); end;
  grant insert on @.told to mp_ingest_app$$);
set local marketplace.tenant_id = '901';
select is(deal_advisor.marketplace_record_obstacle('mp', 901), null, 'nothing stands in the way in a new marketplace');
create temp table tally (round int, way text, stored bigint, rest int, error text);
create function pg_temp.record(way text, listings bigint[], times timestamptz[], prices bigint[], shown bigint[], source text default 'feed') returns text language plpgsql as $$
declare
  result text; message text; state text; hint text;
begin
  execute format('set local deal_advisor.ingest_rows = %s', case way when 'mp' then 1 else 2147483647 end);
  execute format('select %I.record_prices($1, $2, $3, $4, $5::%I.price_source)', way, way) into result using listings, times, prices, shown, source;
  return result;
exception when others then
  get stacked diagnostics message = message_text, state = returned_sqlstate, hint = pg_exception_hint;
  return state || ': ' || replace(message, 'mq.', 'mp.') || ' / ' || replace(hint, 'mq.', 'mp.');
end $$;
create function pg_temp.both(listings bigint[], times timestamptz[], prices bigint[], shown bigint[], source text default 'feed') returns table (direct text, by_sql text) language sql as $$
  select pg_temp.record('mp', listings, times, prices, shown, source), pg_temp.record('mq', listings, times, prices, shown, source) $$;
create function pg_temp.differences() returns setof text language sql as $$
  (select 'listing ' || l::text from mp.listings l where true) except (select 'listing ' || l::text from mq.listings l) union all
  (select 'history ' || h::text from mp.price_history h) except (select 'history ' || h::text from mq.price_history h) union all
  (select 'day ' || d::text from mp.price_daily d) except (select 'day ' || d::text from mq.price_daily d) union all
  (select format('product %s %s %s', p.id, p.best_price_minor, p.best_listing_id) from mp.products p) except (select format('product %s %s %s', p.id, p.best_price_minor, p.best_listing_id) from mq.products p) $$;
create function pg_temp.counts(schema text) returns text language plpgsql as $$
declare result text;
begin
  execute replace('select concat_ws('' '', (select count(*) from @.listings), (select count(*) from @.price_history), (select count(*) from @.price_daily), (select sum(n) from @.price_daily),
    (select md5(string_agg(c::text, '','' order by c::text)) from (select t.tenant, u.* from @.told t, unnest(t.listings, t.times, t.old_prices, t.new_prices) u) c))', '@', schema) into result;
  return result;
end $$;

-- Random batches: new and late observations, repeats, nulls, "was" prices, many of a listing, prices that come back.
create temp table round_result (round int, direct text, by_sql text, differences bigint, counts_same boolean);
do $$
declare
  batch record;
begin
  for round in 1 .. 60 loop
    select array_agg(o.listing order by o.r) as listings, array_agg(o.at order by o.r) as times, array_agg(o.price order by o.r) as prices, array_agg(o.shown order by o.r) as shown into batch
      from (select distinct on (listing, at) * from (
        select 1 + floor(random() * 118)::bigint as listing,
            pg_temp.ago(make_interval(hours => case when random() < 0.9 then 14 * 24 * 30 - round * 24 * 7 + floor(random() * 24 * 14)::int else floor(random() * 24 * 400)::int end,
              secs => floor(random() * 3)::int)) as at,
            case when random() < 0.85 then 100 + floor(random() * (case when random() < 0.5 then 4 else 200 end))::bigint end as price,
            case when random() < 0.2 then 150 + floor(random() * 2)::bigint end as shown, random() as r
          from generate_series(1, 150)) g order by listing, at) o;
    insert into round_result select round, b.direct, b.by_sql, (select count(*) from pg_temp.differences()), pg_temp.counts('mp') = pg_temp.counts('mq')
      from pg_temp.both(batch.listings, batch.times, batch.prices, batch.shown, (array['feed', 'crawl', 'api'])[1 + round % 3]) b;
  end loop;
end $$;
select is((select count(*)::int from round_result where direct is distinct from by_sql), 0, '60 random batches: both ways say the same');
select is((select sum(differences)::int from round_result), 0, 'all four tables are the same after each');
select is((select count(*)::int from round_result where not counts_same), 0, 'no way has more rows, and alerts are told the same changes');
select cmp_ok((select sum(direct::bigint) from round_result where direct ~ '^[0-9]+$'), '>', 2000::numeric, 'and there was much to store');
select cmp_ok((select count(*) from mp.told), '>', 50::bigint, 'and to tell');
