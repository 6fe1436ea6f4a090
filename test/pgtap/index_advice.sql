-- What index_advice promises, on a small shop: true gains, nothing redundant, budgets, filters, limits, rights.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists advised cascade;
drop schema if exists advised_too cascade;
create schema advised;
create schema advised_too;

create table advised.orders (
  id int primary key,
  tenant_id int not null,
  customer_id int not null,
  status text not null,
  placed_at timestamptz not null,
  reference text not null unique,
  total numeric not null,
  pad text not null
);
insert into advised.orders
select i, i * 7 % 50, i * 7919 % 5000, case when i % 50 = 0 then 'P' else 'F' end,
  timestamptz '2024-01-01 00:00+00' + (i * 613 % 60000)::int * interval '10 min', 'R' || i, i % 1000, repeat('x', 80)
from generate_series(1, 60000::bigint) i;
create table advised.items (order_id int not null, line int not null, product_id int not null, quantity int not null, note text,
  primary key (order_id, line));
insert into advised.items
select 1 + i / 3, i % 3, i * 7919 % 9973, i % 11, 'note ' || i from generate_series(0, 149999::bigint) i;
create table advised.log (id bigint, at timestamptz not null, kind int not null, detail text, a text, b text);
insert into advised.log select i, timestamptz '2024-01-01 00:00+00' + i::int * interval '1 s', i * 7919 % 5000, 'd' || i, 'a' || i, 'b' || i from generate_series(1, 60000::bigint) i;
create table advised.tiny (id int, name text);
insert into advised.tiny select i, 'n' || i from generate_series(1, 2000) i;
create table advised_too.orders as select * from advised.orders;
create table advised.parted (id int, tenant int not null, at date not null, size int) partition by range (at);
create table advised.parted_old (size int, gone int, at date not null, tenant int not null, id int);
alter table advised.parted_old drop column gone;
alter table advised.parted attach partition advised.parted_old for values from ('2023-01-01') to ('2024-01-01');
create table advised.parted_new partition of advised.parted for values from ('2024-01-01') to ('2025-01-01');
insert into advised.parted select i, i * 7919 % 2000, date '2023-01-01' + (i * 13 % 730)::int, i % 1000 from generate_series(1, 60000::bigint) i;
vacuum (analyze) advised.orders, advised.items, advised.log, advised.tiny, advised_too.orders, advised.parted;

create function pg_temp.statement(query text, calls float8 default 1, role name default null) returns deal_advisor.statement
language sql as $$select row(query, calls, 1.0, role, null, null, null)::deal_advisor.statement$$;
-- The key of an advised index as text: "orders (customer_id, placed_at)".
create function pg_temp.key(ddl text[]) returns text language sql as
$$select substring(ddl[1] from ' on (?:only )?(?:\w+\.)?(\w+ \(.*\))')$$;
create function pg_temp.explained_cost(query text) returns float8 language plpgsql as $$
declare line text;
begin
  execute 'explain ' || query into line;
  return substring(line from 'cost=[0-9.]+\.\.([0-9.]+)')::float8;
end $$;
create function pg_temp.failure(statement text, out state text, out message text, out hint text) language plpgsql as $$
begin
  execute statement;
exception when others then
  get stacked diagnostics state = returned_sqlstate, message = message_text, hint = pg_exception_hint;
end $$;

begin;
set local jit = off;
set local max_parallel_workers_per_gather = 0;
select plan(118);

