-- Scopes put everything back, whatever ends them.
select plan(46);
create table kept (a int);
insert into kept values (1);
create role bridge_reader;
create role bridge_writer;
grant insert, select on kept to bridge_writer;
grant usage on schema deal_test to bridge_reader, bridge_writer;
grant execute on all functions in schema deal_test to public;

-- attempt and rolled_back: catalog, rows, locks, settings
select is(deal_test.attempt('insert into public.kept values (2)', true), 'ok', 'attempt succeeds');
select is(count(*), 2::bigint, 'attempt that commits keeps its rows') from kept;
select is(deal_test.attempt('insert into public.kept values (3)', false), 'ok', 'attempt that rolls back succeeds');
select is(count(*), 2::bigint, 'attempt that rolls back keeps nothing') from kept;
select is(deal_test.attempt('select 1/0', true), '22012: division by zero', 'attempt returns a server error');
select is(deal_test.attempt('select deal_test.throw_plain()', true), 'DA001: nested advisor error', 'attempt returns an advisor error');
select is(deal_test.rolled_back('create table public.phantom (a int)'), '{}', 'rolled_back restores the server state');
select hasnt_table('public', 'phantom', 'rolled_back undoes catalog changes');
select is(deal_test.rolled_back('create table public.phantom (a int)', 'advisor'), '{}', 'an advisor error: state restored');
select hasnt_table('public', 'phantom', 'an advisor error: catalog changes undone');
select is(deal_test.rolled_back('create table public.phantom (a int)', 'int'), '{}', 'throw 42: state restored');
select hasnt_table('public', 'phantom', 'throw 42: catalog changes undone');
select is(deal_test.rolled_back('select 1/0'), '{}', 'a server error: state restored');
select is(deal_test.rolled_back($$set work_mem = '99kB'$$), '{}', 'a setting inside');
select isnt(current_setting('work_mem'), '99kB', 'is gone');
select is(deal_test.rolled_back($sql$do $do$ begin set local search_path = pg_temp; perform 1/0; end $do$ $sql$), '{}',
          'search_path is restored after an error');
select is(deal_test.state_after('select 1/0'), '{}', 'attempt restores all, the counts of held interrupts too');
select is(deal_test.state_after($sql$do $do$ begin perform deal_test.relay('select 1/0'); end $do$ $sql$), '{}',
          'the same with a nested session');

begin;
select is(deal_test.attempt('lock table public.kept in access exclusive mode', false), 'ok', 'locks in attempt');
select is(deal_test.rolled_back('lock table public.kept in share mode'), '{}', 'locks in rolled_back');
select is(deal_test.attempt($sql$do $do$ begin lock table public.kept in exclusive mode; perform 1/0; end $do$ $sql$, true),
          '22012: division by zero', 'locks and then an error');
select is(count(*), 0::bigint, 'no lock is kept')
  from pg_locks where relation = 'public.kept'::regclass and pid = pg_backend_pid();
select is(deal_test.attempt('lock table public.kept in share mode', true), 'ok', 'a lock in an attempt that commits');
select is(count(*), 1::bigint, 'is kept (the test can fail)')
  from pg_locks where relation = 'public.kept'::regclass and pid = pg_backend_pid();
rollback;

-- roles
select is(deal_test.as_role('bridge_writer', 'insert into public.kept values (10)'), 'ok, then postgres', 'as a role with the right');
select is(deal_test.as_role('bridge_reader', 'insert into public.kept values (11)'),
          '42501: permission denied for table kept, then postgres', 'as a role without: refused, role restored');
select is(deal_test.as_role('bridge_writer', 'set role postgres'),
          '42501: cannot set parameter "role" within security-definer function, then postgres', 'no SET ROLE inside');
select is(deal_test.as_role('bridge_writer', 'set session authorization postgres'),
          '42501: cannot set parameter "session_authorization" within security-definer function, then postgres',
          'no SET SESSION AUTHORIZATION inside');
select is(deal_test.as_role('bridge_writer', 'create temp table t (a int)'),
          '42501: cannot create temporary table within security-restricted operation, then postgres', 'no temporary table inside');
select is(deal_test.as_role('bridge_writer', 'select deal_test.throw_plain()'), 'DA001: nested advisor error, then postgres',
          'an advisor error: role restored');
create function deal_test.volatile_part() returns int volatile language plpgsql as $$
begin
  execute 'alter role bridge_writer superuser';
  return 1;
end $$;
create function deal_test.sly() returns int immutable language plpgsql as $$ begin return deal_test.volatile_part(); end $$;
select is(deal_test.as_role('bridge_writer', 'select deal_test.sly()'),
          '42501: ' || case when current_setting('server_version_num')::int >= 160000 then 'permission denied to alter role'
                            else 'must be superuser to alter superuser roles or change superuser attribute' end
          || ', then postgres', 'a function inside has the role''s rights, not the caller''s');
select is(rolsuper, false, 'and gained none') from pg_roles where rolname = 'bridge_writer';
set role bridge_writer;
select is(deal_test.as_role('bridge_reader', 'select 1/0'), '22012: division by zero, then bridge_writer',
          'the role to go back to is the current one');
reset role;

-- read only
select is(deal_test.as_role('postgres', 'insert into public.kept values (12)', true),
          '25006: cannot execute INSERT in a read-only transaction, then postgres', 'read only blocks writes');
select is(deal_test.as_role('postgres', 'create table public.phantom (a int)', true),
          '25006: cannot execute CREATE TABLE in a read-only transaction, then postgres', 'read only blocks DDL');
select is(deal_test.as_role('postgres', $sql$do $do$ begin
            perform set_config('transaction_read_only', 'off', true); insert into public.kept values (13); end $do$ $sql$, true),
          '25001: cannot set transaction read-write mode inside a read-only transaction, then postgres', 'read only cannot be lifted');
select is(deal_test.as_role('postgres', 'select count(*) from public.kept', true), 'ok, then postgres', 'read only allows reading');
insert into kept values (14);
select is(array_agg(a order by a), '{1,2,10,14}', 'exactly the allowed writes happened, and writing works again') from kept;

-- settings
select is(deal_test.with_setting('work_mem', '123kB', $$select current_setting('work_mem')$$), '123kB, then ' || current_setting('work_mem'),
          'a local setting');
select is(deal_test.with_setting('work_mem', '123kB', 'select 1/0'), '22012: division by zero, then ' || current_setting('work_mem'),
          'a local setting is gone after an error');
select is(deal_test.with_setting('work_mem', 'rather big', 'select 1'),
          '22023: invalid value for parameter "work_mem": "rather big", then ' || current_setting('work_mem'), 'an invalid value');
select is(deal_test.with_setting('no.such_setting', 'x', $$select current_setting('no.such_setting')$$), 'x, then ',
          'a setting that nobody knew');
set role bridge_reader;
select is(deal_test.with_setting('session_replication_role', 'replica', 'select 1'),
          '42501: permission denied to set parameter "session_replication_role", then origin', 'settings need their rights');
reset role;
select is(deal_test.setting('no_such_setting'), '', 'an unknown setting is empty');
select is(deal_test.live(), 0::bigint, 'no C++ object is left');
select cmp_ok(deal_test.made(), '>', 20::bigint, 'and there were some');
select * from finish();
drop table kept;
drop function deal_test.sly(), deal_test.volatile_part();
drop owned by bridge_reader, bridge_writer;
drop role bridge_reader, bridge_writer;
