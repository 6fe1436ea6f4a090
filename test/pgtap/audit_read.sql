-- Reading audit logs: the history of a row, tables as they were, what changed; whose rights count.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists "read me" cascade;
drop schema if exists "read me_audit" cascade;
drop role if exists audit_owner, audit_reader, audit_column_reader, audit_nobody, audit_thief;
create role audit_owner;
create role audit_reader;
create role audit_column_reader;
create role audit_nobody;
create role audit_thief;
create schema "read me" authorization audit_owner;
grant usage, create on schema "read me" to audit_reader, audit_column_reader, audit_nobody, audit_thief;
grant create on database :"DBNAME" to audit_owner, audit_thief;
select plan(106);
set role audit_owner;
create type "read me".address as (street text, number int);
create domain "read me".rating as int check (value > 0);
create table "read me"."my table" (
  id bigint primary key, "the ""name""" text, qty int, price numeric(10,2), doc jsonb, tags text[], home "read me".address,
  stars "read me".rating, made timestamptz, day date, flag boolean, doubled int generated always as (qty * 2) stored);
select deal_advisor.audit_enable('"read me"."my table"', truncate_rows => true) is null as no \gset
insert into "read me"."my table" values (1, 'one', 1, 1.50, '{"a": [1, null]}', '{a,"b c"}', '("Main, St",5)', 3, '2026-01-02 03:04:05.678+00', '2026-01-02', true), (2, 'two', 2, null, '7', null, null, null, null, null, null);
select clock_timestamp() as t1 \gset
create table "read me".at_t1 as select * from "read me"."my table";
update "read me"."my table" set qty = 10, doc = '"text"', tags = '{}', home = '("Other",6)', stars = 5, made = null, flag = false where id = 1;
update "read me"."my table" set "the ""name""" = 'zwei', price = 2.5 where id = 2;
select clock_timestamp() as t2 \gset
create table "read me".at_t2 as select * from "read me"."my table";
delete from "read me"."my table" where id = 2;
insert into "read me"."my table" (id, qty) values (3, 3);
select clock_timestamp() as t3 \gset
insert into "read me"."my table" (id, qty) values (2, 200);

-- History
select results_eq($$select version, op, changed from deal_advisor.audit_history('"read me"."my table"', '{"id": 2}')$$,
  $$values (1, 'insert', null::text[]), (2, 'update', '{"the \"name\"",price}'), (3, 'delete', null), (4, 'insert', null)$$,
  'a row that was deleted and inserted again has all its versions');
select results_eq($$select old_row ->> 'price', new_row ->> 'price' from deal_advisor.audit_history('"read me"."my table"', '2') where version in (1, 2, 3)$$,
  $$values (null, null), (null, '2.50'), ('2.50', null)$$, 'versions are built back from the delete, not from the row of now');
select is((select old_row from deal_advisor.audit_history('"read me"."my table"', '1') where op = 'update'),
  (select to_jsonb(t) from "read me".at_t1 t where id = 1), 'the row before an update, from the row of now');
select is((select new_row from deal_advisor.audit_history('"read me"."my table"', '1') where op = 'update'),
  (select to_jsonb(t) from "read me".at_t2 t where id = 1), 'and after it');
select is((select string_agg(concat_ws(' ', session_user_name, role_name, exact, seq), ', ') from deal_advisor.audit_history('"read me"."my table"', '1')),
  format('%1$s audit_owner f 1, %1$s audit_owner f 1', session_user), 'who it was');
