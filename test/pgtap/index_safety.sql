-- What index advice must never do: leave anything behind, show or do more than the caller may, touch other plans.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists safe cascade;
create schema safe;

create table safe.t (id int primary key, a int not null, b text not null, secret text not null);
insert into safe.t select i, i % 1000, 'b' || i % 500, 'secret ' || i from generate_series(1, 30000) i;
create table safe.rows_secured (id int primary key, tenant int not null, a int not null, pad text);
insert into safe.rows_secured select i, i % 10, i % 2500, repeat('x', 60) from generate_series(1, 20000) i;
alter table safe.rows_secured enable row level security;
create policy by_tenant on safe.rows_secured using (tenant = current_setting('safe.tenant', true)::int);
create table safe.parted (id int, a int, b text) partition by range (id);
create table safe.parted_1 partition of safe.parted for values from (0) to (15000);
create table safe.parted_2 partition of safe.parted for values from (15000) to (40000);
insert into safe.parted select i, i % 1000, 'b' || i % 37 from generate_series(1, 30000) i;
vacuum (analyze) safe.t, safe.rows_secured, safe.parted;
begin;
set local jit = off;
select plan(54);

create role safe_reader;   -- may read the tables
create role safe_columns;  -- may read two columns
create role safe_nobody;
create role safe_owner;
create role safe_thief;    -- may read, and make functions
create role safe_tenant;   -- sees the rows of one tenant
grant usage on schema safe to public;
grant create on schema safe to safe_owner, safe_thief;
grant select on safe.t, safe.parted to safe_reader, safe_thief;
grant select (id, a) on safe.t to safe_columns;
grant select on safe.rows_secured to safe_tenant;

-- Nothing is left behind
create function pg_temp.catalogs() returns text language sql as $$
  select md5(string_agg(line, E'\n' order by line)) from (
    select c::text || c.xmin from pg_class c where relnamespace = 'safe'::regnamespace
    union all select i::text || i.xmin from pg_index i
    union all select a::text || a.xmin from pg_attribute a where attrelid >= 16384 and attrelid::regclass::text like 'safe.%'
    union all select s.starelid || '.' || s.staattnum || '.' || s.xmin from pg_statistic s) x (line) $$;
select pg_temp.catalogs() as catalogs_before \gset
create function pg_temp.locked() returns text language sql as $$
  select coalesce(string_agg(distinct relation::regclass::text || ' ' || mode, ', '), 'none') from pg_locks
  where pid = pg_backend_pid() and locktype = 'relation'
    and relation in (select oid from pg_class where relnamespace = 'safe'::regnamespace) $$;
select pg_temp.locked() as locked_before \gset
select ok(:'locked_before' !~ 'Exclusive', 'no strong lock before');  -- GRANT may leave weak ones
select is(used_indexes, '{ix}', 'what-if with an index')
from deal_advisor.index_what_if('select * from safe.t where a = 1', '{create index ix on safe.t (a)}', '{safe.t_pkey}');
select is(pg_temp.locked(), :'locked_before', 'index_what_if keeps no lock');
select ok(deal_advisor.index_size('create index on safe.parted (a)') > 0, 'size of a partitioned index');
select is(pg_temp.locked(), :'locked_before', 'index_size keeps no lock');
select ok(count(*) > 0, 'advice')
from deal_advisor.index_advice('select * from safe.t t join safe.parted p using (a) where p.b = $1 and t.b = $2');
select is(pg_temp.locked(), :'locked_before', 'index_advice keeps no lock');
select throws_ok($$select deal_advisor.index_what_if('select * from safe.t', '{create index ix on safe.t (nothing)}')$$, '42703');
select is(pg_temp.locked(), :'locked_before', 'no lock after an error');
select throws_ok($$select deal_advisor.index_what_if('select * from safe.t where a / 0 = 1 and 1 / 0 = 1', '{create index ix on safe.t (a)}')$$, '22012');
select is(pg_temp.locked(), :'locked_before', 'no lock after an error of the planner');
select is(pg_temp.catalogs(), :'catalogs_before', 'pg_class, pg_index, pg_attribute and pg_statistic are as they were');
select is(current_setting('transaction_read_only'), 'off', 'the transaction may still write');

-- Other plans never see hypothetical indexes
prepare kept (int) as select * from safe.t where a = $1;
create function pg_temp.plan_of(statement text) returns text language plpgsql as $$
declare line text; plan text;
begin
  for line in execute 'explain ' || statement loop plan := concat_ws(E'\n', plan, line); end loop;
  return plan;
