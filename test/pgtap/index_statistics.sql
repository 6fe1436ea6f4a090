-- Statistics of hypothetical expression indexes: the planner expects as many rows as after CREATE INDEX and ANALYZE, and
-- nobody learns or gains anything by them.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists measured cascade;
create schema measured;

create table measured.t (id int primary key, a int not null, b text not null, tags text not null, secret text not null, pad text);
insert into measured.t
select i, i % 1000, case when i % 100 < 2 then 'Rare' when i % 100 < 30 then 'Some' else 'B' || i % 70 end,
  'Tag' || i % 5 || ',Tag' || i % 7, 'secret ' || i, repeat('x', 60)
from generate_series(1, 60000) i;
create table measured.parted (id int not null, at date not null, gone int, a int) partition by range (at);
create table measured.parted_2023 (a int, junk text, at date not null, id int not null, gone int);
alter table measured.parted_2023 drop column junk;
alter table measured.parted attach partition measured.parted_2023 for values from ('2023-01-01') to ('2024-01-01');
create table measured.parted_2024 partition of measured.parted for values from ('2024-01-01') to ('2025-01-01');
insert into measured.parted (id, at, a) select i, date '2023-01-01' + i % 730, i % 300 from generate_series(1, 40000) i;
vacuum (analyze) measured.t, measured.parted;

begin;
set local jit = off;
set local max_parallel_workers_per_gather = 0;
select plan(48);

create function pg_temp.explained(query text) returns text language plpgsql as $$
declare line text; plan text;
begin
  for line in execute 'explain ' || query loop plan := concat_ws(E'\n', plan, line); end loop;
  return plan;
end $$;

-- Rows that the top of a plan expects.
create function pg_temp.rows_of(plan text) returns float8 language sql as $$select substring(plan from 'rows=(\d+)')::float8$$;
create function pg_temp.rows_with(query text, definition text) returns float8 language sql as
$$select pg_temp.rows_of(plan_after) from deal_advisor.index_what_if(query, array[definition])$$;

-- The same once the index is built and analysed; undone afterwards.
create function pg_temp.rows_built(query text, definition text) returns float8 language plpgsql as $$
declare
  found float8;
  name regclass;
begin
  begin
    execute definition;
    for name in select distinct indrelid from pg_index join pg_class on pg_class.oid = indexrelid
                where indexprs is not null and relkind = 'i' and relnamespace = 'measured'::regnamespace loop
      execute 'analyze ' || name;
    end loop;
    found := pg_temp.rows_of(pg_temp.explained(query));
    raise exception using errcode = 'UNDO1';
  exception when sqlstate 'UNDO1' then null;
  end;
  return found;
end $$;

create function pg_temp.as_analyzed(what text, query text, definition text, tolerance float8) returns text language plpgsql as $$
declare
  guess float8 := pg_temp.rows_with(query, definition);
  truth float8 := pg_temp.rows_built(query, definition);
  default_guess float8 := pg_temp.rows_of(pg_temp.explained(query));
begin
  return ok(abs(guess / truth - 1) <= tolerance, what) || E'\n'
    || diag(format('%s: hypothetical %s rows, built %s, without %s', what, guess, truth, default_guess));
end $$;

-- With a sample that is the whole table the figures are the same.
set local default_statistics_target = 600;
analyze measured.t, measured.parted;
select pg_temp.as_analyzed('whole table: a frequent value', 'select * from measured.t where lower(b) = ''some''', 'create index on measured.t (lower(b))', 0);
select pg_temp.as_analyzed('whole table: a rare value', 'select * from measured.t where lower(b) = ''b63''', 'create index on measured.t (lower(b))', 0);
select pg_temp.as_analyzed('whole table: a range', 'select * from measured.t where a * 2 between 1400 and 1600', 'create index on measured.t ((a * 2))', 0);
select pg_temp.as_analyzed('whole table: the second expression', 'select * from measured.t where abs(a) = 7 and lower(b) = ''rare''', 'create index on measured.t (lower(b), abs(a))', 0);
select pg_temp.as_analyzed('whole table: nulls', 'select * from measured.t where nullif(b, ''Some'') is null', 'create index on measured.t ((nullif(b, ''Some'')))', 0);
select pg_temp.as_analyzed('whole table: groups', 'select lower(b), count(*) from measured.t group by 1', 'create index on measured.t (lower(b))', 0);
select pg_temp.as_analyzed('whole table: a join', 'select * from measured.t x join measured.t y on abs(x.a) = abs(y.a) and x.id < 100', 'create index on measured.t (abs(a))', 0);
select pg_temp.as_analyzed('whole table: elements of an array', 'select * from measured.t where string_to_array(tags, '','') @> ''{Tag6}''',
  'create index on measured.t (string_to_array(tags, '',''))', 0);
