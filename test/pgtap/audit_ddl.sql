-- What DDL does to audited tables is recorded, and never fails for it.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists ddl cascade;
drop schema if exists ddl_audit cascade;

create schema ddl;
select plan(46);

create function ddl.alterations(rel regclass) returns setof jsonb language sql as $$
  select new_values - 'statement' from deal_advisor.audit_changes(rel, '-infinity', 'infinity') where op = 'alter' $$;
create function ddl.last_alteration(rel regclass) returns jsonb language sql as $$
  select new_values from deal_advisor.audit_changes(rel, '-infinity', 'infinity') where op = 'alter' order by at desc, seq desc limit 1 $$;

create role ddl_owner;
grant create on schema ddl to ddl_owner;
grant usage on schema ddl to ddl_owner;
set role ddl_owner;
select throws_ok('select deal_advisor.audit_ddl_enable()', '42501', 'only who may make and drop event triggers can have DDL recorded', 'recording DDL takes a superuser');
select throws_ok($$select deal_advisor.audit_ddl_capture('ddl_command_end', 'ALTER TABLE')$$, '39P03', null, 'nobody calls the event trigger by hand');
select lives_ok($$select deal_advisor.audit_ddl_capture('sql_drop', 'DROP TABLE')$$, 'a made-up drop records nothing');
reset role;
select throws_ok('select deal_advisor.audit_ddl_disable()', '42704', 'changes of definitions are not recorded', 'what is not on can not be switched off');

-- Without it a layout is noted by the first write; with it at once.
create table ddl.orders (id int primary key, price int, note text);
select deal_advisor.audit_enable('ddl.orders');
alter table ddl.orders add column quiet int;
select is((select count(*)::int from ddl_audit.audit_layout where columns::text like '%quiet%'), 0, 'without event triggers the first write notes the layout');
select is(deal_advisor.audit_ddl_enable(), 'changes of audited tables'' definitions are recorded', 'a superuser switches it on');
select is(deal_advisor.audit_ddl_enable(), 'changes of audited tables'' definitions are recorded', 'twice is no harm');
select is((select string_agg(evtname || ' ' || evtenabled::text, ', ' order by evtname) from pg_event_trigger where evtname like 'deal_audit%'),
  'deal_audit_ddl_drop A, deal_audit_ddl_end A, deal_audit_ddl_start A', 'the event triggers fire for replicas as well');
select is((select count(*)::int from pg_depend d where d.deptype = 'e' and d.objid in (select oid from pg_event_trigger union select 'deal_advisor.audit_ddl_changed()'::regprocedure)), 0,
  'they are ordinary objects, no members of the extension');

insert into ddl.orders values (1, 10, 'a', 0);
alter table ddl.orders add column code text default 'sesame';
select is(ddl.last_alteration('ddl.orders'),
  '{"command": "ALTER TABLE", "relation": "ddl.orders", "columns": ["code added: text"], "statement": "alter table ddl.orders add column code text default ?;"}',
  'a column that is added: the command, what became of the columns, the statement without its constants');
select is((select count(*)::int from ddl_audit.audit_layout where columns::text like '%"code"%'), 1, 'the new layout is recorded at once');
alter table ddl.orders rename column price to cost;
select is(ddl.last_alteration('ddl.orders') -> 'columns', '["price is called cost now"]', 'a column that is renamed');
alter table ddl.orders alter column cost type numeric(12,2), drop column note;
select is(ddl.last_alteration('ddl.orders') -> 'columns', '["cost: integer became numeric(12,2)", "note dropped"]', 'a type that changes and a column that goes');
alter table ddl.orders add constraint positive check (cost > 0);
select is(ddl.last_alteration('ddl.orders') - 'statement', '{"command": "ALTER TABLE", "relation": "ddl.orders"}', 'a change of something else is told without columns');
begin;
alter table ddl.orders add column never int;
rollback;
select is((select count(*)::int from ddl.alterations('ddl.orders')), 4, 'what is rolled back is no event');
begin;
savepoint s;
alter table ddl.orders add column never int;
rollback to s;
alter table ddl.orders alter column cost set not null;
commit;
select is((select count(*)::int from ddl.alterations('ddl.orders')), 5, 'nor what a savepoint takes back');
do $$begin execute 'alter table ddl.orders set (fillfactor = 90)'; end$$;
select is((select count(*)::int from ddl.alterations('ddl.orders')), 6, 'DDL of functions and blocks is recorded');
create table ddl.other (a int);
alter table ddl.other add b int;
select is((select count(*)::int from ddl_audit.audit_log where op = 'A'), 6, 'tables that are not audited are no matter');
select is((select distinct role_name::text from deal_advisor.audit_changes('ddl.orders', '-infinity', 'infinity') where op = 'alter'), current_user::text, 'with who did it');

