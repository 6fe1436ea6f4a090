-- Other people's statements are planned with their rights: functions that planning runs gain nothing.
-- Needs a superuser and pg_stat_statements preloaded; skipped elsewhere. Everything is rolled back.
\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only true
\pset pager off
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
create extension if not exists deal_advisor;
create extension if not exists pg_stat_statements;
set local pg_stat_statements.track = 'all';

select not (current_setting('pg_stat_statements.max', true) is not null
  and (select rolsuper from pg_catalog.pg_roles where rolname = current_user)) as unfit \gset
\if :unfit
select plan(1);
select skip('needs a superuser and pg_stat_statements preloaded', 1);
select * from finish();
rollback;
\quit
\endif

select plan(32);
select current_setting('search_path') as original_path \gset

create role deal_attacker;
create role deal_victim;
create role deal_reader in role pg_read_all_stats;
create schema attack authorization deal_attacker;
create schema deal_victim authorization deal_victim;
grant usage on schema attack to public;

-- What the attacker plants: functions declared IMMUTABLE that run something else, harmless at first.
set local role deal_attacker;
create table attack.log (who name);
create sequence attack.counter;
create table attack.bait (x int, y text);
create function attack.payload() returns int language plpgsql volatile as $$ begin return 1; end $$;
create function attack.plain() returns int language plpgsql immutable as $$ begin return attack.payload(); end $$;
create function attack.with_setting() returns int language plpgsql immutable set work_mem = '4MB'
  as $$ begin return attack.payload(); end $$;
create function attack.inlined() returns int language sql immutable as 'select attack.plain()';
create function attack.stable() returns int language plpgsql stable as $$ begin return attack.payload(); end $$;
create function attack.same(int, int) returns boolean language plpgsql immutable
  as $$ begin perform attack.payload(); return $1 operator(pg_catalog.=) $2; end $$;
create operator attack.= (leftarg = int, rightarg = int, function = attack.same, restrict = eqsel);
create function attack.allowed(text) returns boolean language plpgsql immutable
  as $$ begin perform attack.payload(); return true; end $$;
create domain attack.checked_text as text check (attack.allowed(value));
create type attack.pair as (a int, b int);
create function attack.to_pair(int) returns attack.pair language plpgsql immutable
  as $$ begin perform attack.payload(); return null; end $$;
create cast (int as attack.pair) with function attack.to_pair(int) as implicit;

create view attack.by_operator as select * from attack.bait where x operator(attack.=) 1;
create view attack.by_domain as select * from attack.bait where y = 'a'::attack.checked_text::text;
create view attack.by_cast as select * from attack.bait where (7::attack.pair).a = x;
create table attack.constrained (x int check (x > attack.plain()));
create table attack.indexed (x int);
create index on attack.indexed (x) where x > attack.plain();
create table attack.guarded (x int);
alter table attack.guarded enable row level security;
alter table attack.guarded force row level security;
create policy bait on attack.guarded using (x > attack.plain());
insert into attack.bait select g % 3, 'a' from generate_series(1, 300) g;
analyze attack.bait;

-- Each statement once, so that pg_stat_statements has it under the attacker's name.
select count(*) as n from attack.bait where x = attack.plain() \gset
select count(*) as n from attack.bait where x = attack.with_setting() \gset
select count(*) as n from attack.bait where x = attack.inlined() \gset
select count(*) as n from attack.bait where x > attack.stable() \gset
select count(*) as n from attack.by_operator \gset
select count(*) as n from attack.by_domain \gset
select count(*) as n from attack.by_cast \gset
select count(*) as n from attack.constrained where x > 5 \gset
select count(*) as n from attack.indexed where x > 5 \gset
select count(*) as n from attack.guarded where x > 5 \gset
select count(*) as n from (select x from attack.bait limit attack.plain()) s \gset

-- Now the attack. It tries everything that rights could give; whoever it runs as holds an advisory lock afterwards,
-- which neither a rollback nor read-only mode undoes.
create or replace function attack.payload() returns int language plpgsql volatile as $$
begin
  perform pg_catalog.pg_advisory_lock(4711, (select oid::int from pg_catalog.pg_roles where rolname = current_user));
  begin alter role deal_attacker superuser; exception when others then null; end;
  begin set transaction_read_only = off; exception when others then null; end;
  begin reset role; alter role deal_attacker superuser; exception when others then null; end;
  begin set session authorization default; alter role deal_attacker superuser; exception when others then null; end;
  begin insert into attack.log values (current_user); exception when others then null; end;
  begin create table attack.loot (x int); exception when others then null; end;
  begin create temporary table deal_loot (x int); exception when others then null; end;
  begin perform pg_catalog.nextval('attack.counter'); exception when others then null; end;
  begin perform pg_catalog.set_config('search_path', 'attack', false); exception when others then null; end;
  begin perform pg_catalog.set_config('deal_test.attacked', 'yes', false); exception when others then null; end;
  begin execute 'deallocate all'; exception when others then null; end;
  begin execute 'close all'; exception when others then null; end;
  return 1;