-- One statement
create temp table one as select * from deal_advisor.index_advice('select * from advised.orders where customer_id = 17');
select is((select array_agg(pg_temp.key(ddl) order by rank) from one), '{orders (customer_id)}', 'the index that one lookup needs');
select is(action, 'create', 'action') from one;
select is(relation, 'advised.orders', 'relation') from one;
select is(access_method, 'btree', 'access method') from one;
select is(est_bytes, deal_advisor.index_size('create index on advised.orders (customer_id)'), 'est_bytes is what index_size says') from one;
select ok(abs(cost_before - pg_temp.explained_cost('select * from advised.orders where customer_id = 17')) < 0.011, 'cost_before is EXPLAIN''s') from one;
select ok(abs(one.cost_after - w.cost_after) < 0.011, 'cost_after is the what-if''s')
from one, deal_advisor.index_what_if('select * from advised.orders where customer_id = 17', ddl) w;
select ok(benefit_pct > 90 and benefit_pct <= 100, 'benefit_pct') from one;
select is(write_cost, 0::float8, 'a workload without writes has no write cost') from one;
select ok(confidence > 0.5 and confidence <= 1, 'confidence') from one;
select is(queries -> 0 ->> 'text', 'select * from advised.orders where customer_id = 17', 'the statement it serves') from one;
select ok((queries -> 0 ->> 'before')::float8 > (queries -> 0 ->> 'after')::float8, 'its cost before and after') from one;
select is(rollback, array['drop index concurrently advised.' || index_name], 'rollback') from one;
select is(replaces, '{}', 'replaces nothing') from one;
select ok((stats ->> 'statements')::int = 1 and (stats ->> 'templates')::int = 1 and (stats ->> 'skipped')::int = 0
  and (stats ->> 'candidates')::int >= 1 and (stats ->> 'planner_calls')::int >= 2 and not (stats ->> 'hit_time_limit')::bool, 'stats') from one;

-- What is there already is not advised again
select is_empty($$select * from deal_advisor.index_advice('select * from advised.orders where id = $1')$$, 'the primary key serves');
select is_empty($$select * from deal_advisor.index_advice('select * from advised.orders where reference = $1')$$, 'a unique constraint serves');
select is_empty($$select * from deal_advisor.index_advice('select * from advised.items where order_id = $1')$$, 'the first column of a longer key serves');
select is_empty($$select * from deal_advisor.index_advice('select * from advised.tiny where id = $1')$$, 'a tiny table needs none');
select is_empty($$select * from deal_advisor.index_advice('select sum(total) from advised.orders')$$, 'reading everything needs none');
select is_empty($$select * from deal_advisor.index_advice('insert into advised.log values (1, now(), 2, null)')$$, 'an insert needs none');
select is_empty($$select * from deal_advisor.index_advice('select * from pg_class where relname = $1')$$, 'the catalog gets none');
create index existing on advised.orders (customer_id);
select is_empty($$select * from deal_advisor.index_advice('select * from advised.orders where customer_id = 17')$$, 'an existing index serves');
drop index advised.existing;
create index existing on advised.orders (customer_id desc);
select is_empty($$select * from deal_advisor.index_advice('select * from advised.orders where customer_id = 17')$$, 'a descending one serves as well');
drop index advised.existing;

-- A longer index replaces a shorter one that nothing else needs
create temp table tenant_orders as
  select array[pg_temp.statement('select * from advised.orders where tenant_id = $1 order by placed_at desc limit 10', 10)] as w;
create index by_tenant on advised.orders (tenant_id);
create temp table widened as select a.* from tenant_orders, deal_advisor.index_advice(workload => w) a;
select is(action, 'replace', 'replace') from widened where rank = 1;
select is(pg_temp.key(ddl), 'orders (tenant_id, placed_at)', 'the wider key') from widened where rank = 1;
select is(replaces, '{advised.by_tenant}', 'what it replaces') from widened where rank = 1;
select is(ddl[2], 'drop index concurrently advised.by_tenant', 'built first, then dropped') from widened where rank = 1;
select is(rollback[1], 'CREATE INDEX CONCURRENTLY by_tenant ON advised.orders USING btree (tenant_id)', 'taken back the other way round') from widened where rank = 1;
drop index advised.by_tenant;

-- Never an index that does more than speed things up. The control: a plain one would go.
create function pg_temp.replaced() returns text[] language sql as $$
  select coalesce(array_agg(distinct r), '{}') from deal_advisor.index_advice(
    'select customer_id, id, total from advised.orders where customer_id between 10 and 1500') a, unnest(replaces) r $$;