-- The past is read as before.
update ddl.orders set cost = 11 where id = 1;
select is((select cost from deal_advisor.audit_as_of(null::ddl.orders, (select at from deal_advisor.audit_changes('ddl.orders', '-infinity', 'infinity') where op = 'alter' order by at desc limit 1))), 10.00, 'the table as of a time between');
select is((select string_agg(op, ', ' order by at) from deal_advisor.audit_history('ddl.orders', '{"id": 1}')), 'insert, update', 'changes of the table are no part of a row''s history');
begin;
update ddl.orders set cost = 12;
alter table ddl.orders add column extra int;
select pg_current_xact_id()::text as xid \gset
commit;
select is((select string_agg(action || ' ' || status, ', ') from deal_advisor.audit_undo(:'xid')), 'update undone', 'undo of a transaction takes its rows back');
select ok((select count(*) = 1 from pg_attribute where attrelid = 'ddl.orders'::regclass and attname = 'extra'), 'and leaves its DDL');

-- Parts of audited tables.
create table ddl.kids (k int) inherits (ddl.orders);
insert into ddl.kids (id, cost, k) values (2, 5, 7);
truncate ddl.kids;
select is((select string_agg(op::text, '' order by at, seq) from ddl_audit.audit_log where layout in (select layout from ddl_audit.audit_layout where relation_name = 'ddl.kids')), 'AIT', 'a new inheritance child is audited from the beginning');
select is((select state from deal_advisor.audit_status() where relation = 'ddl.orders'), 'ok', 'as the status says');
create table ddl.parts (id int primary key, v int) partition by range (id);
create table ddl.parts_1 partition of ddl.parts for values from (0) to (10);
select deal_advisor.audit_enable('ddl.parts', mode => 'typed');
select is((select count(*)::int from ddl.alterations('ddl.parts')), 0, 'what audit_enable does itself is no event');
create table ddl.parts_2 partition of ddl.parts for values from (10) to (20);
create table ddl.parts_3 (id int primary key, v int);
alter table ddl.parts attach partition ddl.parts_3 for values from (20) to (30);
select is((select state from deal_advisor.audit_status() where relation = 'ddl.parts'), 'ok', 'new and attached partitions get the trigger of TRUNCATE');
insert into ddl.parts values (15, 1), (25, 1);
truncate ddl.parts_2;
select is((select string_agg(op, ', ' order by at, seq) from deal_advisor.audit_changes('ddl.parts', '-infinity', 'infinity')), 'alter, alter, insert, insert, truncate', 'a typed history tells changes of the table as well');
select is((select string_agg(tgenabled::text, '') from pg_trigger where tgrelid = 'ddl.parts_3'::regclass and tgname ~ '^00_deal'), 'AA', 'their triggers fire as those of the table');
alter table ddl.parts detach partition ddl.parts_3;
select is(ddl.last_alteration('ddl.parts') ->> 'statement', 'alter table ddl.parts detach partition ddl.parts_3;', 'a partition that leaves');

-- Dropping.
drop table ddl.parts;
select is((select array_agg(image - 'statement' order by seq) from ddl_audit.audit_log where op = 'A' and xid = (select max(xid) from ddl_audit.audit_log)),
  array['{"command": "DROP TABLE", "relation": "ddl.parts"}'::jsonb], 'a table that is dropped with its partitions is one event');