select ok((select bool_and(at between :'t1'::timestamptz and :'t2') from deal_advisor.audit_history('"read me"."my table"', '1') where op = 'update'), 'and when');
select is((select count(*) from deal_advisor.audit_history('"read me"."my table"', '99')), 0::bigint, 'a row that never was has no history');
select results_eq($$select version, op from deal_advisor.audit_history('"read me"."my table"', '2', '{"limit": 2}')$$, $$values (3, 'delete'), (4, 'insert')$$, 'the newest versions keep their numbers');
select deal_advisor.audit_set_context('jane', '{"request": 7}') is null as no \gset
begin;
select deal_advisor.audit_set_context('jane', '{"request": 7}') is null as no \gset
update "read me"."my table" set qty = 11 where id = 1;
update "read me"."my table" set qty = 12 where id = 1;
savepoint s;
update "read me"."my table" set qty = 13 where id = 1;
rollback to s;
select results_eq($$select old_row ->> 'qty', new_row ->> 'qty' from deal_advisor.audit_history('"read me"."my table"', '1', '{"limit": 2}')$$,
  $$values ('10', '11'), ('11', '12')$$, 'two changes in one open transaction are two versions, one that was rolled back is none');
select is((select qty from deal_advisor.audit_as_of(null::"read me"."my table", clock_timestamp(), '1')), 10, 'as of now an open transaction has not happened');
select is((select sum(qty) from deal_advisor.audit_as_of(null::"read me"."my table", clock_timestamp())), 213::bigint, 'also for the whole table');
commit;
select results_eq($$select app_user, context ->> 'request' from deal_advisor.audit_history('"read me"."my table"', '1', '{"limit": 1}')$$, $$values ('jane', '7')$$, 'what the application said');
select throws_ok($$select * from deal_advisor.audit_history('"read me"."my table"', '{"nr": 1}')$$, '22023', 'the key of the row is not complete', 'a key needs its columns');
select throws_ok($$select * from deal_advisor.audit_history('"read me"."my table"', '{"id": 1, "nr": 1}')$$, '22023', null, 'and no others');
select throws_ok($$select * from deal_advisor.audit_history('"read me"."my table"', 'null')$$, '22023', null, 'and no null');
select throws_ok($$select * from deal_advisor.audit_history('"read me"."my table"', '"x"')$$, '22P02', null, 'and values of its type');
select throws_ok($$select * from deal_advisor.audit_history('"read me"."my table"', '1', '{"limits": 1}')$$, '22023', null, 'unknown options are refused');
select throws_ok($$select * from deal_advisor.audit_history('"read me".at_t1', '1')$$, '42704', '"read me".at_t1 is not audited', 'a table that is not audited');

-- As of
select set_eq(format($$select * from deal_advisor.audit_as_of(null::"read me"."my table", %L)$$, :'t1'), 'select * from "read me".at_t1', 'the table as it was: updates, deletes and inserts taken back; every kind of value');
select set_eq(format($$select * from deal_advisor.audit_as_of(null::"read me"."my table", %L)$$, :'t2'), 'select * from "read me".at_t2', 'and a moment later');
select set_eq(format($$select id, qty from deal_advisor.audit_as_of(null::"read me"."my table", %L)$$, :'t3'), 'values (1::bigint, 10), (3, 3)', 'a row that was inserted again later is not there in between');
select set_eq(format($$select * from deal_advisor.audit_as_of(null::"read me"."my table", %L, '{"id": 2}')$$, :'t1'), 'select * from "read me".at_t1 where id = 2', 'one row');
select is_empty(format($$select * from deal_advisor.audit_as_of(null::"read me"."my table", %L, '3')$$, :'t1'), 'one row that was not there yet');
select set_eq(format($$select r from deal_advisor.audit_as_of_json('"read me"."my table"', %L) r$$, :'t1'), 'select to_jsonb(t) from "read me".at_t1 t', 'as jsonb');
select set_eq($$select * from deal_advisor.audit_as_of(null::"read me"."my table", clock_timestamp())$$, 'select * from "read me"."my table"', 'as of now is the table');
select is((select count(*) from (select deal_advisor.audit_as_of(null::"read me"."my table", :'t1')) t), 2::bigint, 'also in the select list');
select throws_ok($$select * from deal_advisor.audit_as_of(null::"read me"."my table", now() + interval '1 hour')$$, '22023', 'time lies in the future', 'the future is not known');
select throws_like($$select * from deal_advisor.audit_as_of(null::"read me"."my table", now() - interval '1 day')$$, '%was not audited at%', 'nor what was before');
select throws_ok($$select * from deal_advisor.audit_as_of(null::int, now())$$, '42804', null, 'a type that is no table''s');
create view "read me".shadow as select 1 as id;
select throws_ok($$select * from deal_advisor.audit_as_of(null::"read me".shadow, now())$$, '42704', null, 'a view is not audited');