create index kept on advised.orders (customer_id, id);
select is(pg_temp.replaced(), '{advised.kept}', 'a plain index is replaced by a wider one');
alter table advised.orders cluster on kept;
select is(pg_temp.replaced(), '{}', 'not one that the table is clustered on');
alter table advised.orders set without cluster;
drop index advised.kept;
create unique index kept on advised.orders (customer_id, id);
select is(pg_temp.replaced(), '{}', 'not a unique one');
alter table advised.orders replica identity using index kept;
select is(pg_temp.replaced(), '{}', 'not the replica identity');
alter table advised.orders replica identity default;
drop index advised.kept;
alter table advised.orders add constraint kept unique (customer_id, id) deferrable;
select is(pg_temp.replaced(), '{}', 'not one of a constraint');
alter table advised.orders drop constraint kept;
alter table advised.orders add constraint kept exclude using btree (customer_id with =, id with =);
select is(pg_temp.replaced(), '{}', 'not one of an exclusion constraint');
alter table advised.orders drop constraint kept;
create index kept on advised.orders (customer_id, id) where total < 900;
select is(pg_temp.replaced(), '{}', 'not a partial one');
drop index advised.kept;
create index kept on advised.orders (customer_id, id) include (status);
select is(pg_temp.replaced(), '{}', 'not one with another column');
drop index advised.kept;
create index kept on advised.orders (customer_id desc, id);
select is(pg_temp.replaced(), '{}', 'not one in another order');
drop index advised.kept;
create index kept on advised.orders using hash (customer_id);
select is(pg_temp.replaced(), '{}', 'not one of another access method');
drop index advised.kept;
select ok(bool_or(pg_temp.key(ddl) like 'items (order_id, line, quantity%' and replaces = '{}'), 'a key that covers the primary key leaves it')
from deal_advisor.index_advice('select order_id, line, quantity from advised.items where order_id between 100 and 20000', access_methods => '{btree}');

-- Many indexes do not crowd out the one that is missing
do $$ begin
  execute 'create table advised.wide (id int, ' || (select string_agg(format('c%s int not null', i), ', ') from generate_series(1, 66) i) || ')';
  execute 'insert into advised.wide select g, ' || (select string_agg(format('(g * %s::bigint / %s %% 20)::int', 7919 + i * 2, i), ', ') from generate_series(1, 66) i)
    || ' from generate_series(1, 20000) g';
  for i in 1..66 loop execute format('create index wide_%s on advised.wide (c%s)', i, i); end loop;
  analyze advised.wide;
end $$;
select ok(pg_temp.key(ddl) ~ '^wide \(c[123], c[123]' and replaces <@ '{advised.wide_1,advised.wide_2,advised.wide_3}', 'advice on a table with 66 indexes')
from deal_advisor.index_advice('select * from advised.wide where c1 = $1 and c2 = $2 and c3 = $3') where rank = 1;

-- The part of a partitioned index cannot be dropped alone
create index on advised.parted (tenant);
select is(replaces, '{}', 'no part of a partitioned index is replaced')
from deal_advisor.index_advice('select * from advised.parted_old where tenant = $1 order by size limit 2') where rank = 1;
drop index advised.parted_tenant_idx;