select pg_temp.as_analyzed('whole table: another collation', 'select * from measured.t where lower(b) collate "POSIX" > ''some''',
  'create index on measured.t (lower(b) collate "POSIX")', 0);
select pg_temp.as_analyzed('whole table: a partial index says nothing of the table', 'select * from measured.t where lower(b) = ''some''',
  'create index on measured.t (lower(b)) where a < 10', 0);
select pg_temp.as_analyzed('whole table: each partition has its own', 'select * from measured.parted where extract(month from at) = 3 and at < ''2024-01-01''',
  'create index on measured.parted (extract(month from at))', 0);
select pg_temp.as_analyzed('whole table: partitions together', 'select * from measured.parted where extract(year from at) = 2024',
  'create index on measured.parted (extract(year from at))', 0);
select pg_temp.as_analyzed('whole table: moved columns', 'select * from measured.parted where a * 3 = 300', 'create index on measured.parted ((a * 3))', 0);
select cost_after as guess from deal_advisor.index_what_if('select * from measured.t where a < 500 and id / 3 between 5 and 900',
  '{create index on measured.t ((id / 3)) where a < 500}') \gset
create index on measured.t ((id / 3)) where a < 500;
analyze measured.t;
select ok(abs(:guess / substring(p from '\.\.([0-9.]+)')::float8 - 1) < 0.01, 'a partial index is priced by the order of its own rows')
from pg_temp.explained('select * from measured.t where a < 500 and id / 3 between 5 and 900') p;
drop index measured.t_expr_idx;

-- With the usual sample of a part: as near as one sample is to another. Whole blocks would not do for neighbours.
set local default_statistics_target = 10;
select pg_temp.as_analyzed('sample: a frequent value', 'select * from measured.t where lower(b) = ''some''', 'create index on measured.t (lower(b))', 0.2);
select pg_temp.as_analyzed('sample: a range', 'select * from measured.t where a * 2 < 1000', 'create index on measured.t ((a * 2))', 0.2);
select pg_temp.as_analyzed('sample: equal neighbours', 'select id / 4 from measured.t group by 1', 'create index on measured.t ((id / 4))', 0.3);
select is(pg_temp.rows_with('select * from measured.t where a * 2 < 1000', 'create index on measured.t ((a * 2))'),
  pg_temp.rows_with('select * from measured.t where a * 2 < 1000', 'create index on measured.t ((a * 2))'), 'two runs agree');
alter table measured.t alter column id set statistics 600;
select pg_temp.as_analyzed('the largest statistics target of the columns decides on the sample', 'select id / 4 from measured.t group by 1',
  'create index on measured.t ((id / 4))', 0);
alter table measured.t alter column id set statistics -1;
reset default_statistics_target;

-- Nothing to sample, nothing to say
create table measured.empty (a int, b text);
select lives_ok($$select deal_advisor.index_what_if('select * from measured.empty where lower(b) = ''x''', '{create index on measured.empty (lower(b))}')$$, 'an empty table');
select is(pg_temp.rows_with('select * from measured.t where lower(b) = ''some''', 'create index on measured.t (lower(b)) where a < 0'),
  pg_temp.rows_of(pg_temp.explained('select * from measured.t where lower(b) = ''some''')), 'a predicate that no row meets');