end $$;
set local plan_cache_mode = force_generic_plan;
select lives_ok($$select * from deal_advisor.index_what_if('select * from safe.t where a = $1', '{create index ix on safe.t (a)}')$$);
select ok(pg_temp.plan_of('execute kept(3)') !~ 'Index|ix', 'a prepared statement planned afterwards');
select lives_ok('execute kept(3)');
select throws_ok($$select * from deal_advisor.index_what_if('select * from safe.t where a = 1 and 1 / (a - a) = 1 and 1 / 0 = 1', '{create index ix on safe.t (a)}')$$, '22012');
select ok(pg_temp.plan_of('select * from safe.t where a = 3') !~ 'Index|ix', 'a statement planned after an error');
reset plan_cache_mode;

-- Functions that the planner runs to fold constants plan statements of their own
create function safe.peek(wanted int) returns int immutable language plpgsql as $$
begin
  return (select count(*) from safe.t where a = wanted);
end $$;
select is(w.used_indexes, '{ix}', 'a folded function reads the table that is planned')
from deal_advisor.index_what_if('select * from safe.t where a = safe.peek(7)', '{create index ix on safe.t (a)}') w;
create function safe.stumble() returns int immutable language plpgsql as $$
begin
  perform count(*) from safe.t where a = 1 / 0;  -- the error comes while this statement is planned
  return 0;
exception when division_by_zero then
  return 5;
end $$;
select is(w.used_indexes, '{ix}', 'a folded function that fails while planning, and recovers')
from deal_advisor.index_what_if('select * from safe.t where a = safe.stumble()', '{create index ix on safe.t (a)}') w;
create function safe.fail() returns int immutable language plpgsql as $$begin raise exception 'no' using errcode = 'P0042'; end $$;
select throws_ok($$select deal_advisor.index_what_if('select * from safe.t where a = safe.fail()')$$, 'P0042', 'no');
select is(w.used_indexes, '{ix}', 'what-if works after a failed one')
from deal_advisor.index_what_if('select * from safe.t where a = 3', '{create index ix on safe.t (a)}') w;
create function safe.nested() returns int immutable language plpgsql as $$
begin
  return (select count(*) from deal_advisor.index_what_if('select * from safe.t where a = 1', '{create index inner_ix on safe.t (a)}'));
end $$;
select is(w.used_indexes, '{ix}', 'a what-if inside a what-if')
from deal_advisor.index_what_if('select * from safe.t where a = safe.nested()', '{create index ix on safe.t (a)}') w;
create table safe.written (who text);
create function safe.write_really() returns int language plpgsql as $$begin insert into safe.written values (current_user); return 1; end $$;
create function safe.write() returns int immutable language plpgsql as $$begin return safe.write_really(); end $$;
select throws_ok($$select deal_advisor.index_what_if('select * from safe.t where a = safe.write()')$$, '25006', null, 'planning is read only');
select throws_ok($$select deal_advisor.index_size('create index on safe.t (abs(a + safe.write()))')$$, '25006', null, 'so is sizing');
select is(count(*), 0::bigint, 'nothing was written') from safe.written;

-- Privileges
set local role safe_nobody;
select throws_ok($$select deal_advisor.index_what_if('select * from safe.t')$$, '42501');
select throws_ok($$select deal_advisor.index_what_if('select id from safe.t where a = 1', '{create index ix on safe.t (a)}')$$, '42501');
set local role safe_columns;
select lives_ok($$select deal_advisor.index_what_if('select id from safe.t where a = 1', '{create index ix on safe.t (a)}')$$, 'granted columns');
select throws_ok($$select deal_advisor.index_what_if('select id from safe.t where secret = ''x''')$$, '42501', null, 'a column that is not granted');
set local role safe_reader;
select throws_ok($$select deal_advisor.index_what_if('update safe.t set a = 1')$$, '42501');
select throws_ok($$select deal_advisor.index_what_if('select * from safe.t for update')$$, '42501');
select is(w.used_indexes, '{ix}', 'SELECT is enough for what-if')
from deal_advisor.index_what_if('select * from safe.t where a = 1', '{create index ix on safe.t (a)}') w;
select ok(count(*) > 0, 'and for advice') from deal_advisor.index_advice('select * from safe.t where a = $1');
reset role;