-- A key of few values, whose entries are long lists of rows
create table advised.flagged (flag "char" not null, id int, note text, other text);
insert into advised.flagged select 'x', i, 'n' || i, 'o' || i from generate_series(1, 20000) i;
analyze advised.flagged;
select ok(pg_temp.key(ddl) like 'flagged (flag)%', 'long posting lists are no wide keys')
from deal_advisor.index_advice('select * from advised.flagged where flag = ''y''') where rank = 1;
-- Keys too wide for a B-tree page, all of them or a few
create table advised.broad (id int, essay text, mostly_short text);
alter table advised.broad alter essay set storage external, alter mostly_short set storage external;
insert into advised.broad
select i, string_agg(md5(i || '.' || j), ''), case when i % 20 = 0 then string_agg(md5(i || '-' || j), '') else 's' || i end
from generate_series(1, 2000) i, generate_series(1, 100) j group by i;
analyze advised.broad;
select throws_ok('create index on advised.broad (' || c || ')', '54000', null, 'cannot be built: ' || c) from unnest(array['essay', 'mostly_short']) c;
select is_empty(format('select * from deal_advisor.index_advice(''select * from advised.broad where %s = $1'')', c), 'is not advised: ' || c)
from unnest(array['essay', 'mostly_short']) c;

-- A foreign partition has no index, so the parent cannot have one either: each leaf gets its own
create extension if not exists file_fdw;
create server advised_files foreign data wrapper file_fdw;
create foreign table advised.parted_far partition of advised.parted for values from ('2025-01-01') to ('2026-01-01')
  server advised_files options (filename '/dev/null');
create temp table beside_foreign as select * from deal_advisor.index_advice('select size, id + 0 from advised.parted where tenant = 3');
select ok(array_length(ddl, 1) = 2 and ddl[1] ~ 'concurrently .* on advised.parted_(old|new) \(' and ddl[2] ~ 'concurrently .* on advised.parted_(old|new) \(', 'beside a foreign partition: leaf by leaf') from beside_foreign;
select ok(array_length(rollback, 1) = 2 and index_name is null and why ~ 'foreign', 'and back, with a word about it') from beside_foreign;
drop foreign table advised.parted_far;
drop server advised_files;

-- Duplicates and covered prefixes go, with a workload as the occasion
create index double_1 on advised.log (kind);
create index double_2 on advised.log (kind);
create index prefix on advised.items (product_id);
create index longer on advised.items (product_id, quantity);
create temp table dropped as select a.* from deal_advisor.index_advice(
  workload => array[pg_temp.statement('select * from advised.log where kind = $1')], schemas => '{advised}') a where action = 'drop';
select is((select array_agg(index_name order by index_name) from dropped), '{advised.double_2,advised.prefix}', 'what is dropped');
select is(ddl, array['drop index concurrently ' || index_name], 'how') from dropped;
select is(est_bytes, pg_relation_size(index_name), 'the bytes it frees') from dropped;
select ok(rollback[1] like 'CREATE INDEX CONCURRENTLY ' || split_part(index_name, '.', 2) || ' ON %', 'how to get it back') from dropped;
drop index advised.double_1, advised.double_2, advised.prefix, advised.longer;

-- Budget: bytes of the new indexes together, as index_size counts them
create temp table mixed as select array[
  pg_temp.statement('select * from advised.orders where customer_id = $1', 100),
  pg_temp.statement('select * from advised.orders where status = ''P'' and placed_at > $1', 10),
  pg_temp.statement('select * from advised.items where product_id = $1', 50),
  pg_temp.statement('select * from advised.log where kind = $1 order by at desc limit 5', 20),
  pg_temp.statement('select * from advised.orders o join advised.items i on i.order_id = o.id where o.customer_id = $1 and i.product_id = $2', 5)] as w;
create temp table free_choice as select a.* from mixed, deal_advisor.index_advice(workload => w, schemas => '{advised}') a;
select ok(count(*) >= 3, 'several indexes') from free_choice;
select ok(bool_and(cost_after < previous), 'each rank lowers the cost')
from (select cost_after, coalesce(lag(cost_after) over (order by rank), cost_before) as previous from free_choice) s;
select ok(abs(sum(benefit_pct) - 100 * (1 - min(cost_after) / max(cost_before))) < 0.1, 'benefits add up') from free_choice;
select is((select array_agg(rank order by rank) from free_choice), (select array_agg(i::int) from generate_series(1, (select count(*) from free_choice)) i), 'ranks have no gaps');
select ok(bool_and((stats is not null) = (rank = 1)), 'stats come in the first row') from free_choice;
create temp table tight as select b.bytes, a.* from mixed,
  (select sum(est_bytes) * share / 100 as bytes from free_choice, unnest(array[100, 60, 30, 10]) share group by share) b,
  deal_advisor.index_advice(workload => w, schemas => '{advised}', budget => b.bytes::bigint::text) a;
