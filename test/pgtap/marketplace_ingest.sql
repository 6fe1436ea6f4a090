-- Recording prices past the executor: the same rows, results and refusals as by SQL. Two marketplaces get the same: mp directly, mq by SQL.
begin;
set local client_min_messages = warning;
select deal_advisor.marketplace_install('mp') \g /dev/null
select deal_advisor.marketplace_install('mq') \g /dev/null
select plan(72);
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
  select @.ensure_partitions('@.price_history', 16, 1);
  grant usage on schema @ to mp_ingest_app; grant select, insert, update, delete on all tables in schema @ to mp_ingest_app;
  create table @.told (n bigint generated always as identity, tenant bigint, listings bigint[], times timestamptz[], old_prices bigint[], new_prices bigint[]);
  create or replace function @.prices_changed(tenant bigint, listings bigint[], times timestamptz[], old_prices bigint[], new_prices bigint[]) returns void
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
select isnt((select stored from deal_advisor.marketplace_record_prices('mp', 901, '{1}', array[now()], '{77}', '{null}', 'feed')), null, 'mp is really written directly');
select mp.record_prices('{1}', array[now()], '{77}', '{null}'), mq.record_prices('{1}', array[now()], '{77}', '{null}') \g /dev/null

-- The same refusals
create function pg_temp.same(listings bigint[], times timestamptz[], prices bigint[], shown bigint[], says text, what text, source text default 'feed') returns setof text language plpgsql as $$
declare
  said record;
begin
  select * into said from pg_temp.both(listings, times, prices, shown, source);
  return next is(said.direct, said.by_sql, what || ': the same by both ways');
  return next matches(said.direct, says, what || ': refused');
end $$;
select pg_temp.same('{1,2,3}', array[now(), now()], '{1,2,3}', '{null,null,null}', '^2202E', 'arrays of other lengths');
select pg_temp.same('{{1,2}}', array[array[now(), now()]], '{{1,2}}', '{{null,null}}', '^22023', 'two dimensions');
select pg_temp.same('{1,null}', array[now(), now()], '{1,2}', '{null,null}', '^22004: observation 2 has no listing', 'no listing');
select pg_temp.same('{1,2}', array[now(), null], '{1,2}', '{null,null}', '^22004: observation 2 has no time', 'no time');
select pg_temp.same('{1,2}', array[now(), 'infinity'], '{1,2}', '{null,null}', '^22008', 'no real time');
select pg_temp.same('{1,2}', array[now(), date_trunc('hour', now()) + interval '5 hours'], '{1,2}', '{null,null}', '^22008', 'the future');
select pg_temp.same('{1,2}', array[now(), now()], '{1,0}', '{null,null}', '^22003', 'price 0');
select pg_temp.same('{1,2}', array[now(), now()], '{1,2}', '{null,10000000000001}', '^22003', 'a "was" price too high');
select pg_temp.same('{1,2,1}', array[now(), now(), now()], '{1,2,3}', '{null,null,null}', '^21000', 'one moment twice');
select pg_temp.same('{1,2,77777}', array[now(), now(), now()], '{1,2,3}', '{null,null,null}', '^23503: listing 77777 does not exist', 'no such listing');
select pg_temp.same('{1,2,119}', array[now(), now(), now()], '{1,2,3}', '{null,null,null}', '^23503: listing 119 does not exist', 'a deleted listing');
select pg_temp.same('{1,2,999}', array[now(), now(), now()], '{1,2,3}', '{null,null,null}', '^23503: listing 999 does not exist', 'another tenant''s listing');
select pg_temp.same('{1,117}', array[now(), '1999-01-01'], '{1,2}', '{null,null}', '^23514: price_history has no partition', 'a time without partition');
select pg_temp.same('{1}', array[now()], '{1}', '{null}', '^22P02', 'an unknown source', 'rumour');
select is((select count(*)::int from pg_temp.differences()), 0, 'what was refused has changed nothing');

-- What stands in the way
create function pg_temp.obstacle_after(statement text) returns text language plpgsql as $$
declare
  said text;