-- Columns come, go, and change their names
alter table "read me"."my table" rename qty to quantity;
alter table "read me"."my table" drop column flag;
alter table "read me"."my table" add column flag text default 'new';
alter table "read me"."my table" add column level int default 7;
update "read me"."my table" set quantity = 50 where id = 1;
select clock_timestamp() as t4 \gset
select results_eq(format($$select quantity, flag, level from deal_advisor.audit_as_of(null::"read me"."my table", %L, '1')$$, :'t1'),
  'values (1, null::text, null::int)', 'renamed columns are followed; new ones, also of an old name, were not there');
select is((select r ->> 'flag' from deal_advisor.audit_as_of_json('"read me"."my table"', :'t1', '1') r), 'true', 'jsonb has what a dropped column was, under its name');
select ok((select r ? 'qty' and not r ? 'quantity' and not r ? 'level' from deal_advisor.audit_as_of_json('"read me"."my table"', :'t1', '1') r), 'and the names of then');
select is((select old_row ->> 'quantity' from deal_advisor.audit_history('"read me"."my table"', '1') where version = 2), '1', 'a history has the names of today');
select ok((select new_row ? 'flag_dropped' and not new_row ? 'flag' from deal_advisor.audit_history('"read me"."my table"', '1') where version = 1), 'a dropped column gives way to one of its name');
select is((select level from deal_advisor.audit_as_of(null::"read me"."my table", :'t4', '3')), 7, 'a row that nobody touched shows the default of then');
alter table "read me"."my table" alter column level set default 8;
update "read me"."my table" set level = 9 where id = 3;
select is((select level from deal_advisor.audit_as_of(null::"read me"."my table", :'t4', '3')), 7, 'and after it was changed');
create table "read me".typed (id int primary key, code text, n int);
select deal_advisor.audit_enable('"read me".typed') is null as no \gset
insert into "read me".typed values (1, '007', 5), (2, 'abc', 6);
select clock_timestamp() as t5 \gset
update "read me".typed set code = '8', n = 50;
alter table "read me".typed alter column id type bigint, alter column code type int using code::int, alter column n type text;
update "read me".typed set code = 9;
select is((select code from deal_advisor.audit_as_of(null::"read me".typed, :'t5', '1')), 7, 'an old value is read by the new type');
select is((select n from deal_advisor.audit_as_of(null::"read me".typed, :'t5', '1')), '5', 'a number as text');
select throws_ok(format($$select * from deal_advisor.audit_as_of(null::"read me".typed, %L)$$, :'t5'), '22P02', null, 'if the type can''t, it is an error');
select set_eq(format($$select r ->> 'code' from deal_advisor.audit_as_of_json('"read me".typed', %L) r$$, :'t5'), 'values (''007''), (''abc'')', 'but jsonb shows it');
select is((select count(*) from deal_advisor.audit_history('"read me".typed', '1')), 3::bigint, 'a key of another integer type is the same key');
alter table "read me".typed alter column id type text;
update "read me".typed set code = 10;
select is((select count(*) from deal_advisor.audit_history('"read me".typed', '{"id": "1"}')), 4::bigint, 'also a key that became text');
select is((select count(*) from deal_advisor.audit_as_of(null::"read me".typed, clock_timestamp())), 2::bigint, 'and as of now there is each row once');