select ok(sum(est_bytes) <= bytes, 'within ' || bytes::bigint || ' bytes') from tight group by bytes;
select ok(sum(benefit_pct) > 0, 'a tight budget buys something') from tight group by bytes;
select ok(bool_and(gain <= bigger + 0.5), 'a smaller budget never gains more') from (
  select sum(benefit_pct) as gain, max(sum(benefit_pct)) over (order by bytes rows between current row and unbounded following) as bigger from tight group by bytes) g;
select is_empty('select a.* from mixed, deal_advisor.index_advice(workload => w, schemas => ''{advised}'', budget => ''0'') a', 'no budget, no index');
select is((select count(*) from mixed, deal_advisor.index_advice(workload => w, schemas => '{advised}', budget => '1 TB')), (select count(*) from free_choice), 'a budget that does not bind');

-- Each advised index pays: without it the workload costs more
select ok(bool_and(w.cost_after < w.cost_before), 'every statement it names gets cheaper by it')
from free_choice f, jsonb_array_elements(queries) q, deal_advisor.index_what_if(q ->> 'text', (select array_agg(ddl[1]) from free_choice)) w
where f.rank = 1;

-- Two runs agree in all but the time they took
select is((select array_agg(f - 'stats' order by f ->> 'rank') from (select to_jsonb(free_choice) as f from free_choice) x),
  (select array_agg(f - 'stats' order by f ->> 'rank') from (select to_jsonb(a) as f from mixed, deal_advisor.index_advice(workload => w, schemas => '{advised}') a) x),
  'two runs agree');
select is((select array_agg(a.ddl order by rank) from mixed, deal_advisor.index_advice(workload => (select array_agg(s order by s.query desc) from unnest(w) s), schemas => '{advised}') a),
  (select array_agg(ddl order by rank) from free_choice), 'the order of the statements does not matter');

-- Calls weigh
select is(pg_temp.key(a.ddl), expected, 'the more frequent statement wins when only one index fits')
from (values (1000, 1, 'orders (customer_id)'), (1, 1000, 'items (product_id)')) v (first, second, expected),
  deal_advisor.index_advice(workload => array[
    pg_temp.statement('select * from advised.orders where customer_id = 3', first),
    pg_temp.statement('select * from advised.items where product_id = 3', second)],
    budget => (select (max(deal_advisor.index_size(d)) * 1.02)::bigint::text from unnest(array['create index on advised.orders (customer_id)', 'create index on advised.items (product_id)']) d)) a
where a.rank = 1;

-- Filters and limits
select is((select array_agg(distinct relation) from deal_advisor.index_advice(workload => array[
    pg_temp.statement('select * from advised.orders where customer_id = 3'),
    pg_temp.statement('select * from advised_too.orders where customer_id = 3')], schemas => '{advised_too}')),
  '{advised_too.orders}', 'only tables of the schemas asked for');
select throws_ok($$select * from deal_advisor.index_advice('select * from advised.orders where customer_id = 3', schemas => '{nowhere}')$$, '3F000', null, 'a schema that is not there');
select ok(bool_and(array_length(string_to_array(substring(pg_temp.key(ddl) from '\(([^)]*)\)'), ','), 1) <= columns), 'at most ' || columns || ' key columns')
from generate_series(1, 3) columns, deal_advisor.index_advice(
  'select tenant_id, customer_id, status, placed_at from advised.orders where tenant_id = 5 and customer_id = 7 and status = ''F'' and placed_at > ''2024-06-01''', max_columns => columns)
