-- Where only trigrams would serve and pg_trgm is not created, index_advice says what to create, and claims no gain.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists inside cascade;
create schema inside;
create table inside.items (id int primary key, title text not null, code varchar(40) not null, pad text);
insert into inside.items select i, 'Title ' || md5(i::text), 'C' || i, repeat('x', 60) from generate_series(1, 30000) i;
create table inside.few (id int primary key, title text not null);
insert into inside.few select i, 'Title ' || i from generate_series(1, 3000) i;
vacuum (analyze) inside.items, inside.few;
begin;
set local jit = off;
drop extension if exists pg_trgm;
select plan(14);
create function pg_temp.statement(query text, calls float8 default 1) returns deal_advisor.statement
language sql as $$ select row(query, calls, 1, null, null, null, null)::deal_advisor.statement $$;
create temp table workload as select array[
  pg_temp.statement('select * from inside.items where title ilike ''%abc%''', 50),
  pg_temp.statement('select * from inside.items where title ~* $1', 50),
  pg_temp.statement('select * from inside.items where id = $1', 1)] as w;
create temp table advised as select a.* from workload, deal_advisor.index_advice(workload => w, schemas => '{inside}') a;
select is(requires, '{"create extension pg_trgm"}', 'what to run before') from advised where cardinality(requires) > 0;
select is(ddl, '{"create index concurrently items_title_gin_idx on inside.items using gin (title gin_trgm_ops)"}', 'what to run then') from advised where cardinality(requires) > 0;
select is(rollback, '{"drop index concurrently inside.items_title_gin_idx"}', 'and back') from advised where cardinality(requires) > 0;
select ok(est_bytes is null and cost_after is null and benefit_pct is null and write_cost is null and confidence < 0.5, 'no figure that nobody knows') from advised where cardinality(requires) > 0;
select ok(why ~ '^search for a part of title in 2 statements, \d+ % of what the workload costs .* can''t be foreseen', why) from advised where cardinality(requires) > 0;
create function pg_temp.required(query text, calls float8 default 100) returns bigint language sql as $$
  select count(*) from deal_advisor.index_advice(workload => array[pg_temp.statement(query, calls), pg_temp.statement('select count(*) from inside.items', 100)],
    schemas => '{inside}') where cardinality(requires) > 0 $$;
select is(pg_temp.required('select * from (select * from inside.items where code like ''%99%9999%'') x'), 1::bigint, 'varchar, and in a subquery');
select is(pg_temp.required('select * from inside.items where title like ''Title ab%'''), 0::bigint, 'not for a beginning');
select is(pg_temp.required('select * from inside.items where title like ''%ab%'''), 0::bigint, 'not for two letters');
select is(pg_temp.required('select * from inside.items where title not ilike ''%abc%'''), 0::bigint, 'not for what is not contained');
select is(pg_temp.required('select * from inside.few where title ilike ''%abc%''', 1e5), 0::bigint, 'not on a small table');
select is(pg_temp.required('select * from inside.items where title ilike ''%abc%''', 0.1), 0::bigint, 'not for a hundredth of the workload');
select is((select count(*) from workload, deal_advisor.index_advice(workload => w, schemas => '{inside}', access_methods => '{btree}') where cardinality(requires) > 0), 0::bigint, 'not when GIN is not wanted');
-- The statements can be run in that order; with the extension there are figures
create extension pg_trgm;
select lives_ok(replace((select ddl[1] from advised where cardinality(requires) > 0), ' concurrently', ''), 'the index can be created');
drop index inside.items_title_gin_idx;
select ok(requires = '{}' and est_bytes > 0 and benefit_pct > 10 and ddl[1] ~ 'gin \(title (\w+\.)?gin_trgm_ops\)', 'advised as any other once the extension is there')
from workload, deal_advisor.index_advice(workload => w, schemas => '{inside}') where rank = 1;
select * from finish();
rollback;
drop schema inside cascade;
