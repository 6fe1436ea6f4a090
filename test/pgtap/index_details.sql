-- With details, index_advice says of the near-winners why they are left out; without, nothing changes.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists near cascade;
create schema near;
create table near.items (id int primary key, tenant int not null, brand int not null, price int not null, hot int not null, pad text);
insert into near.items select i, i % 40, i * 7919 % 900, i * 613 % 50000, i % 3000, repeat('x', 60) from generate_series(1, 60000::bigint) i;
create table near.others (id int primary key, owner int not null, pad text);
insert into near.others select i, i * 7919 % 5000, repeat('x', 60) from generate_series(1, 40000::bigint) i;
vacuum (analyze) near.items, near.others;
begin;
set local jit = off;
select plan(15);
create function pg_temp.statement(query text, calls float8 default 1) returns deal_advisor.statement
language sql as $$ select row(query, calls, 1, null, null, null, null)::deal_advisor.statement $$;
create temp table workload as select array[
  pg_temp.statement('select * from near.items where tenant = $1 order by price limit 20', 1000),
  pg_temp.statement('select * from near.items where brand = $1 and price < $2', 200),
  pg_temp.statement('select * from near.others where owner = $1', 100),
  pg_temp.statement('select id from near.items where hot = $1', 20),
  pg_temp.statement('update near.items set hot = $1 where id = $2', 20000)] as w;
create temp table plain as select a.* from workload, deal_advisor.index_advice(workload => w, budget => '3MB') a;
create temp table detailed as select a.* from workload, deal_advisor.index_advice(workload => w, budget => '3MB', options => '{"details": true}') a;
select is((select array_agg(to_jsonb(d) - 'stats' order by rank) from detailed d where action <> 'reject'),
  (select array_agg(to_jsonb(p) - 'stats' order by rank) from plain p), 'the advice is the same');
select ok(count(*) between 3 and 10, 'some near-winners, not too many: ' || count(*)) from detailed where action = 'reject';
select is(count(*), 0::bigint, 'none without details') from plain where action = 'reject';
select is(count(*), 0::bigint, 'nothing in them to be run') from detailed where action = 'reject' and (cardinality(ddl) + cardinality(rollback) > 0 or index_name is not null);
select is(count(*), 0::bigint, 'all say key, size, and whose table')
from detailed where action = 'reject' and (why !~ '^\(.+\).*: .+' or est_bytes <= 0 or relation !~ '^near\.');
select is((select array_agg(benefit_pct order by rank) from detailed where action = 'reject'),
  (select array_agg(benefit_pct order by benefit_pct desc) from detailed where action = 'reject'), 'the best saving first');
select is(count(*), 0::bigint, 'none of them is advised') from detailed r join detailed c on c.action = 'create' and r.action = 'reject'
  and c.relation = r.relation and c.ddl[1] like '% ' || split_part(r.why, ': ', 1);
select ok(d.stats ->> 'planner_calls' is not null and (d.stats ->> 'planner_calls')::int <= (p.stats ->> 'planner_calls')::int + 20, 'few more planner calls')
from detailed d, plain p where d.rank = 1 and p.rank = 1;
select is((select array_agg(to_jsonb(a) - 'stats' order by rank) from workload, deal_advisor.index_advice(workload => w, budget => '3MB', options => '{"details": true}') a),
  (select array_agg(to_jsonb(d) - 'stats' order by rank) from detailed d), 'the same twice');
select isnt_empty($$select 1 from detailed where action = 'reject' and why ~ 'alone it would save \d+ %, (beside|but) items_\w+'$$, 'served or covered by an advised one, which is named');
select isnt_empty($$select 1 from detailed where action = 'reject' and why ~ 'no room in the budget: [0-9.]+ [kM]B for a saving of [0-9.]+ %'$$, 'no room in the budget');
select isnt_empty($$select 1 from workload, deal_advisor.index_advice(workload => w, options => '{"details": true}')
  where action = 'reject' and why ~ 'heap-only|cost the writes'$$, 'writes would pay more');
select isnt_empty($$select 1 from workload, deal_advisor.index_advice(workload => w, options => '{"details": true, "min_gain_pct": 50}')
  where action = 'reject' and why ~ 'less than min_gain_pct asks for \(50 %\)'$$, 'saves less than was asked for');
-- What is advised says what it costs to keep and to build
select is(count(*), 0::bigint, 'who gains, what writes pay, how long it takes')
from plain where action = 'create' and why !~ 'serves .*\(cost [0-9.]+ to [0-9.]+\); .*writes pay .*; (about|less than) .* to build under a SHARE UPDATE EXCLUSIVE lock';
select ok(length(why) < 400, 'in a few lines') from plain order by length(why) desc limit 1;
select * from finish();
rollback;
drop schema near cascade;