select throws_ok($$select deal_advisor.index_what_if('select 1', '{create index on measured.t ((1 / (a - 7)))}')$$, '22012', null, 'errors are those of CREATE INDEX');

-- Only our own planner calls see them
create function measured.look() returns int language plpgsql as $$
declare line text;
begin
  for line in execute 'explain select * from measured.t where lower(b) = ''some''' loop
    return substring(line from 'rows=(\d+)')::int;
  end loop;
end $$;
create function measured.expected() returns int immutable language plpgsql as $$begin return measured.look(); end $$;
select ok(w.plan_after ~ ('id = ' || measured.expected()) and w.plan_after ~ 'ix', 'a function that the planner runs sees no statistics of ours')
from deal_advisor.index_what_if('select * from measured.t where lower(b) = ''rare'' and id = measured.expected() or lower(b) = ''nothing''',
  array['create index ix on measured.t (lower(b))']) w;
select is(measured.expected(), 300, 'which are the defaults');
prepare kept (text) as select * from measured.t where lower(b) = $1;
set local plan_cache_mode = force_generic_plan;
select is(pg_temp.rows_of(pg_temp.explained('execute kept(''x'')')), 300::float8, 'a prepared statement sees none');
reset plan_cache_mode;

-- Privileges
create role measured_reader;
create role measured_columns;
create role measured_tenant;
create role measured_owner;
create role measured_viewer;
grant usage on schema measured to public;
grant create on schema measured to measured_owner;
grant select on measured.t, measured.parted to measured_reader;
grant select (id, a, b) on measured.t to measured_columns;
set local role measured_reader;
select ok(pg_temp.rows_with('select * from measured.t where lower(b) = ''some''', 'create index on measured.t (lower(b))') between 16000 and 17600, 'SELECT is enough');
select ok(pg_temp.rows_with('select * from measured.parted where a * 3 = 300', 'create index on measured.parted ((a * 3))') between 100 and 170, 'SELECT on the parent is enough');
set local role measured_columns;
select is(pg_temp.rows_with('select id from measured.t where lower(b) = ''some''', 'create index on measured.t (lower(b))'), 300::float8, 'without SELECT on the table: the default');
select is(pg_temp.rows_with('select id from measured.t where lower(b) = ''b63''', 'create index on measured.t (lower(b))'), 300::float8, 'whatever the value');
select is(pg_temp.rows_with('select id from measured.t where nullif(b, ''Some'') is null', 'create index on measured.t ((nullif(b, ''Some'')))'),
  pg_temp.rows_of(pg_temp.explained('select id from measured.t where nullif(b, ''Some'') is null')), 'nor how many nulls there are');
reset role;
create table measured.secured as select * from measured.t;
alter table measured.secured enable row level security;
create policy few on measured.secured using (a < 10);
grant select on measured.secured to measured_tenant;
analyze measured.secured;
set local role measured_tenant;
select is(w.rows, e.rows, 'row security: no statistics')
from pg_temp.rows_with('select * from measured.secured where lower(b) = ''some''', 'create index on measured.secured (lower(b))') w (rows),
  pg_temp.rows_of(pg_temp.explained('select * from measured.secured where lower(b) = ''some''')) e (rows);
reset role;

-- A function that is not leakproof gets to see no value behind a security barrier, and else just what ANALYZE would show
create function measured.telling(l text, r text) returns boolean immutable language plpgsql as $$
begin
  if l like 'secret%' then raise exception using errcode = 'P0044', message = l; end if;
  return l < r;
end $$;
create operator measured.<<< (leftarg = text, rightarg = text, procedure = measured.telling, restrict = scalarltsel);
create view measured.walled with (security_barrier) as select * from measured.t where a < 10;
select throws_ok($$select deal_advisor.index_what_if('select * from measured.t where lower(secret) operator(measured.<<<) ''x''', '{create index on measured.t (lower(secret))}')$$,
  'P0044', null, 'values of a table that the caller may read whole are shown to functions');