-- Keys
create table "read me".keys (a text, b uuid, c timestamptz, v int, primary key (c, a, b));
select deal_advisor.audit_enable('"read me".keys') is null as no \gset
insert into "read me".keys values ('x', '00000000-0000-0000-0000-000000000001', '2026-01-01 00:00+00', 1), ('x"y', '00000000-0000-0000-0000-000000000001', '2026-01-01 00:00+00', 2);
select clock_timestamp() as t6 \gset
set timezone = 'Asia/Kolkata';
set datestyle = 'German';
update "read me".keys set v = v + 10;
select results_eq($$select old_row ->> 'v' from deal_advisor.audit_history('"read me".keys', '{"a": "x\"y", "b": "00000000-0000-0000-0000-000000000001", "c": "01.01.2026 05:30"}')$$, $$values (null), ('2')$$, 'a key of several columns, written as this session writes it');
reset timezone;
reset datestyle;
update "read me".keys set a = 'z' where a = 'x';
select clock_timestamp() as t7 \gset
update "read me".keys set v = 0 where a = 'z';
select results_eq($$select op, old_row ->> 'a', new_row ->> 'a' from deal_advisor.audit_history('"read me".keys', '{"a": "x", "b": "00000000-0000-0000-0000-000000000001", "c": "2026-01-01Z"}')$$,
  $$values ('insert', null, 'x'), ('update', 'x', 'x'), ('key change', 'x', null)$$, 'a key change ends the history of the old key');
select results_eq($$select op, new_row ->> 'v' from deal_advisor.audit_history('"read me".keys', '{"a": "z", "b": "00000000-0000-0000-0000-000000000001", "c": "2026-01-01Z"}')$$,
  $$values ('key change', '11'), ('update', '0')$$, 'and begins that of the new one');
select set_eq(format($$select a, v from deal_advisor.audit_as_of(null::"read me".keys, %L)$$, :'t6'), $$values ('x', 1), ('x"y', 2)$$, 'as of before it');
select set_eq(format($$select a, v from deal_advisor.audit_as_of(null::"read me".keys, %L)$$, :'t7'), $$values ('z', 11), ('x"y', 12)$$, 'and after');
create table "read me".far (id bigint primary key, v text);
select deal_advisor.audit_enable('"read me".far') is null as no \gset
insert into "read me".far values (0, 'zero'), (5, 'five'), (5 + (1::bigint << 44), 'far');
select clock_timestamp() as t8 \gset
update "read me".far set v = v || '!';
select is((select count(distinct row_key) from "read me_audit".audit_event where image ->> 'id' in ('5', (5 + (1::bigint << 44))::text)), 1::bigint, 'two keys that share their row key');
select results_eq($$select new_row ->> 'v' from deal_advisor.audit_history('"read me".far', '5')$$, $$values ('five'), ('five!')$$, 'have histories of their own');
select set_eq(format($$select v from deal_advisor.audit_as_of(null::"read me".far, %L, %L)$$, :'t8', (5 + (1::bigint << 44))::text), $$values ('far')$$, 'and states of their own');
create table "read me".num (k numeric primary key, v int);
select deal_advisor.audit_enable('"read me".num') is null as no \gset
insert into "read me".num values (1.0, 1);
update "read me".num set v = 2;
select is((select count(*) from deal_advisor.audit_history('"read me".num', '1.000')), 2::bigint, 'a number is the same key however it is written');

-- TRUNCATE
truncate "read me"."my table";
select set_eq(format($$select id from deal_advisor.audit_as_of(null::"read me"."my table", %L)$$, :'t1'), 'values (1::bigint), (2)', 'recorded rows come back from before TRUNCATE');
select results_eq($$select op from deal_advisor.audit_history('"read me"."my table"', '3', '{"limit": 1}')$$, $$values ('delete')$$, 'each has its delete');
truncate "read me".far;
insert into "read me".far values (5, 'anew');
select throws_ok(format($$select * from deal_advisor.audit_as_of(null::"read me".far, %L)$$, :'t8'), 'DA002', null, 'rows that were not recorded are not known');
select set_eq(format($$select id, v from deal_advisor.audit_as_of(null::"read me".far, %L, options => '{"incomplete": true}')$$, :'t8'), $$values (0::bigint, 'zero'), (5, 'five'), (5 + (1::bigint << 44), 'far')$$, 'but what is known is told on request');
select results_eq($$select op from deal_advisor.audit_history('"read me".far', '5')$$, $$values ('insert'), ('update'), ('truncate'), ('insert')$$, 'the truncate is part of the history');
select set_eq($$select id from deal_advisor.audit_as_of(null::"read me".far, clock_timestamp())$$, 'values (5::bigint)', 'after it all is known');