group by columns;
select ok((stats ->> 'hit_time_limit')::bool, 'a limit that passes at once is reported')
from mixed, deal_advisor.index_advice(workload => w, schemas => '{advised}', time_limit => '0.5 ms', options => '{"details": true}') where rank = 1;
select ok(not (stats ->> 'hit_time_limit')::bool, 'no limit') from mixed, deal_advisor.index_advice(workload => w, schemas => '{advised}', time_limit => null) where rank = 1;
-- Five statements, one of them with three choices of arguments: analysed, planned as they are today, and nothing more
select is((stats ->> 'planner_calls')::int, 2 * 7, 'planner calls are limited')
from mixed, deal_advisor.index_advice(workload => w, schemas => '{advised}', options => '{"max_planner_calls": 5, "details": true}') where rank = 1;
select is_empty($$select * from deal_advisor.index_advice('select * from advised.orders where customer_id = 3', options => '{"min_table_pages": 1000000}')$$, 'tables that are small by the caller''s measure');
select isnt_empty($$select * from deal_advisor.index_advice('select * from advised.tiny where id = 3', options => '{"min_table_pages": 0}')$$, 'or none at all');
select is_empty($$select * from deal_advisor.index_advice(workload => array[pg_temp.statement('select sum(total) from advised.orders', 1e6), pg_temp.statement('select * from advised.items where product_id = 3')], options => '{"min_gain_pct": 5}')$$, 'a gain below the bar');

-- What can't be planned is skipped and named, never an abort
create temp table partial as select * from deal_advisor.index_advice(workload => array[
    pg_temp.statement('select * from advised.orders where customer_id = $1', 6),
    pg_temp.statement('select * from advised.gone', 3),
    pg_temp.statement('select 1 / 0 from advised.orders', 1)], options => '{"details": true}');
select is((select array_agg(action order by rank) from partial where action not in ('drop', 'reject')), '{create,skip,skip}', 'skipped statements are rows');
select ok(bool_or(why ~ 'advised.gone') and bool_or(why ~ 'division by zero'), 'with the reason') from partial where action = 'skip';
select is((stats ->> 'skipped')::int, 2, 'their number') from partial where rank = 1;
select is(round((stats ->> 'skipped_time_pct')::numeric), 40::numeric, 'and their share of the time') from partial where rank = 1;
select is((select array_agg(action) from deal_advisor.index_advice('select * from advised.gone')), '{skip}', 'nothing plannable: the reason comes unasked');

-- Equal texts are one template
select ok((stats ->> 'statements')::int = 3 and (stats ->> 'templates')::int = 2 and (queries -> 0 ->> 'calls')::float8 = 7, 'templates')
from deal_advisor.index_advice(workload => array[
    pg_temp.statement('select * from advised.orders where customer_id = $1', 3), pg_temp.statement('select 1'),
    pg_temp.statement('select * from advised.orders where customer_id = $1', 4)]) where rank = 1;

-- Writes are charged
select isnt_empty($$select * from deal_advisor.index_advice(workload => array[pg_temp.statement('select * from advised.log where kind = 3')])$$, 'read only: an index');
select ok(write_cost > 0, 'some writes: its cost is shown') from deal_advisor.index_advice(workload => array[
  pg_temp.statement('select * from advised.log where kind = 3'), pg_temp.statement('insert into advised.log values ($1, $2, $3, $4)', 50)]) where rank = 1;
select is_empty($$select * from deal_advisor.index_advice(workload => array[
  pg_temp.statement('select * from advised.log where kind = 3'), pg_temp.statement('insert into advised.log values ($1, $2, $3, $4)', 1e6)], schemas => '{advised}')$$, 'a write-heavy table: the index costs more than it saves');
select isnt_empty($$select * from deal_advisor.index_advice(workload => array[
  pg_temp.statement('select * from advised.log where kind = 3'), pg_temp.statement('update advised.log set detail = $1 where id < 0', 1e6)])$$, 'updates of other columns do not touch it');
