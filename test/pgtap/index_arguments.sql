-- What index_advice binds to parameters that a generic plan knows nothing of.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists bound cascade;
create schema bound;
create table bound.items (id int primary key, price int not null, title text not null, attrs jsonb not null, tags text[], seen timestamptz not null, body tsvector, blank text);
insert into bound.items
select i, i * 7919 % 100003, 'Thing ' || md5(i::text) || ' ' || i,
  jsonb_build_object('brand', 'b' || i % 400, 'color', 'c' || i % 7, 'size', i % 1000, 'notes', repeat(md5(i::text), 20)),
  array['t' || i % 300, 'u' || i % 11], timestamptz '2025-01-01 00:00+00' + i * interval '10 minutes',
  to_tsvector('simple', 'word' || i % 500 || ' other' || i % 9), null
from generate_series(1, 30000) i;
create table bound.parted (like bound.items) partition by range (id);
create table bound.parted_1 partition of bound.parted for values from (0) to (20000);
create table bound.parted_2 partition of bound.parted for values from (20000) to (40000);
insert into bound.parted select * from bound.items;
create table bound.nothing (like bound.items including all);
vacuum (analyze) bound.items, bound.parted, bound.nothing;
do $$begin
  if not exists (select from pg_roles where rolname = 'bound_reader') then create role bound_reader; end if;
end$$;
grant usage on schema bound to bound_reader;

begin;
set local jit = off;
set local max_parallel_workers_per_gather = 0;
select no_plan();
create function pg_temp.advice(query text, role name default null) returns setof deal_advisor.index_advice_row language sql as $$
  select a from deal_advisor.index_advice(query, as_role => role) a$$;
create function pg_temp.choices(query text, role name default null) returns bool language sql as $$
  select coalesce(bool_or(q ? 'worst_after'), false) from pg_temp.advice(query, role), jsonb_array_elements(queries) q$$;

-- Under a limit a generic plan walks along the order and hopes to meet matches soon. Those who look for two fields wait long.
select isnt_empty($$select 1 from pg_temp.advice('select id from bound.items where attrs @> $1 order by price limit 40') where access_method = 'gin'$$,
  'fields are searched for, not met by chance');
select isnt_empty($$select 1 from pg_temp.advice('select id from bound.items where body @@ plainto_tsquery(''simple'', $1) order by price limit 20') where access_method = 'gin'$$,
  'words are searched for');
select isnt_empty($$select 1 from pg_temp.advice('select id from bound.items where tags @> $1 order by price limit 20') where access_method = 'gin'$$, 'elements are searched for');
select isnt_empty($$select 1 from pg_temp.advice('select id from bound.items where title like $1 || ''%'' order by title limit 20') where ddl[1] like '%pattern_ops%'$$,
  'the beginning of a text is searched for');

-- Three choices are one statement with one number of calls
select results_eq($$select (stats ->> 'statements')::int, (stats ->> 'templates')::int, queries -> 0 ->> 'calls', jsonb_array_length(queries)
    from deal_advisor.index_advice(workload => array[row('select id from bound.items where attrs @> $1', 90, 1, null, null, null, null)::deal_advisor.statement]) where rank = 1$$,
  $$values (1, 1, '90.0', 1)$$, 'three choices of arguments are one statement');
select ok((q ->> 'worst_after')::float8 >= (q ->> 'after')::float8 and (q ->> 'after')::float8 < (q ->> 'before')::float8, 'the choice that fares worst is named')
from pg_temp.advice('select id from bound.items where attrs @> $1') a, jsonb_array_elements(a.queries) q where rank = 1;
select ok(not pg_temp.choices('select id from bound.items where price = $1'), 'an equality needs no choices');
select ok(not pg_temp.choices('select id from bound.items where seen >= $1 and seen < $2'), 'nor does a range with both ends');

-- Statements that differ in constants only are one template too
create temp table merged as
select * from deal_advisor.index_advice(workload => array(
  select row(format('select * from bound.items where price = %s and id <> %s', i * 1000, i), 10, 1, null, null, null, null)::deal_advisor.statement from generate_series(1, 40) i));