begin
  begin
    execute statement;
    said := deal_advisor.marketplace_record_obstacle('mp', 901);
    raise exception using errcode = 'P0099';
  exception when sqlstate 'P0099' then
    return said;
  end;
end $$;
create function pg_temp.noted() returns trigger language plpgsql as 'begin return new; end';
select matches(pg_temp.obstacle_after('create trigger t after update on mp.listings for each row execute function pg_temp.noted()'), 'trigger t', 'a trigger of the user''s');
select matches(pg_temp.obstacle_after('create trigger t before insert on mp.price_history for each row execute function pg_temp.noted()'), 'trigger t', 'one on the history');
select matches(pg_temp.obstacle_after('create trigger t after update of last_price_minor on mp.listings for each row execute function pg_temp.noted()'), 'trigger t', 'one on a price column');
select is(pg_temp.obstacle_after('create trigger t after update of url on mp.listings for each row execute function pg_temp.noted()'), null, 'one on another column is none');
select matches(pg_temp.obstacle_after('alter table mp.price_history add constraint c check (price_minor <> 13)'), 'constraint c', 'a check');
select matches(pg_temp.obstacle_after('alter domain mp.price_minor add constraint c check (value <> 13)'), 'constraint c', 'a check of the domain');
select matches(pg_temp.obstacle_after('alter table mp.price_daily add column extra int default 7'), 'columns', 'a column of the user''s');
select matches(pg_temp.obstacle_after('alter table mp.price_history add column note text'), 'columns', 'one of the history');
select matches(pg_temp.obstacle_after('create rule r as on update to mp.listings do also nothing'), 'rule r', 'a rule');
select matches(pg_temp.obstacle_after('create unique index u on mp.listings (tenant_id, id, last_price_minor)'), 'index', 'a unique index on a price');
select is(pg_temp.obstacle_after('create index i on mp.listings (tenant_id, last_price_minor)'), null, 'an index on a price is none');
select matches(pg_temp.obstacle_after('create table mp.child () inherits (mp.listings)'), 'inheritance', 'a child table');
select matches(pg_temp.obstacle_after('create table mp.other partition of mp.price_history default; insert into mp.price_history values (901, 1, ''1990-01-01'', 5)'), 'partition', 'rows in a default partition');
select is(pg_temp.obstacle_after('create table mp.other partition of mp.price_history default'), null, 'an empty default partition is none');

-- Who is acting
set local role mp_ingest_app;
select is(deal_advisor.marketplace_record_obstacle('mp', 901), null, 'a role under row security writes directly as well');
select matches(deal_advisor.marketplace_record_obstacle('mp', 902), 'another tenant', 'but for its own tenant only');
select is_empty($$select * from deal_advisor.marketplace_record_prices('mp', 902, '{999}', array[now()], '{5}', '{null}', 'feed')$$, 'another tenant''s listing is not written, whoever asks');
select is(d.direct, d.by_sql, 'under row security both ways do the same') from pg_temp.both('{3,4,5,6}', array[now(), now(), now(), now()], '{201,202,203,null}', '{null,500,null,null}') d;
reset role;
select is((select count(*)::int from pg_temp.differences()), 0, 'to the rows as well');
select is((select count(*)::int from mp.price_history where tenant_id = 902), 0, 'and never to another tenant''s');
create policy narrower on mp.listings as restrictive for update using (id <> 7);
set local role mp_ingest_app;
select matches(deal_advisor.marketplace_record_obstacle('mp', 901), 'row security of listings', 'a policy of the user''s stands in the way');
reset role;
drop policy narrower on mp.listings;
revoke update on mp.price_daily from mp_ingest_app;
set local role mp_ingest_app;
select matches(deal_advisor.marketplace_record_obstacle('mp', 901), 'no right to UPDATE on price_daily', 'so does a right that is missing');
select throws_ok('select mp.record_price(8, now(), 5)', '42501', null, 'and SQL refuses what it may not write');
reset role;
grant update on mp.price_daily to mp_ingest_app;

