-- partition_maintain: retirement in every way, failures that stay alone, whose rights count. It commits, so nothing is rolled back.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists kept, kept_archive cascade;
drop schema if exists deal_advisor_data cascade;
select deal_advisor.partition_forget(schema_name, table_name) from deal_advisor.partition_set \g /dev/null
do $$ begin execute (select coalesce(string_agg(format('drop owned by %1$I; drop role %1$I', rolname), ';'), 'select 1') from pg_roles where rolname in ('kept_owner', 'kept_thief')); end $$;
create role kept_owner;
create role kept_thief;
create schema kept;
create schema kept_archive;
grant usage, create on schema kept, kept_archive to kept_owner, kept_thief;
set role kept_owner;
create table kept.ref (id int primary key);
insert into kept.ref values (1);
create function kept.make(name text, ways text, more jsonb default '{}') returns void language plpgsql as $$
begin
  execute format('create table kept.%I (at timestamptz not null, r int references kept.ref) partition by range (at)', name);
  execute format('create index on kept.%I (at)', name);
  perform deal_advisor.partition_enable(format('kept.%I', name), 'at', '1 day', premake => 1,
    options => jsonb_build_object('start', now() - interval '6 days'));
  execute format('insert into kept.%I select now() - i * interval ''1 day'', 1 from generate_series(0, 6) i', name);
  perform deal_advisor.partition_enable(format('kept.%I', name), 'at', '1 day', premake => 1, retention => '3 days', retire => ways, options => more);
end $$;
select kept.make('dropped', 'drop'), kept.make('detached', 'detach'), kept.make('archived', 'archive', '{"archive_schema": "kept_archive"}') \g /dev/null
reset role;
call deal_advisor.partition_maintain();
create function pg_temp.leaves(relation regclass) returns bigint language sql as $$ select count(*) from pg_inherits where inhparent = relation $$;
select plan(21);
select is(pg_temp.leaves('kept.dropped'), 5::bigint, 'drop: three days and the begun one stay, and the next');
select is((select count(*) from kept.dropped), 4::bigint, 'with their rows');
select is((select count(*) from pg_class where relname like 'dropped_p%' and relkind = 'r'), 5::bigint, 'the others are gone');
select is(pg_temp.leaves('kept.detached'), 5::bigint, 'detach: off the parent');
select is((select count(*) from pg_class c where relname like 'detached_p%' and relkind = 'r' and not relispartition), 3::bigint, 'but still there');
select is((select count(*) from pg_class c where relname like 'archived_p%' and relkind = 'r' and relnamespace = 'kept_archive'::regnamespace), 3::bigint, 'archive: in the other schema');
select is((select count(distinct relowner) from pg_class where relname ~ '^(dropped|detached|archived)_p' and relkind = 'r'), 1::bigint, 'every leaf belongs to the table''s owner');
select is_empty($$select * from deal_advisor_data.partition_log where outcome <> 'done'$$, 'the log has no failure');
select is((select count(*) from deal_advisor_data.partition_log where action in ('drop', 'detach', 'archive')), 9::bigint, 'and every retirement');
select is_empty($$select action from deal_advisor.partition_plan() where action <> 'analyze'$$, 'nothing is left to do');

-- One set that fails, one that vanished, one whose owner changed: the rest is kept
set role kept_owner;
select kept.make('poisoned', 'drop'), kept.make('vanished', 'drop'), kept.make('given', 'drop'), kept.make('zlast', 'drop') \g /dev/null
reset role;
drop table kept.vanished;
alter table kept.given owner to kept_thief;
create function kept.refuse() returns event_trigger language plpgsql as $$
begin
  if exists (select from pg_event_trigger_dropped_objects() where object_name like 'poisoned_p%') then raise exception 'poisoned'; end if;
end $$;
create event trigger kept_refuse on sql_drop execute function kept.refuse();
call deal_advisor.partition_maintain();
select is(pg_temp.leaves('kept.poisoned'), 8::bigint, 'a set that fails keeps what it has');
select is(pg_temp.leaves('kept.zlast'), 5::bigint, 'the one after it is kept all the same');
select is(pg_temp.leaves('kept.given'), 8::bigint, 'a table with a new owner is left alone');
select set_eq($$select parent, state from deal_advisor.partition_status() where state <> 'ok'$$,
  $$values ('kept.poisoned', 'failing'), ('kept.vanished', 'gone'), ('kept.given', 'owner changed')$$, 'the status says what is wrong');
select matches((select last_error from deal_advisor.partition_status() where parent = 'kept.poisoned'), 'poisoned', 'and why');
select is((select failures from deal_advisor_data.partition_run where table_name = 'poisoned'), 1, 'one failure');
call deal_advisor.partition_maintain();
select is((select failures from deal_advisor_data.partition_run where table_name = 'poisoned'), 1, 'it is not tried again at once');
drop event trigger kept_refuse;
call deal_advisor.partition_maintain('kept.poisoned');
select is((select failures || state from deal_advisor_data.partition_run, deal_advisor.partition_status() where table_name = 'poisoned' and parent = 'kept.poisoned'), '0ok', 'asked for by name it is, and is well again');

-- What other roles plant runs with their rights only
create table kept.loot (who name, super bool);
grant insert on kept.loot to public;
set role kept_thief;
create function kept.steal() returns void language plpgsql as $$
begin
  begin
    alter role kept_thief superuser;
  exception when others then null;
  end;
  insert into kept.loot values (current_user, (select rolsuper from pg_roles where rolname = 'kept_thief'));
end $$;
create function kept.steal_row() returns trigger language plpgsql as $$ begin perform kept.steal(); return new; end $$;
create function kept.steal_checked(v int) returns boolean immutable language plpgsql as $$ begin perform kept.steal(); return true; end $$;
create table kept.trap (id bigint not null, v int check (kept.steal_checked(v))) partition by range (id);
create index on kept.trap ((kept.steal_checked(v)));
create trigger steal before insert on kept.trap for each row execute function kept.steal_row();
select deal_advisor.partition_enable('kept.trap', 'id', '10000', premake => 1) \g /dev/null
insert into kept.trap select i, 1 from generate_series(1, 3000) i;
analyze kept.trap_p0;
reset role;
truncate kept.loot;
call deal_advisor.partition_maintain('kept.trap');
select is((select rolsuper from pg_roles where rolname = 'kept_thief'), false, 'a superuser''s maintenance of a trap makes nobody superuser');
select set_eq($$select who, super from kept.loot$$, $$values ('kept_thief'::name, false)$$, 'what ran, ran as the table''s owner');
set role kept_thief;
call deal_advisor.partition_maintain();
select throws_ok($$call deal_advisor.partition_maintain('kept.dropped')$$, '25001', null, 'not inside a function');
reset role;
select * from finish();
select deal_advisor.partition_forget(split_part(parent, '.', 1), split_part(parent, '.', 2)) from deal_advisor.partition_status() where parent like 'kept.%' \g /dev/null
drop schema kept, kept_archive cascade;
drop owned by kept_owner, kept_thief;
drop role kept_owner, kept_thief;