end $$;
reset role;

alter role deal_attacker set search_path = attack, pg_catalog;
alter role deal_attacker set constraint_exclusion = on;
grant select on all tables in schema attack to public;

/* Puts back what the attack may have changed and forgets who ran it. */
create function pg_temp.clean(path text) returns void language sql as $$
  select pg_catalog.pg_advisory_unlock_all();
  delete from attack.log;
  drop table if exists attack.loot, pg_temp.deal_loot;
  select pg_catalog.setval('attack.counter', 1, false);
  select pg_catalog.set_config('search_path', path, false);
  select pg_catalog.set_config('deal_test.attacked', '', false);
$$;
create function pg_temp.ran_as() returns setof name language sql as $$
  select r.rolname from pg_catalog.pg_locks l join pg_catalog.pg_roles r on r.oid = l.objid
  where l.locktype = 'advisory' and l.classid = 4711 and l.pid = pg_catalog.pg_backend_pid()
$$;
select pg_temp.clean(:'original_path') \g /dev/null

-- The baseline: a plain EXPLAIN by a superuser hands over everything. If this fails, the rest proves nothing.
savepoint baseline;
explain (costs off) select count(*) from attack.bait where x = attack.plain() \g /dev/null
select rolsuper as gained from pg_catalog.pg_roles where rolname = 'deal_attacker' \gset
rollback to savepoint baseline;
select ok(:'gained', 'a plain EXPLAIN by a superuser makes the attacker a superuser');
select set_has('select pg_temp.ran_as()', 'select current_user', 'it ran with the rights of the superuser');
savepoint baseline_operator;
explain (costs off) select count(*) from attack.by_operator \g /dev/null
select rolsuper as gained from pg_catalog.pg_roles where rolname = 'deal_attacker' \gset
rollback to savepoint baseline_operator;
select ok(:'gained', 'so does one over a view whose operator the planner estimates');
savepoint baseline_constraint;
set local constraint_exclusion = on;
explain (costs off) select count(*) from attack.constrained where x > 5 \g /dev/null
select rolsuper as gained from pg_catalog.pg_roles where rolname = 'deal_attacker' \gset
rollback to savepoint baseline_constraint;
select ok(:'gained', 'and one over a table whose constraint the planner reads');
select pg_temp.clean(:'original_path') \g /dev/null

-- The same statements through the advisor, by the same superuser.
prepare deal_kept as select 1;
select current_setting('search_path') as path_before \gset
create table pg_temp.outcome as
  select * from deal_advisor.workload_status(options => '{"roles": ["deal_attacker"]}') where query like '%as n from%';
select is((select count(*) from pg_temp.outcome), 11::bigint, 'the advisor sees the attacker''s statements');
select is_empty('select query, reason from pg_temp.outcome where status <> ''planned''', 'and plans each of them');
select set_eq('select pg_temp.ran_as()', array['deal_attacker'::name],
  'what planning ran, it ran with the attacker''s own rights and nobody else''s');
select ok(not rolsuper, 'the attacker is no superuser') from pg_catalog.pg_roles where rolname = 'deal_attacker';
select is_empty('select * from attack.log', 'nothing was written');
select hasnt_table('attack'::name, 'loot'::name, 'no table was made');
select is(to_regclass('pg_temp.deal_loot')::text, null, 'nor a temporary one');
select is((select is_called from attack.counter), false, 'no sequence moved');
select is(current_setting('search_path'), :'path_before', 'the search_path is what it was');
select is(coalesce(current_setting('deal_test.attacked', true), ''), '', 'no setting outlives the call');
select is(current_setting('transaction_read_only'), 'off', 'the transaction may still write');
select is((select count(*) from pg_catalog.pg_prepared_statements where name = 'deal_kept'), 1::bigint,
  'prepared statements are still there');
select is(current_user, session_user, 'the caller is who it was');
select pg_temp.clean(:'original_path') \g /dev/null

create table pg_temp.advice as select * from deal_advisor.index_advice() where false;
select lives_ok($$insert into pg_temp.advice select * from deal_advisor.index_advice()$$, 'index_advice runs over the same workload');
select set_eq('select pg_temp.ran_as()', array['deal_attacker'::name], 'index_advice runs nothing with other rights either');
select ok(not rolsuper, 'the attacker is still no superuser') from pg_catalog.pg_roles where rolname = 'deal_attacker';
select pg_temp.clean(:'original_path') \g /dev/null