-- Changes
create table "read me".ch (id int primary key, v int, w int);
select deal_advisor.audit_enable('"read me".ch') is null as no \gset
insert into "read me".ch values (1, 1, 1);
select clock_timestamp() as c1 \gset
update "read me".ch set v = 2;
update "read me".ch set v = 3;
select clock_timestamp() as c2 \gset
update "read me".ch set w = 4;
update "read me".ch set v = 5;
delete from "read me".ch;
select results_eq(format($$select op, key, changed, old_values, new_values from deal_advisor.audit_changes('"read me".ch', %L, %L)$$, :'c1', :'c2'),
  $$values ('update', '{"id": 1}'::jsonb, '{v}'::text[], '{"v": 1}'::jsonb, '{"v": 2}'::jsonb), ('update', '{"id": 1}', '{v}', '{"v": 2}', '{"v": 3}')$$,
  'new values come from the next change, also a later one');
select results_eq(format($$select op, old_values, new_values from deal_advisor.audit_changes('"read me".ch', %L, clock_timestamp())$$, :'c2'),
  $$values ('update', '{"w": 1}'::jsonb, '{"w": 4}'::jsonb), ('update', '{"v": 3}', '{"v": 5}'), ('delete', '{"v": 5, "w": 4, "id": 1}', null)$$, 'the last ones');
select is((select count(*) from deal_advisor.audit_changes('"read me".ch', '-infinity', :'c1')), 1::bigint, 'the first one');
select at as exactly from deal_advisor.audit_changes('"read me".ch', '-infinity', 'infinity') where seq = 1 limit 1 \gset
select ok(exists (select from deal_advisor.audit_changes('"read me".ch', :'exactly', 'infinity') where at = :'exactly'), 'from is inclusive');
select ok(not exists (select from deal_advisor.audit_changes('"read me".ch', '-infinity', :'exactly') where at = :'exactly'), 'to is exclusive');
select throws_ok($$select * from deal_advisor.audit_changes('"read me".ch', 'infinity', '-infinity')$$, '22023', null, 'times in the wrong order');

-- Hidden columns
create table "read me".hide (id int primary key, secret text, hashed text, ignored int, open int);
select deal_advisor.audit_enable('"read me".hide', ignore => '{ignored}', redact => '{secret}', hash => '{hashed}') is null as no \gset
insert into "read me".hide values (1, 's1', 'h1', 1, 1), (2, 's2', 'h2', 2, 2);
select clock_timestamp() as h1 \gset
update "read me".hide set secret = 'x', hashed = 'y', ignored = 0, open = 0 where id = 1;
select results_eq(format($$select * from deal_advisor.audit_as_of(null::"read me".hide, %L) order by id$$, :'h1'),
  $$values (1, null, null, null::int, 1), (2, 's2', 'h2', null, 2)$$, 'what was not recorded is null, never a wrong value');
select ok((select not r ? 'ignored' and r -> 'secret' = 'null' and length(r ->> 'hashed') = 64 from deal_advisor.audit_as_of_json('"read me".hide', :'h1', '1') r), 'jsonb has what was recorded');

-- Partitions and children
create table "read me".parts (id int, v int, primary key (id)) partition by range (id);
create table "read me".parts_1 partition of "read me".parts for values from (0) to (10);
create table "read me".parts_2 (v int, id int not null);
alter table "read me".parts attach partition "read me".parts_2 for values from (10) to (20);
select deal_advisor.audit_enable('"read me".parts') is null as no \gset
insert into "read me".parts values (1, 1), (11, 11);
select clock_timestamp() as p1 \gset
update "read me".parts set v = v * 2;
update "read me".parts set id = 12 where id = 1;
delete from "read me".parts_2 where id = 11;
select set_eq(format($$select id, v from deal_advisor.audit_as_of(null::"read me".parts, %L)$$, :'p1'), 'values (1, 1), (11, 11)', 'partitions, also with their columns in another order');
select throws_ok($$select * from deal_advisor.audit_history('"read me".parts_2', '11')$$, '42809', null, 'a partition is a part of its table');
create table "read me".family (id int primary key, v int);
create table "read me".child (extra int) inherits ("read me".family);
select deal_advisor.audit_enable('"read me".family') is null as no \gset
insert into "read me".family values (1, 1);
insert into "read me".child values (2, 2, 2);
select clock_timestamp() as f1 \gset
update "read me".family set v = v + 1;
delete from "read me".child;
select set_eq(format($$select id, v from deal_advisor.audit_as_of(null::"read me".family, %L)$$, :'f1'), 'values (1, 1), (2, 2)', 'inheritance children');

