-- What index_advice charges for writes, and what a net budget may spend.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists written cascade;
create schema written;
create table written.listings (id int primary key, retailer int not null, sku int not null, url int not null, price int not null, seen int not null, pad text) with (fillfactor = 80);
insert into written.listings select i, i * 7919 % 400, i * 31 % 30011, i, i % 1000, i * 17 % 30011, repeat('x', 60) from generate_series(1, 40000::bigint) i;
create index on written.listings (url);
create index on written.listings (sku);
create table written.summarised (like written.listings including all);
insert into written.summarised select * from written.listings;
create index on written.summarised using brin (seen);
create table written.expressed (like written.listings including all);
insert into written.expressed select * from written.listings;
create index on written.expressed (abs(seen)) where pad <> '';
create table written.moved (like written.listings);
insert into written.moved select * from written.listings;
create index moved_retailer on written.moved (retailer);
vacuum (analyze) written.listings, written.summarised, written.expressed, written.moved;

begin;
set local jit = off;
set local max_parallel_workers_per_gather = 0;
select no_plan();
create function pg_temp.statement(query text, calls float8 default 1) returns deal_advisor.statement
language sql as $$select row(query, calls, 1.0, null, null, null, null)::deal_advisor.statement$$;
-- The write cost of one call of `write` that an index on `seen` brings, in entries of one index
create function pg_temp.entries(tab text, write text) returns numeric language sql as $$
  select round((a.write_cost / i.write_cost * 1000)::numeric, 3)
  from deal_advisor.index_advice(workload => array[pg_temp.statement(format('select id from written.%I where seen = $1', tab), 1e7),
         pg_temp.statement(format(write, tab), 1000)]) a,
       deal_advisor.index_advice(workload => array[pg_temp.statement(format('select id from written.%I where seen = $1', tab), 1e7),
         pg_temp.statement(format('insert into written.%I (id) values ($1)', tab), 1e6)]) i
  where a.ddl[1] ~ '\(seen' and i.ddl[1] ~ '\(seen'$$;

-- An insert makes one entry in the new index; an update that was heap-only until now makes one in every index
select is(pg_temp.entries('listings', 'insert into written.%I (id) values ($1)'), 1.000, 'insert: one entry');
select is(pg_temp.entries('listings', 'update written.%I set price = $1 where id = $2'), 0.000, 'a heap-only update stays so: nothing');
select ok(pg_temp.entries('listings', 'update written.%I set seen = $1 where id = $2') between 3.8 and 5, 'lost heap-only update: one entry in each of four indexes');
select is(pg_temp.entries('listings', 'update written.%I set url = $1 where id = $2'), 1.000, 'an update that is not heap-only anyway: one entry, whatever it changes');
select is(pg_temp.entries('expressed', 'update written.%I set seen = $1 where id = $2'), 1.000, 'an expression holds the column already');
select is(pg_temp.entries('expressed', 'update written.%I set pad = $1 where id = $2'), 1.000, 'a predicate too');
select case when current_setting('server_version_num')::int >= 160000
  then ok(pg_temp.entries('summarised', 'update written.%I set seen = $1 where id = $2') > 4, 'BRIN on the column keeps updates heap-only from 16 on')
  else is(pg_temp.entries('summarised', 'update written.%I set seen = $1 where id = $2'), 1.000, 'BRIN on the column ends heap-only updates before 16') end;

-- A hot column, a cold query
create temp table advised as
select u.updates, a.* from (values (0), (10), (10000)) u (updates)
left join lateral deal_advisor.index_advice(workload => array[
  pg_temp.statement('select * from written.listings where seen = $1', 10),
  pg_temp.statement('select * from written.listings where price = $1 and retailer = $2', 100),
  pg_temp.statement('update written.listings set seen = $1 where id = $2', greatest(u.updates, 1e-6))]) a on true;
select isnt_empty($$select 1 from advised where updates = 0 and ddl[1] ~ '\(seen'$$, 'hardly updated: an index on the column');
select isnt_empty($$select 1 from advised where updates = 10 and ddl[1] ~ '\(seen'$$, 'now and then: the query is worth it');
select is_empty($$select 1 from advised where updates = 10000 and ddl[1] ~ 'seen'$$, 'updated all the time: no index breaks heap-only updates for a cold query');
select isnt_empty($$select 1 from advised where updates = 10000 and ddl[1] ~ 'retailer'$$, 'other columns of the same table get theirs');

-- A net budget
create function pg_temp.net(budget bigint, net boolean default true) returns setof deal_advisor.index_advice_row language sql as $$
  select * from deal_advisor.index_advice(workload => array[pg_temp.statement('select * from written.moved where retailer = $1 and price = $2', 100)],
    schemas => '{written}', max_columns => 2, budget => budget::text, options => jsonb_build_object('budget_is_net', net))
  where relation = 'written.moved'$$;
create temp table sizes as select pg_relation_size('written.moved_retailer') as old,
  (select est_bytes from pg_temp.net(1000000000) where action = 'replace' and rank = 1) as new;
select ok(new > old, 'the wider index is larger') from sizes;
select is((select action from pg_temp.net(new)), 'replace', 'room for all of it') from sizes;
select is((select action from pg_temp.net(new - old + old / 100)), 'replace', 'what the replaced one gives back pays for it') from sizes;
select is((select replaces from pg_temp.net(new - old + old / 100)), '{written.moved_retailer}', 'and that goes') from sizes;
select is_empty($$select * from sizes, pg_temp.net(new - old - old / 20)$$, 'less than the difference is too little');
select is_empty($$select * from sizes, pg_temp.net(new - old + old / 100, false)$$, 'a gross budget counts the new bytes alone');

select * from finish();
rollback;
drop schema written cascade;
