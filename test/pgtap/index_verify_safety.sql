-- index_verify leaves nothing behind, however it ends, and does nothing with rights that the caller hasn't.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists proved cascade;
create schema proved;
create table proved.t (id int primary key, a int not null, b text not null);
insert into proved.t select i, i % 1000, 'b' || i % 500 from generate_series(1, 30000) i;
insert into proved.t values (0, 1000, 'zero');
create table proved.rows_secured (id int primary key, tenant int not null, a int not null);
insert into proved.rows_secured select i, i % 10, i % 2500 from generate_series(1, 20000) i;
alter table proved.rows_secured enable row level security;
create policy by_tenant on proved.rows_secured using (tenant = current_setting('proved.tenant', true)::int);
vacuum (analyze) proved.t, proved.rows_secured;
begin;
select plan(38);
create role proved_owner;
create role proved_reader;
create role proved_thief;
grant usage, create on schema proved to proved_owner, proved_reader, proved_thief;
alter table proved.t owner to proved_owner;
grant select on proved.t, proved.rows_secured to proved_reader, proved_thief;
create function pg_temp.statement(query text, role name default null) returns deal_advisor.statement
language sql as $$ select row(query, 1, 1, role, null, null, null)::deal_advisor.statement $$;

-- Nothing stays
create function pg_temp.catalogs() returns text language sql as $$
  select md5(string_agg(line, E'\n' order by line)) from (
    select c.relname || c.relnamespace || c.xmin || c.relfilenode || c.relowner from pg_class c where c.oid >= 16384
    union all select i.indexrelid || '.' || i.xmin from pg_index i
    union all select a.attrelid || '.' || a.attnum || '.' || a.xmin from pg_attribute a where attrelid >= 16384
    union all select s.starelid || '.' || s.staattnum || '.' || s.xmin from pg_statistic s
    union all select n.nspname || n.xmin from pg_namespace n) x (line) $$;
create function pg_temp.locked() returns text language sql as $$
  select coalesce(string_agg(distinct relation::regclass::text || ' ' || mode, ', '), 'none') from pg_locks
  where pid = pg_backend_pid() and locktype = 'relation' and relation in (select oid from pg_class where relnamespace = 'proved'::regnamespace) $$;
create temp table anything (a int);  -- so that there is a temporary schema before, too
select pg_temp.catalogs() as catalogs_before, pg_temp.locked() as locked_before, current_setting('lock_timeout') as lock_timeout_before \gset
create function pg_temp.is_clean(what text) returns setof text language sql as $$
  select is(pg_temp.catalogs() || pg_temp.locked() || current_setting('lock_timeout') || current_user || current_setting('transaction_read_only'),
    current_setting('proved.clean'), what || ': nothing is left') $$;
select set_config('proved.clean', :'catalogs_before' || :'locked_before' || :'lock_timeout_before' || current_user || 'off', true) is null as no \gset
select is(count(*), 3::bigint, 'built') from deal_advisor.index_verify('{create index on proved.t (a)}', array[pg_temp.statement('select * from proved.t where a = 7')], '{"build": true, "run": true}');
select pg_temp.is_clean('after building');
select is(count(*), 3::bigint, 'sampled') from deal_advisor.index_verify('{create index on proved.t (a)}', array[pg_temp.statement('select * from proved.t where a = 7')], '{"sample_percent": 20}');
select pg_temp.is_clean('after sampling');
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (a),create index on proved.t ((1 / id))}', '{}', '{"build": true}')$$, '22012', null, 'an error half-way, while the size is estimated');
select pg_temp.is_clean('after an error in the estimate');
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (a),create unique index on proved.t (b)}', '{}', '{"build": true}')$$, '23505', null, 'an error half-way, after one index was built');
select pg_temp.is_clean('after an error in the second build');
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (a),create unique index on proved.t (b)}', '{}', '{"sample_percent": 90}')$$, '23505', null, 'the same on a sample');
select pg_temp.is_clean('after an error in the second build on a sample');

-- Cancelled while it times a statement
create function pg_temp.cancelled(call text) returns text language plpgsql as $$
begin
  execute call;
  return 'not cancelled';
exception when query_canceled then
  return 'cancelled';
end $$;
set local statement_timeout = '700ms';
select pg_temp.cancelled($$select deal_advisor.index_verify('{create index on proved.t (a)}',
  array[pg_temp.statement('select count(*) from proved.t x, proved.t y, proved.t z where x.a = 7 and y.id > z.id and y.b > z.b')], '{"build": true, "run": true, "run_seconds": 3600}')$$) as ended \gset
set local statement_timeout = 0;
select is(:'ended'::text, 'cancelled', 'the statement''s time limit ends it');
select pg_temp.is_clean('after a cancel');

-- Nothing is built unasked, nor much
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (a)}', '{}')$$, '55000', 'index_verify may neither build indexes nor copy a sample');
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (a)}', '{}', '{"build": true, "max_table_bytes": "100kB"}')$$, '54000');
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (a)}', '{}', '{"sample_percent": 90, "max_table_bytes": "100kB"}')$$, '54000');
select throws_ok($$select deal_advisor.index_verify('{create index if not exists t_pkey on proved.t (a)}', '{}', '{"build": true}')$$, '42P07');