-- A superuser's own statement about an object whose owner has since put something else there.
create view attack.public_view as select x from attack.bait where y = 'harmless';
alter view attack.public_view owner to deal_attacker;
select count(*) as m from attack.public_view \gset
set local role deal_attacker;
create or replace view attack.public_view as select x from attack.bait where x = attack.plain() or x = attack.with_setting();
reset role;
create table pg_temp.own as
  select * from deal_advisor.workload_status(options => jsonb_build_object('roles', array[current_user]))
  where query like 'select count(*) as m from attack.public_view%';
select is((select status from pg_temp.own), 'skipped', 'a superuser''s statement that would run the attacker''s function is skipped');
select matches((select reason from pg_temp.own), 'would run function plain of role deal_attacker', 'and the reason names it');
select is_empty('select pg_temp.ran_as()', 'the function did not run at all');
select throws_like($$select deal_advisor.index_what_if('select x from attack.public_view')$$, '%would run function%',
  'the same holds for text that a superuser passes');
select lives_ok($$select deal_advisor.index_advice('select x from attack.public_view', as_role => 'deal_attacker')$$,
  'as_role plans it as the lesser role');
select set_eq('select pg_temp.ran_as()', array['deal_attacker'::name], 'with that role''s rights');
select pg_temp.clean(:'original_path') \g /dev/null

-- Names resolve as in the role's own sessions.
create table deal_victim.private_table (id int, state text);
alter table deal_victim.private_table owner to deal_victim;
create table attack.caller_only (id int);
grant select on attack.caller_only to deal_victim;
set local search_path = attack, public;
create temporary table private_table (id int);
create table pg_temp.paths as select * from deal_advisor.workload_status(statements => array[
  row('select state from private_table where id = $1', 1, 1, 'deal_victim', null, null, '1'),
  row('select * from caller_only where id = $1', 1, 1, 'deal_victim', null, null, '2'),
  row('select * from caller_only where id = $1', 1, 1, 'deal_victim', 'attack', null, '3'),
  row('select * from caller_only where id = $1', 1, 1, null, null, null, '4'),
  row('select * from caller_only where id = $1', 1, 1, 'deal_nobody', null, null, '5')
]::deal_advisor.statement[]);
select results_eq('select query_id, status from pg_temp.paths order by query_id',
  $$values ('1', 'planned'), ('2', 'skipped'), ('3', 'planned'), ('4', 'planned'), ('5', 'skipped')$$,
  'a role''s statement sees "$user", public, never the caller''s search_path or temporary tables; an explicit path counts');
select is((select reason from pg_temp.paths where query_id = '5'), 'role "deal_nobody" does not exist', 'a role that is gone is a reason');
alter role deal_victim set search_path = attack;
select is((select status from deal_advisor.workload_status(statements => array[
  row('select * from caller_only where id = $1', 1, 1, 'deal_victim', null, null, '2')]::deal_advisor.statement[])), 'planned',
  'ALTER ROLE ... SET search_path counts');
drop table pg_temp.private_table;

-- A caller who may not act as the role.
set local role deal_reader;
create function pg_temp.reasons() returns setof text language sql as $$
  select distinct reason from deal_advisor.workload_status(options => '{"roles": ["deal_attacker"]}') where status = 'skipped'
$$;
select set_eq('select pg_temp.reasons()', array['permission denied to plan as role "deal_attacker"'],
  'statements of roles that the caller may not act as are skipped');
reset role;
revoke pg_read_all_stats from deal_reader;
set local role deal_reader;
select set_has('select reason from deal_advisor.workload_status() where status = ''skipped'' and query = ''<insufficient privilege>''',
  $$values ('permission denied to plan as role "deal_attacker"')$$, 'a hidden text is reported and not planned');
reset role;

set local client_min_messages = error;
-- A table filled by somebody else: its owner does not choose with whose rights its text is planned.
set local role deal_attacker;
create table attack.fake_workload (query text, role name);
insert into attack.fake_workload values ('select 1 from attack.bait where x = 2', null);
reset role;
insert into attack.fake_workload values ('select 2 from attack.bait where x = 3', current_user);
select results_eq($$select query, role from deal_advisor.workload('attack.fake_workload')$$,
  $$values ('select 1 from attack.bait where x = 2', 'deal_attacker'::name)$$,
  'rows of a role that the table''s owner may not act as are left out; rows without one are the owner''s');
select pg_catalog.pg_advisory_unlock_all() \g /dev/null
select * from finish();
rollback;