select is((select array[stats ->> 'statements', stats ->> 'templates', (stats ->> 'planner_calls')::int < 60] ::text[] from merged where rank = 1), '{40,1,true}'::text[], 'forty statements are one template, planned a few times');
select is((select array[ddl[1], queries -> 0 ->> 'calls', jsonb_array_length(queries)::text] from merged where rank = 1),
  '{"create index concurrently items_price_idx on bound.items (price)",400.0,1}'::text[], 'with all their calls');
create table bound.jobs as select i as id, case when i % 100 = 0 then 'pending' when i % 3 = 0 then 'failed' else 'done' end as state, i as at from generate_series(1, 30000) i;
analyze bound.jobs;
create temp table states as
select * from deal_advisor.index_advice(workload => array(
  select row(format('select * from bound.jobs where state = %L order by at limit 10', state), 100, 1, null, null, null, null)::deal_advisor.statement from unnest('{pending,failed,done}'::text[]) state));
select isnt_empty($$select 1 from states where ddl[1] like '%on bound.jobs (at) where (state = ''pending''::text)'$$, 'a constant that a partial index is restricted to is not merged over');

-- A range with one end
select ok(pg_temp.choices('select id from bound.items where seen >= $1'), 'a range with one end has choices');
select ok((select confidence from pg_temp.advice('select * from bound.items where price > $1') where rank = 1)
        < (select confidence from pg_temp.advice('select * from bound.items where price = $1') where rank = 1) - 0.1,
  'what helps the narrow range alone is less certain');
select isnt_empty($$select 1 from pg_temp.advice('select * from bound.items where $1 < price')$$, 'the column may stand on the right');

-- An equality with a column of very unequal frequencies: half of the rows have one value
create table bound.skewed as select i as id, case when i % 2 = 0 then 0 else i end as owner, md5(i::text) as filler from generate_series(1, 40000) i;
analyze bound.skewed;
create temp table skewed as select * from pg_temp.advice('select * from bound.skewed where owner = $1') where rank = 1;
select ok((queries -> 0 ->> 'worst_after')::float8 > 10 * (queries -> 0 ->> 'after')::float8, 'the most frequent value is planned as well') from skewed;
select ok(confidence < 0.8, 'and lowers the confidence: ' || confidence) from skewed;
select ok(not pg_temp.choices('select * from bound.items where price = $1'), 'not where all values are about equally frequent');

-- Where values come from
select ok(pg_temp.choices('select id from bound.parted where attrs @> $1'), 'from partitions');
select ok(not pg_temp.choices('select id from bound.items where blank like $1'), 'not from a column of nulls');
select is_empty($$select 1 from pg_temp.advice('select id from bound.nothing where attrs @> $1') where action = 'skip'$$, 'an empty table is no error');
select is_empty($$select 1 from pg_temp.advice('select id from bound.items where attrs @> $1 and blank like $2') where action = 'skip'$$, 'nor is one open parameter beside another');
grant select (id, price) on bound.items to bound_reader;
create function pg_temp.planned_as_reader() returns bool language plpgsql as $$
begin
  create view bound.shown as select id, attrs from bound.items;
  grant select on bound.shown to bound_reader;
  return pg_temp.choices('select id from bound.shown where attrs @> $1', 'bound_reader');
end$$;
select ok(not pg_temp.planned_as_reader(), 'not from columns that the role may not read, though a view shows them');
grant select on bound.items to bound_reader;
select ok(pg_temp.choices('select id from bound.items where attrs @> $1', 'bound_reader'), 'from columns that it may read');
alter table bound.items enable row level security;
create policy own on bound.items to bound_reader using (id < 100);
select ok(not pg_temp.choices('select id from bound.items where attrs @> $1', 'bound_reader'), 'not from rows that are guarded');
select ok(not pg_temp.choices('select id from bound.items where seen > $1', 'bound_reader'), 'nor from their statistics');

-- The advice names no value
select is_empty($$select 1 from deal_advisor.index_advice('select id from bound.parted where attrs @> $1 and title ilike $2') a where a::text ~ 'b[0-9]+"|Thing|c[0-6]"'$$, 'no value is shown');
select * from finish();
rollback;
drop schema bound cascade;
drop role bound_reader;