-- Only these statements, one in each element
select throws_ok(format('select deal_advisor.index_verify(array[%L], ''{}'', ''{"build": true}'')', sql), code, null, sql)
from (values ('drop table proved.t', '0A000'), ('create index on proved.t (a); drop table proved.t', '0A000'), ('select 1', '0A000'), ('', '0A000'),
  ('alter index proved.t_pkey rename to x', '0A000'), ('reindex index proved.t_pkey', '0A000'), ('drop index proved.t', '42809'),
  ('create index on proved.nothing (a)', '42P01')) x (sql, code);
select is((select count(*) from proved.t), 30001::bigint, 'the table is as it was');

-- Read only
create function pg_temp.read_only() returns text language plpgsql as $$
begin
  set local transaction_read_only = on;
  perform deal_advisor.index_verify('{create index on proved.t (a)}', '{}', '{"build": true}');
  return 'built';
exception when read_only_sql_transaction then
  return sqlerrm;
end $$;
select is(pg_temp.read_only(), 'index_verify cannot run in a read-only transaction: it builds indexes', 'a read-only transaction');

-- Rights: building needs the owner's, a sample those to read
set local role proved_reader;
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (a)}', '{}', '{"build": true}')$$, '42501', 'must be owner of table proved.t to build an index on it');
select is(count(*), 1::bigint, 'a reader''s sample') from deal_advisor.index_verify('{create index on proved.t (a)}', '{}', '{"sample_percent": 50}');
set local proved.tenant = '3';
select ok((select substring(note from '\d+')::int from deal_advisor.index_verify('{create index on proved.rows_secured (a)}', '{}', '{"sample_percent": 100}')) = 2000, 'row security holds in the sample');
reset role;

-- Code in definitions runs as the table's owner where that is asked of the owner or a superuser, else as the caller;
-- never the owner's code as somebody else
create function proved.who(int) returns int immutable language plpgsql as $$begin raise exception using errcode = 'P0043', message = current_user; end $$;
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (proved.who(a))}', '{}', '{"build": true}')$$, 'P0043', 'proved_owner', 'a superuser builds with the owner''s rights');
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (proved.who(a))}', '{}', '{"sample_percent": 50}')$$, 'P0043', 'proved_owner', 'and on a sample');
set local role proved_thief;
select throws_ok($$select deal_advisor.index_verify('{create index on proved.t (proved.who(a))}', '{}', '{"sample_percent": 50}')$$, 'P0043', 'proved_thief', 'nobody borrows the owner''s');
reset role;
create table proved.ran_as (who name);
grant insert, select on proved.ran_as to public;
create function proved.tell(int) returns int immutable language plpgsql as $$begin raise notice 'ran as %', current_user; if current_user = 'proved_reader' then raise exception using errcode = 'P0044'; end if; return $1; end $$;
set local role proved_owner;
create index on proved.t (proved.tell(a));
reset role;
set local role proved_reader;
select is(count(*), 1::bigint, 'the owner''s expression is not run as the reader') from deal_advisor.index_verify('{create index on proved.t (b)}', '{}', '{"sample_percent": 50}');
reset role;

-- Statements run as their role, and cannot write
create function proved.who_runs() returns text stable language sql as 'select current_user::text';
create function proved.slip_really() returns int language plpgsql as $$begin insert into proved.ran_as values (current_user); return 1; end $$;
create function proved.slip() returns int stable language plpgsql as $$begin return proved.slip_really(); end $$;
create function proved.assert_reader() returns int stable language plpgsql as $$begin if current_user <> 'proved_reader' then raise exception using errcode = 'P0045', message = current_user; end if; return 7; end $$;
select ok(ms_after > 0, 'a statement is executed as its role')
from deal_advisor.index_verify('{create index on proved.t (a)}', array[pg_temp.statement('select * from proved.t where a = (select proved.assert_reader())', 'proved_reader')], '{"build": true, "run": true}') where what = 'statement';
select is(note, 'not timed: cannot execute INSERT in a read-only transaction', 'a function that calls itself stable cannot write')
from deal_advisor.index_verify('{create index on proved.t (a)}', array[pg_temp.statement('select * from proved.t where a = (select proved.slip())', 'proved_reader')], '{"build": true, "run": true}') where what = 'statement';
select is(count(*), 0::bigint, 'nothing was written') from proved.ran_as;
set local role proved_thief;
select ok(note ~ 'permission denied', 'nobody runs a statement as a role that he may not act as')
from deal_advisor.index_verify('{}', array[pg_temp.statement('select * from proved.t', 'proved_owner')], '{"run": true}') where what = 'statement';
select is(note, 'permission denied for table pg_authid', 'nor reads what he may not')
from deal_advisor.index_verify('{}', array[pg_temp.statement('select * from pg_catalog.pg_authid')], '{"run": true}') where what = 'statement';
reset role;
select * from finish();
rollback;
drop schema proved cascade;