-- Columns that are gone
select pg_temp.in_both('alter table @.price_daily add column gone text; alter table @.price_history add column gone text; alter table @.listings add column gone text') \g /dev/null
select pg_temp.in_both('alter table @.price_daily drop column gone; alter table @.price_history drop column gone; alter table @.listings drop column gone') \g /dev/null
select is(deal_advisor.marketplace_record_obstacle('mp', 901), null, 'columns that were dropped stand in nobody''s way');
select is(d.direct, d.by_sql, 'both ways do the same') from pg_temp.both('{10,10,11,12}', array[now() + interval '1 second', now() + interval '2 seconds', now() + interval '1 second', now() + interval '1 second'], '{401,402,403,null}', '{null,500,null,null}') d;
select is((select count(*)::int from pg_temp.differences()), 0, 'to the rows as well');
select matches(pg_temp.obstacle_after((select string_agg(format('alter table mp.price_daily add column c%1$s text; alter table mp.price_daily drop column c%1$s', i), '; ') from generate_series(1, 8) i)), 'columns', 'unless they are many');

-- Feeding
insert into mp.price_feed (listing_id, observed_at, price_minor, list_price_minor, source)
  select l, now() + make_interval(secs => l), 300 + l, case when l % 3 = 0 then 900 end, (array['feed', 'api'])[1 + l % 2]::mp.price_source from generate_series(1, 60) l;
insert into mp.price_feed (listing_id, observed_at, price_minor) values (null, now(), 1), (20, null, 1), (20, 'infinity', 1), (20, now(), 0), (77777, now(), 5), (119, now(), 5), (21, '1999-01-01', 5), (22, now() + interval '22 seconds', 7);
insert into mp.price_feed (tenant_id, listing_id, observed_at, price_minor) values (902, 999, now(), 7);
select is((select count(*)::int from mp.feed_chunks(901, 10)), 7, 'the feed comes in chunks');
select mp.record_feed_chunk(c) from mp.feed_chunks(901, 10) c;
select is((select count(*)::int from mp.price_feed where tenant_id = 901), 0, 'nothing of it is left');
select is((select count(*)::int from mp.price_feed where tenant_id = 902), 1, 'but another tenant''s');
select is((select count(*)::int from mp.listings where id between 1 and 60 and id <> 22 and last_price_minor = 300 + id), 59, 'what could be recorded is');
select results_eq('select reason from mp.price_feed_rejects order by reason collate "C"', $$values ('a price is out of range'), ('it has no listing'), ('it has no time'), ('it is in the future or at no time'),
  ('price_history has no partition for a time between 1999-01-01 00:00:00-05 and 1999-01-01 00:00:00-05'), ('the listing does not exist'), ('the listing does not exist'), ('the listing is observed twice at this time')$$, 'what couldn''t has become rejects with their reason');
select throws_ok('select mp.feed_chunk_rows(0)', '22023', 'chunk must be between 1 and 900000', 'no empty chunks');

-- The indexes agree with the tables, whatever wrote them.
create extension if not exists amcheck;
select is((select count(bt_index_check(i.indexrelid, true))::int from pg_index i join pg_class c on c.oid = i.indrelid join pg_am a on a.oid = (select relam from pg_class x where x.oid = i.indexrelid)
  where c.relnamespace = 'mp'::regnamespace and c.relkind = 'r' and a.amname = 'btree' and (select relkind from pg_class x where x.oid = i.indexrelid) = 'i') > 20, true, 'every B-tree is whole, and has every row');

-- Without the extension
set local deal_advisor.ingest_rows = 1;
drop extension deal_advisor cascade;
create schema if not exists deal_advisor;
create function deal_advisor.marketplace_record_prices(schema name, tenant bigint, listings bigint[], times timestamptz[], prices bigint[], list_prices bigint[], source text, out stored bigint, out rest integer[])
  returns setof record language sql as 'select 666::bigint, ''{}''::int[]';
select is(mp.record_prices('{61,62}', array[now(), now()], '{41,42}'), 2::bigint, 'prices are recorded without the extension, and not by what somebody has put in its place');
select is((select sum(last_price_minor)::int from mp.listings where id in (61, 62)), 83, 'and are there');
select * from finish();
rollback;