select is_empty($$select * from deal_advisor.index_advice(workload => array[
  pg_temp.statement('select * from advised.log where kind = 3'), pg_temp.statement('with x as (insert into advised.log values ($1, $2, $3, $4) returning 1) select * from x', 1e6)], schemas => '{advised}')$$, 'writes inside WITH count too');

-- Shapes of statements
select is(pg_temp.key(a.ddl), expected, what) from (values
  ('select * from advised.log where kind = $1 order by at desc limit 10', 'log (kind, at)', 'equality, then order'),
  ('select * from advised.log order by at desc limit 10', 'log (at)', 'order with a limit'),
  ('select * from advised.log order by at desc, kind limit 10', 'log (at, kind desc)', 'mixed order, perhaps read backwards'),
  ('select max(at) from advised.log', 'log (at)', 'maximum'),
  ('select * from advised.orders o join advised.log l on l.kind = o.customer_id where o.id = $1', 'log (kind)', 'join column'),
  ('update advised.log set detail = $1 where kind = $2', 'log (kind)', 'update'),
  ('delete from advised.log where kind = any ($1::int[])', 'log (kind)', 'delete by list'),
  ('select * from (select * from advised.log union all select * from advised.log) u where kind = 5', 'log (kind)', 'union all'),
  ('select * from advised.items where exists (select from advised.log where kind = product_id) and order_id = 5', 'log (kind)', 'exists'),
  ('with recent as materialized (select * from advised.log where kind = $1) select * from recent', 'log (kind)', 'materialised CTE')) v (query, expected, what)
  left join lateral (select * from deal_advisor.index_advice(v.query) where rank = 1) a on true;

-- Row security: planned as the application's role the tenant leads the key
create role advised_app;
grant usage on schema advised to advised_app;
grant select on advised.orders to advised_app;
alter table advised.orders enable row level security;
create policy own_tenant on advised.orders using (tenant_id = current_setting('advised.tenant', true)::int);
select ok(not bool_or(pg_temp.key(ddl) ~ 'tenant_id'), 'the owner sees no tenant predicate') from deal_advisor.index_advice('select * from advised.orders where customer_id = $1');
select ok(bool_or(pg_temp.key(ddl) ~ 'tenant_id'), 'as_role: the tenant is part of the key')
from deal_advisor.index_advice('select * from advised.orders where status = $1', as_role => 'advised_app');
select ok(bool_or(pg_temp.key(ddl) ~ 'tenant_id'), 'a statement''s own role counts as well')
from deal_advisor.index_advice(workload => array[pg_temp.statement('select * from advised.orders where status = $1', 1, 'advised_app')]);
set local role advised_app;
select is((pg_temp.failure('select deal_advisor.index_advice(''select 1'', as_role => ''postgres'')')).state, '42501', 'nobody advises as a stronger role');
select is((select array_agg(action) from deal_advisor.index_advice(workload => array[pg_temp.statement('select 1 from pg_authid', 1, 'postgres')])), '{skip}', 'nor by a statement''s role');
reset role;

-- Hints and states of errors
select is((pg_temp.failure($$select deal_advisor.index_advice('select 1', options => '{"detial": true}')$$)).state, '22023', 'unknown option');
select ok((pg_temp.failure($$select deal_advisor.index_advice('select 1', options => '{"detial": true}')$$)).hint ~ 'details', 'with the known ones as a hint');
select is((pg_temp.failure($$select deal_advisor.index_advice('select 1', budget => '12 parsecs')$$)).state, '22023', 'bad budget');
select is((pg_temp.failure($$select deal_advisor.index_advice('select 1', array[]::deal_advisor.statement[])$$)).state, '22023', 'both a query and a workload');
select is((pg_temp.failure($$select deal_advisor.index_advice(workload => '{}')$$)).state, '55000', 'no workload');

select * from finish();
rollback;
drop schema advised cascade;
drop schema advised_too cascade;