-- Order is that of commits, not of transaction ids or of when a change was made
create table "read me".late (id int primary key, v text);
select deal_advisor.audit_enable('"read me".late') is null as no \gset
insert into "read me".late values (1, 'old');
begin;
update "read me".late set v = 'long transaction';
select pg_current_xact_id() as long_one \gset
commit;
select clock_timestamp() as late1 \gset
insert into "read me".late values (2, 'short transaction');
select clock_timestamp() as late2 \gset
update "read me_audit".audit_tx set at = clock_timestamp() where xid = :'long_one';
select set_eq(format($$select v from deal_advisor.audit_as_of(null::"read me".late, %L)$$, :'late1'), $$values ('old')$$, 'a transaction that was committed later has not happened yet');
select set_eq(format($$select v from deal_advisor.audit_as_of(null::"read me".late, %L)$$, :'late2'), $$values ('old'), ('short transaction')$$, 'though one that began later has');
select results_eq(format($$select op, key from deal_advisor.audit_changes('"read me".late', %L, 'infinity')$$, :'late1'), $$values ('insert', '{"id": 2}'::jsonb), ('update', '{"id": 1}')$$, 'changes come in the order of commits');

-- In another cluster: OIDs and transaction ids mean nothing, names and identities of columns do
update "read me_audit".audit_table set system_id = 1, relation = 1 where table_name = 'late';
update "read me_audit".audit_layout set system_id = 1, relation = 1 where relation_name = '"read me".late';
select results_eq($$select op, new_row ->> 'v' from deal_advisor.audit_history('"read me".late', '1')$$, $$values ('insert', 'old'), ('update', 'long transaction')$$, 'a restored table finds its log');
alter table "read me".late rename to latest;
select throws_ok($$select * from deal_advisor.audit_as_of(null::"read me".ch, '-infinity')$$, '22023', null, 'minus infinity is before auditing');
update "read me".latest set v = 'after' where id = 2;
select results_eq($$select op, new_row ->> 'v' from deal_advisor.audit_history('"read me".latest', '2')$$, $$values ('insert', 'short transaction'), ('update', 'after')$$, 'and goes on with it');

-- A typed history reads like the other log
create table "read me".th (id int primary key, n int, code text, doc jsonb, tags text[], home "read me".address, secret text);
select deal_advisor.audit_enable('"read me".th', mode => 'typed', redact => '{secret}') is null as no \gset
insert into "read me".th values (1, 1, '7', '{"a": 1}', '{a}', '(x,1)', 's'), (2, 2, 'b', null, null, null, null);
select clock_timestamp() as y1 \gset
create table "read me".th_y1 as select * from "read me".th;
update "read me".th set n = 10, doc = null, tags = '{}', home = null where id = 1;
delete from "read me".th where id = 2;
insert into "read me".th values (3, 3);
update "read me".th set id = 4 where id = 3;
select set_eq(format($$select * from deal_advisor.audit_as_of(null::"read me".th, %L)$$, :'y1'), 'select * from "read me".th_y1', 'typed: as of');
select results_eq($$select op, changed, old_row ->> 'n', new_row ->> 'n' from deal_advisor.audit_history('"read me".th', '1')$$,
  $$values ('insert', null::text[], null, '1'), ('update', '{n,doc,tags,home}', '1', '10')$$, 'typed: history');
