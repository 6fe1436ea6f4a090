-- index_advice drops what nobody scans, but only when it may be believed and no statement of the workload misses it.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists idle cascade;
create schema idle;
create table idle.orders (id int primary key, customer int not null, status text not null, at timestamptz not null, note text, tags text[], ref int unique, kept int not null);
insert into idle.orders select i, i * 7919 % 3000, case when i % 50 = 0 then 'P' else 'F' end,
  timestamptz '2024-01-01 00:00+00' + i::int * interval '1 min', 'n' || i, array['t' || i % 50], i, i % 100 from generate_series(1, 40000::bigint) i;
create table idle.lines (id int primary key, order_id int not null references idle.orders, product int not null);
insert into idle.lines select i, 1 + i * 31 % 40000, i % 500 from generate_series(1, 40000::bigint) i;
create index scanned on idle.orders (at);
create index wanted on idle.orders (customer);            -- not scanned so far, but the workload would
create index nobodys on idle.orders (note);
create index nobodys_gin on idle.orders using gin (tags);
create index nobodys_expression on idle.orders (lower(note));
create index for_key on idle.lines (order_id);            -- a foreign key's
create unique index never_dropped on idle.orders (id, status);
alter table idle.orders replica identity using index never_dropped;
create index clustered on idle.orders (kept);
alter table idle.orders cluster on clustered;
create table idle.parted (id int not null, a int, b int) partition by range (id);
create table idle.parted_1 partition of idle.parted for values from (0) to (20000);
create table idle.parted_2 partition of idle.parted for values from (20000) to (40001);
insert into idle.parted select i, i % 1000, i % 70 from generate_series(1, 40000) i;
create index on idle.parted (a);
create index only_here on idle.parted_1 (b);
vacuum (analyze) idle.orders, idle.lines, idle.parted;
select pg_stat_reset();
set enable_seqscan = off;
select count(*) from idle.orders where at = '2024-01-03 00:00+00';
reset enable_seqscan;
select pg_stat_force_next_flush();
begin;
set local jit = off;
select plan(14);
create function pg_temp.statement(query text, calls float8 default 1) returns deal_advisor.statement
language sql as $$ select row(query, calls, 1, null, null, null, null)::deal_advisor.statement $$;
create temp table workload as select array[
  pg_temp.statement('select * from idle.orders where customer = $1', 50),
  pg_temp.statement('select * from idle.orders where id = $1', 50),
  pg_temp.statement('insert into idle.orders (id, customer, status, at, kept) values ($1, $2, $3, $4, $5)', 500)] as w;
create temp table advised as select a.* from workload, deal_advisor.index_advice(workload => w, schemas => '{idle}', options => '{"unused_after": 0}') a;
select is((select array_agg(index_name order by index_name) from advised where action = 'drop'),
  '{idle.nobodys,idle.nobodys_expression,idle.nobodys_gin,idle.only_here}', 'what goes, and what stays: scanned, wanted, unique, replica identity, clustered, of a foreign key, of a partitioned table');
select is((select array_agg(est_bytes order by rank) from advised where action = 'drop'),
  (select array_agg(est_bytes order by est_bytes desc) from advised where action = 'drop'), 'the largest first');
select ok(est_bytes = pg_relation_size('idle.nobodys') and write_cost > 0 and confidence < 0.61 and relation = 'idle.orders', 'bytes, what its writes cost, how sure')
from advised where index_name = 'idle.nobodys';
select ok(why ~ '^Not scanned once in .* since the statistics began .* standbys'' counters .* not counted here.* Without it the workload costs nothing more\.$', 'both figures, and where else to look: ' || why)
from advised where index_name = 'idle.nobodys';
select is(ddl, '{"drop index concurrently idle.nobodys"}', 'how to drop it') from advised where index_name = 'idle.nobodys';
select is(rollback, '{"CREATE INDEX CONCURRENTLY nobodys_expression ON idle.orders USING btree (lower(note))"}', 'how to get it back') from advised where index_name = 'idle.nobodys_expression';
select is(count(*), 0::bigint, 'the workload costs as much as before') from advised where action = 'drop' and (cost_after <> cost_before or benefit_pct <> 0);

-- Statistics that are too young say nothing
select is_empty($$select 1 from workload, deal_advisor.index_advice(workload => w, schemas => '{idle}') where action = 'drop'$$, 'nor is anything unused after a moment');
select is_empty($$select 1 from workload, deal_advisor.index_advice(workload => w, schemas => '{idle}', options => '{"unused_after": 0.5}') where action = 'drop'$$, 'half a day');
-- One statement says nothing of the others
select is_empty($$select 1 from deal_advisor.index_advice('select * from idle.orders where id = $1', schemas => '{idle}', options => '{"unused_after": 0}') where action = 'drop'$$, 'a single statement');
select is_empty($$select 1 from deal_advisor.index_advice(workload => array[pg_temp.statement('select * from idle.orders where id = $1')], schemas => '{idle}', options => '{"unused_after": 0}') where action = 'drop'$$, 'nor a workload of one');
-- Another workload
select is((select count(*) from deal_advisor.index_advice(workload => array[
    pg_temp.statement('select * from idle.orders where note = $1', 50), pg_temp.statement('select * from idle.orders where id = $1', 50)],
    schemas => '{idle}', options => '{"unused_after": 0}') where index_name = 'idle.nobodys'), 0::bigint, 'what another workload wants stays there');
-- What costs less than a thousandth may go, with its price
select ok(action = 'drop' and cost_after > cost_before and benefit_pct between -0.1 and -1e-9 and why ~ 'costs (less than )?0\.0\d+ % more', 'a little loss: ' || why)
from deal_advisor.index_advice(workload => array[pg_temp.statement('select * from idle.orders where customer = $1', 1), pg_temp.statement('select count(*) from idle.orders a, idle.lines b, idle.lines c where a.id = b.order_id', 0.1)],
  schemas => '{idle}', options => '{"unused_after": 0}') where index_name = 'idle.wanted';
select throws_ok($$select deal_advisor.index_advice('select 1', options => '{"unused_after": -1}')$$, '22023');
select * from finish();
rollback;
drop schema idle cascade;
