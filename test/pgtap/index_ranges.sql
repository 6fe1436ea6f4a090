-- BRIN beside a B-tree on a table in the order of time. The planner charges a bitmap scan for rows that lie anywhere, so BRIN looks
-- dear; what it reads says otherwise. index_advice weighs the one, and reports the planner's cost.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists ranges cascade;
create schema ranges;
create table ranges.events as
select i as id, timestamptz '2025-01-01 00:00+00' + i * interval '1 minute' as at, i % 7 as kind, repeat('x', 60) as pad from generate_series(1, 300000) i;
vacuum (analyze) ranges.events;
create function ranges.of_day(at timestamptz) returns text language sql as
$$select format('select kind, count(*) from ranges.events where at >= %L and at < %L group by kind', at, at + interval '1 day')$$;
create function ranges.plan(query text, out cost float8, out blocks bigint) language plpgsql as $$
declare
  plan json;
begin
  execute 'explain (analyze, buffers, format json) ' || query into plan;
  cost := plan -> 0 -> 'Plan' ->> 'Total Cost';
  blocks := (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end$$;
create table ranges.advice as
select a.* from deal_advisor.index_advice(workload => array[
  row(ranges.of_day('2025-05-01 00:00+00'), 100, null, null, null, null, null),
  row('insert into ranges.events values ($1, $2, $3, $4)', 8000, null, null, null, null, null)]::deal_advisor.statement[]) a;
create table ranges.built (method text, cost float8, blocks bigint);

begin;
set local max_parallel_workers_per_gather = 0;
select plan(5);
select is((select count(*) from ranges.advice), 1::bigint, 'one index');
select is((select substring(ddl[1] from ' on .*$') from ranges.advice), ' on ranges.events using brin (at) with (pages_per_range = 4)', 'BRIN');
create index ix on ranges.events using brin (at) with (pages_per_range = 4);
insert into ranges.built select 'brin', p.* from ranges.plan(ranges.of_day('2025-05-01 00:00+00')) p;
drop index ranges.ix;
create index ix on ranges.events (at);
insert into ranges.built select 'btree', p.* from ranges.plan(ranges.of_day('2025-05-01 00:00+00')) p;
select ok(brin.cost > 3 * btree.cost, format('the planner takes %s for BRIN, %s for the B-tree', brin.cost, btree.cost))
from ranges.built brin, ranges.built btree where brin.method = 'brin' and btree.method = 'btree';
select ok(brin.blocks < 2 * btree.blocks, format('built, BRIN reads %s blocks, the B-tree %s', brin.blocks, btree.blocks))
from ranges.built brin, ranges.built btree where brin.method = 'brin' and btree.method = 'btree';
select ok(abs((q ->> 'after')::float8 / cost - 1) < 0.02, format('%s is the planner''s cost, promised was %s', cost, q ->> 'after'))
from ranges.built, ranges.advice, jsonb_array_elements(queries) q where method = 'brin';
select * from finish();
rollback;
drop schema ranges cascade;