-- Expressions in a definition run as the table's owner when the caller could act as the owner, else as the caller:
-- neither borrows the other's rights. The function tells who runs it.
create function safe.who(int) returns int immutable language plpgsql as $$begin raise exception using errcode = 'P0043', message = current_user; end $$;
create function safe.whether(int) returns boolean immutable language plpgsql as $$begin raise exception using errcode = 'P0043', message = current_user; end $$;
create table safe.owned as select * from safe.t;
alter table safe.owned owner to safe_owner;
grant select on safe.owned to safe_thief;
select throws_ok($$select deal_advisor.index_size('create index on safe.owned (safe.who(a))')$$, 'P0043', 'safe_owner', 'a superuser sizes with the owner''s rights');
select throws_ok($$select deal_advisor.index_size('create index on safe.owned (a) where safe.whether(a)')$$, 'P0043', 'safe_owner', 'predicates too');
set local role safe_thief;
select throws_ok($$select deal_advisor.index_size('create index on safe.t (safe.who(a))')$$, 'P0043', 'safe_thief', 'nobody borrows the owner''s rights');
select throws_ok($$select deal_advisor.index_size('create index on safe.t (a) where safe.whether(a)')$$, 'P0043', 'safe_thief', 'nor by a predicate');
select throws_ok($$select deal_advisor.index_size('create index on safe.parted (safe.who(a))')$$, 'P0043', 'safe_thief', 'nor through partitions');
select throws_ok($$select deal_advisor.index_what_if('select * from safe.t', '{create index on safe.t (safe.who(a))}')$$, 'P0043', 'safe_thief', 'nor by index_what_if');
reset role;

-- Without the right to read there is no sample: no code runs on rows, statistics' figures stand in.
set local role safe_columns;
select lives_ok($$select deal_advisor.index_size('create index on safe.t (safe.who(a))')$$, 'some columns are not all rows'' worth for an expression');
select deal_advisor.index_size('create index on safe.t (b)') as by_statistics, deal_advisor.index_size('create index on safe.t (a)') as by_sample \gset
reset role;
select ok(abs(ln(:by_statistics::float8 / deal_advisor.index_size('create index on safe.t (b)'))) < ln(2), 'size by statistics');
select is(:by_sample::bigint, deal_advisor.index_size('create index on safe.t (a)'), 'size by a sample of a granted column');
set local safe.tenant = '3';
set local role safe_tenant;
select lives_ok($$select deal_advisor.index_size('create index on safe.rows_secured (safe.who(a))')$$, 'row security: no sample');
select ok(deal_advisor.index_size('create index on safe.rows_secured (a)') between 100000 and 1000000, 'row security: size by statistics');
select ok(w.plan_after ~ 'tenant', 'row security is in the plan')
from deal_advisor.index_what_if('select * from safe.rows_secured where a = 1', array['create index ix on safe.rows_secured (tenant, a)']) w;
reset role;
set local role safe_reader;
select is((select deal_advisor.index_size('create index on safe.parted (b)')),
  (select deal_advisor.index_size('create index on safe.parted (b)')), 'partitions: two runs agree');
select deal_advisor.index_size('create index on safe.parted (b)') as through_parent \gset
reset role;
select is(:through_parent::bigint, deal_advisor.index_size('create index on safe.parted (b)'), 'the right to read the parent is enough for its partitions');

-- No value of the table appears in what a role without the right to it gets
set local role safe_columns;
select ok(not r::text ~ 'secret \d', 'no data in advice') from deal_advisor.index_advice('select id from safe.t where a = 3') r;
reset role;

-- A read-only transaction (its end undone, so that the tests' counts stay)
create function pg_temp.read_only(out used text[], out writing_plan text, out size bigint, out advised bigint, out refused text)
language plpgsql as $$
begin
  set local transaction_read_only = on;
  used := (select used_indexes from deal_advisor.index_what_if('select * from safe.t where a = 1', '{create index ix on safe.t (a)}'));
  writing_plan := (select plan_after from deal_advisor.index_what_if('update safe.t set b = b where a = 1', '{create index ix on safe.t (a)}'));
  size := deal_advisor.index_size('create index on safe.t (lower(b))');
  advised := (select count(*) from deal_advisor.index_advice('select * from safe.t where a = $1'));
  begin
    delete from safe.t;
  exception when read_only_sql_transaction then refused := 'refused';
  end;
  raise exception using errcode = 'UNDO1';
exception when sqlstate 'UNDO1' then null;
end $$;
select r.* from pg_temp.read_only() r \gset
select is(:'used'::text, '{ix}', 'read only: what-if');
select ok(:'writing_plan' ~ 'Update on t' and :'writing_plan' ~ 'ix', 'read only: what-if of a writing statement');
select ok(:size > 0, 'read only: size');
select ok(:advised > 0, 'read only: advice');
select is(:'refused'::text, 'refused', 'read only: and it stays so');

select * from finish();
rollback;
drop schema safe cascade;