select lives_ok($$select deal_advisor.index_what_if('select * from measured.walled where lower(secret) operator(measured.<<<) ''x''', '{create index on measured.t (lower(secret))}')$$,
  'not behind a security barrier');
create index built on measured.t (lower(secret));
analyze measured.t;
select throws_ok($$explain select * from measured.t where lower(secret) operator(measured.<<<) 'x'$$, 'P0044', null, 'the server does so too');
select lives_ok($$explain select * from measured.walled where lower(secret) operator(measured.<<<) 'x'$$, 'and so behind the barrier');
drop index measured.built;
grant select on measured.walled to measured_viewer;
grant execute on function measured.telling to measured_viewer;
set local role measured_viewer;
select lives_ok($$select deal_advisor.index_what_if('select * from measured.walled where lower(secret) operator(measured.<<<) ''x''', '{create index on measured.t (lower(secret))}')$$,
  'nor to one who may only read the view');
reset role;

-- Code that runs on the sample has the owner's rights or the caller's, never a superuser's; what it sets is put back
create table measured.owned as select id, a, b from measured.t;
create table measured.loot (who text);
alter table measured.owned owner to measured_owner;
set local role measured_owner;
create function measured.who(text) returns text immutable language plpgsql as $$begin raise exception using errcode = 'P0043', message = current_user; end $$;
create function measured.quiet(v text) returns text immutable language plpgsql as $$
begin
  perform set_config('search_path', 'measured', false), set_config('measured.mark', current_user, false);
  return lower(v);
end $$;
create function measured.takes(v text) returns text language plpgsql as $$begin insert into measured.loot values (current_user); return v; end $$;
create function measured.take(v text) returns text immutable language plpgsql as $$begin return measured.takes(v); end $$;
reset role;
select throws_ok($$select deal_advisor.index_what_if('select * from measured.owned', '{create index on measured.owned (measured.who(b))}')$$, 'P0043', 'measured_owner', 'a superuser lends nothing');
select throws_ok($$select deal_advisor.index_what_if('select * from measured.owned', '{create index on measured.owned (measured.take(b))}')$$, '25006', null, 'and nothing is written');
select is(count(*), 0::bigint, 'indeed') from measured.loot;
select throws_ok($$select deal_advisor.index_what_if('select * from measured.t', '{create index on measured.t (measured.who(b))}')$$, '42501', null, 'not on the superuser''s own table either');
select throws_ok($$select deal_advisor.index_size('create index on measured.t (measured.who(b))')$$, '42501', null, 'nor by sizing');
select current_setting('search_path') as path \gset
select is(w.used_indexes, '{ix}', 'a function that changes settings')
from deal_advisor.index_what_if('select * from measured.owned where measured.quiet(b) = ''rare''', array['create index ix on measured.owned (measured.quiet(b))']) w;
select is(current_setting('search_path'), :'path', 'they are put back: search_path');
select is(nullif(current_setting('measured.mark', true), ''), null, 'and its own');
select throws_ok($$select deal_advisor.index_what_if('select 1', '{create index on measured.owned (measured.quiet(b)),create index on owned (a)}')$$, '42P01', null,
  'before the next definition is read');

-- Read only, and nothing stays behind
create function pg_temp.read_only(out rows float8) language plpgsql as $$
begin
  set local transaction_read_only = on;
  rows := pg_temp.rows_with('select * from measured.t where lower(b) = ''some''', 'create index on measured.t (lower(b))');
  raise exception using errcode = 'UNDO1';
exception when sqlstate 'UNDO1' then null;
end $$;
select ok(rows between 16000 and 17600, 'in a read-only transaction') from pg_temp.read_only();
select is(count(*), 0::bigint, 'no statistics in the catalog') from pg_statistic where starelid::regclass::text !~ '^(measured|pg_|information_schema)' and starelid >= 16384
  and not exists (select from pg_class where oid = starelid);
select is(pg_temp.rows_of(pg_temp.explained('select * from measured.t where lower(b) = ''some''')), 300::float8, 'and afterwards the defaults again');

select * from finish();
rollback;
drop schema measured cascade;