alter table "read me".th alter column code type int using nullif(code, 'b')::int, alter column n type text, alter column id type bigint;
alter table "read me".th rename n to num;
update "read me".th set num = 'eleven', secret = 't' where id = 1;
select deal_advisor.audit_enable('"read me".th', mode => 'typed', redact => '{secret}') is null as no \gset
update "read me".th set num = 'twelve', code = 5 where id = 1;
select results_eq($$select changed, old_row ->> 'num', new_row ->> 'num' from deal_advisor.audit_history('"read me".th', '1')$$,
  $$values (null::text[], null, '1'), ('{num,doc,tags,home}', '1', '10'), ('{num,secret}', '10', 'eleven'), ('{num,code}', 'eleven', 'twelve')$$, 'typed: columns of other types and names');
select results_eq(format($$select num, code, secret from deal_advisor.audit_as_of(null::"read me".th, %L, '1')$$, :'y1'), $$values ('1', 7, null)$$, 'typed: old values by the new types');
select set_eq(format($$select r ->> 'n' as n, r ->> 'code' as code from deal_advisor.audit_as_of_json('"read me".th', %L) r$$, :'y1'), $$values ('1', '7'), ('2', 'b')$$, 'typed: as of in jsonb');
select results_eq(format($$select op, key from deal_advisor.audit_changes('"read me".th', %L, 'infinity') limit 5$$, :'y1'),
  $$values ('update', '{"id": 1}'::jsonb), ('delete', '{"id": 2}'), ('insert', '{"id": 3}'), ('key change', '{"id": 3}'), ('key change', '{"id": 4}')$$, 'typed: changes');
select xid as deleted from deal_advisor.audit_history('"read me".th', '2') where op = 'delete' \gset
select throws_ok(format('select * from deal_advisor.audit_undo(%L)', :'deleted'), '22P02', null, 'typed: undo of a value that the type refuses now');

-- Without a key
create table "read me".bag (a int, b text, c json);
select deal_advisor.audit_enable('"read me".bag', options => '{"identity": "row"}') is null as no \gset
insert into "read me".bag values (1, 'x', null), (1, 'x', null), (2, null, '{"z": 1}');
select clock_timestamp() as b1 \gset
delete from "read me".bag where ctid = (select max(ctid) from "read me".bag where a = 1);
update "read me".bag set b = 'y' where a = 2;
insert into "read me".bag values (3, 'new', null);
select results_eq(format($$select a, b, c::text from deal_advisor.audit_as_of(null::"read me".bag, %L) order by a$$, :'b1'), $$values (1, 'x', null::text), (1, 'x', null), (2, null, '{"z": 1}')$$, 'rows that are alike are counted');
select is((select count(*) from deal_advisor.audit_as_of(null::"read me".bag, :'b1', '{"a": 1, "b": "x", "c": null}')), 2::bigint, 'one kind of them');
select results_eq($$select op from deal_advisor.audit_history('"read me".bag', '{"a": 2, "b": "y", "c": {"z": 1}}')$$, $$values ('key change')$$, 'the whole row is the key of a history');
select throws_ok($$select * from deal_advisor.audit_history('"read me".bag', '1')$$, '22023', null, 'and no part of it');