drop trigger "00_deal_audit" on ddl.orders;
select is((select image - 'statement' from ddl_audit.audit_log where op = 'A' order by at desc, seq desc limit 1), '{"command": "DROP TRIGGER", "relation": "ddl.orders"}', 'so is the end of auditing by DROP TRIGGER');
select deal_advisor.audit_enable('ddl.orders');
select deal_advisor.audit_disable('ddl.orders');
select is((select image ->> 'command' from ddl_audit.audit_log where op = 'A' order by at desc, seq desc limit 1), 'DROP TRIGGER', 'and by audit_disable');

-- Whoever runs DDL needs no right on the log.
select deal_advisor.audit_enable('ddl.orders');
alter table ddl.orders owner to ddl_owner;
alter table ddl.kids owner to ddl_owner;
set role ddl_owner;
select throws_ok('select from ddl_audit.audit_log', '42501', null, 'the new owner may not read the log');
select lives_ok('alter table ddl.orders add column mine int', 'but change the table');
reset role;
select is((select role_name::text from deal_advisor.audit_changes('ddl.orders', '-infinity', 'infinity') where op = 'alter' order by at desc, seq desc limit 1), 'ddl_owner', 'which is recorded as its deed');

-- Nobody writes into another's log.
create role ddl_other;
grant usage, create on schema ddl to ddl_other;
set role ddl_other;
create table ddl.fake (id int primary key);
create trigger "00_deal_audit" after insert on ddl.fake for each row execute function deal_advisor.audit_capture('ddl_audit', '1');
alter table ddl.fake add column x int;
drop table ddl.fake;
reset role;
select is((select count(*)::int from ddl_audit.audit_log where image::text like '%fake%'), 0, 'a trigger that names the log of others records nothing there');

-- Names, and the log's own state, never make DDL fail.
create table ddl."Robert'); drop table ddl.orders; --" (id int primary key);
select deal_advisor.audit_enable('ddl."Robert''); drop table ddl.orders; --"');
alter table ddl."Robert'); drop table ddl.orders; --" add column """; --" int;
select is(ddl.last_alteration('ddl."Robert''); drop table ddl.orders; --"') -> 'columns', '["\"\"\"; --\" added: integer"]', 'the worst of names');
create table ddl."Robert'); drop table ddl.orders; --_child" () inherits (ddl."Robert'); drop table ddl.orders; --");
select is((select state from deal_advisor.audit_status() where relation like '%Robert%'), 'ok', 'also for what is made for them');
alter table ddl_audit.audit_layout rename to elsewhere;
select lives_ok('alter table ddl.orders add column broken int', 'a broken log is no reason for DDL to fail');
select lives_ok('drop table ddl.kids', 'nor for a drop');
alter table ddl_audit.elsewhere rename to audit_layout;
create schema ddl_gone;
create table ddl_gone.t (id int primary key);
select deal_advisor.audit_enable('ddl_gone.t');
select lives_ok('drop schema ddl_gone_audit cascade', 'nor is a log that is dropped');
select lives_ok('drop schema ddl_gone cascade', 'before its tables');
begin;
update pg_extension set extname = 'deal_advisor_gone' where extname = 'deal_advisor';
select lives_ok('alter table ddl.orders add column late int', 'nor an extension that is gone');
rollback;

select deal_advisor.audit_seal('ddl_audit');
select is((select count(*)::int from deal_advisor.audit_verify('ddl_audit') where ok is false), 0, 'events of DDL are sealed as all others');
select deal_advisor.audit_ddl_disable();
alter table ddl.orders add column after int;
select is((select count(*)::int from ddl.alterations('ddl.orders') a where a::text like '%after added%'), 0, 'switched off it records nothing');
drop schema ddl cascade;
drop schema ddl_audit cascade;
drop owned by ddl_owner cascade;
drop owned by ddl_other cascade;
drop role ddl_owner;
drop role ddl_other;
select * from finish();