-- Rights
set role audit_nobody;
select throws_ok($$select * from deal_advisor.audit_history('"read me".ch', '1')$$, '42501', 'permission denied for the audit log of "read me".ch', 'no right, no history');
set role audit_owner;
grant select on "read me".ch to audit_reader;
grant select (id, v) on "read me".ch to audit_column_reader;
set role audit_reader;
select is((select count(*) from deal_advisor.audit_history('"read me".ch', '1')), 6::bigint, 'SELECT on the table is enough');
select throws_ok($$select * from "read me_audit".audit_event$$, '42501', null, 'though the log itself stays closed');
set role audit_column_reader;
select throws_ok($$select * from deal_advisor.audit_history('"read me".ch', '1')$$, '42501', null, 'some columns are not enough');
set role audit_owner;
grant select (w) on "read me".ch to audit_column_reader;
set role audit_column_reader;
select is((select count(*) from deal_advisor.audit_history('"read me".ch', '1')), 6::bigint, 'all are');
set role audit_owner;
alter table "read me".hide enable row level security;
create policy first_only on "read me".hide to audit_reader using (id = 1);
grant select on "read me".hide to audit_reader;
set role audit_reader;
select throws_ok($$select * from deal_advisor.audit_history('"read me".hide', '2')$$, '42501', null, 'row security closes the log');
select throws_ok($$select deal_advisor.audit_grant_read('"read me".hide', 'audit_reader')$$, '42501', null, 'nobody opens it for himself');
set role audit_owner;
select is(deal_advisor.audit_grant_read('"read me".hide', 'audit_reader'), 'audit_reader may now read the audit log of "read me".hide', 'the owner may open it');
set role audit_reader;
select is((select count(*) from deal_advisor.audit_as_of(null::"read me".hide, :'h1')), 2::bigint, 'then it is whole: no policy thins it out');
set role audit_owner;
select is(deal_advisor.audit_revoke_read('"read me".hide', 'audit_reader'), 'audit_reader may no longer read the audit log of "read me".hide', 'and close it again');
set role audit_reader;
select throws_ok($$select * from deal_advisor.audit_history('"read me".hide', '2')$$, '42501', null, 'it is closed');
-- A trigger of one's own that names another one's log opens nothing.
set role audit_thief;
create table "read me".bait (id int primary key, v int, w int);
reset role;
select table_id as victim from "read me_audit".audit_table where table_name = 'ch' \gset
set role audit_thief;
create trigger "00_deal_audit" after insert or update or delete on "read me".bait for each row execute function deal_advisor.audit_capture('read me_audit', :'victim');
select throws_ok($$select * from deal_advisor.audit_history('"read me".bait', '1')$$, '42704', null, 'a trigger that names the log of another table opens nothing');
-- Types bring code: it never runs with the reader's rights.
create function "read me".grab(v int) returns boolean language plpgsql as $$ begin execute 'alter role audit_thief superuser'; return true; exception when insufficient_privilege then return true; end $$;
create domain "read me".trap as int check ("read me".grab(value));
create table "read me".lure (id int primary key, v "read me".trap);
grant select on "read me".lure to public;
select deal_advisor.audit_enable('"read me".lure', options => '{"log_schema": "read me thief"}') is null as no \gset
insert into "read me".lure values (1, 1);
select clock_timestamp() as l1 \gset
update "read me".lure set v = 2;
reset role;
select is((select v::int from deal_advisor.audit_as_of(null::"read me".lure, :'l1')), 1, 'a superuser reads a table with a domain of somebody''s');
select is((select rolsuper from pg_roles where rolname = 'audit_thief'), false, 'and that gives nobody his rights');

-- Read only
begin transaction read only;
select is((select count(*) from deal_advisor.audit_history('"read me".ch', '1')), 6::bigint, 'history in a read-only transaction');
select is((select count(*) from deal_advisor.audit_as_of(null::"read me".keys, :'t6')), 2::bigint, 'as of in a read-only transaction');
commit;
begin isolation level repeatable read;
update "read me".keys set v = 77 where a = 'z';
select is((select count(*) from deal_advisor.audit_history('"read me".keys', '{"a": "z", "b": "00000000-0000-0000-0000-000000000001", "c": "2026-01-01Z"}')), 3::bigint, 'own changes at repeatable read');
rollback;

-- Auditing off
select deal_advisor.audit_disable('"read me".keys') is null as no \gset
select throws_ok(format($$select * from deal_advisor.audit_as_of(null::"read me".keys, %L)$$, :'t6'), 'DA002', null, 'after auditing ended the table is no basis any more');
select is((select count(*) from deal_advisor.audit_as_of(null::"read me".keys, :'t6', options => '{"incomplete": true}')), 2::bigint, 'unless one asks for what is known');
select * from finish();
drop schema "read me" cascade;
drop schema "read me_audit" cascade;
drop schema "read me thief" cascade;
revoke all on database :"DBNAME" from audit_owner, audit_thief;
drop role audit_owner, audit_reader, audit_column_reader, audit_nobody, audit_thief;
