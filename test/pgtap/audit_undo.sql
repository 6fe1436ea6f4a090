-- Taking changes back: one row, a whole transaction.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists "undo it" cascade;
drop schema if exists "undo it_audit" cascade;
drop role if exists undo_owner, undo_clerk;
create role undo_owner;
create role undo_clerk;
create schema "undo it" authorization undo_owner;
grant usage on schema "undo it" to undo_clerk;
grant create on database :"DBNAME" to undo_owner;
select plan(56);
set role undo_owner;
create table "undo it".parent (id int generated always as identity primary key, "na""me" text, qty int, doubled int generated always as (qty * 2) stored, tags text[], "rank" int unique);
create table "undo it".kid (id int primary key, parent int references "undo it".parent on delete cascade on update cascade, v text);
select deal_advisor.audit_enable('"undo it".parent') is null as no \gset
select deal_advisor.audit_enable('"undo it".kid') is null as no \gset
insert into "undo it".parent ("na""me", qty, tags, "rank") values ('a', 1, '{x}', 1), ('b', 2, null, 2), ('c', 3, '{}', 3);
insert into "undo it".kid values (1, 1, 'x'), (2, 2, 'y');
create view "undo it".state as select (select jsonb_agg(p order by id) from "undo it".parent p) as parents, (select jsonb_agg(k order by id) from "undo it".kid k) as kids;
create table "undo it".before as select * from "undo it".state;
select clock_timestamp() as t1 \gset

-- One transaction of everything
begin;
select pg_current_xact_id() as x1 \gset
update "undo it".parent set qty = qty + 10, tags = '{y,z}' where id < 3;
update "undo it".parent set qty = 100 where id = 1;
delete from "undo it".parent where id = 2;
insert into "undo it".parent ("na""me", qty) values ('d', 4);
insert into "undo it".kid values (3, 4, 'z');
update "undo it".kid set id = 100 where id = 1;
insert into "undo it".kid values (9, 1, 'not for long');
delete from "undo it".kid where id = 9;
savepoint s;
delete from "undo it".kid;
rollback to s;
commit;
create table "undo it".changed as select * from "undo it".state;
select is((select count(*) from "undo it".kid where parent = 2), 0::bigint, 'deleting the parent has deleted its child');
select pg_current_xact_id() as x2 \gset
begin;
select pg_current_xact_id() as x2 \gset
select set_eq(format($$select relation, key, action, status from deal_advisor.audit_undo(%L)$$, :'x1'),
  $$values ('"undo it".kid', '{"id": 9}'::jsonb, 'insert', 'undone'), ('"undo it".kid', '{"id": 9}', 'delete', 'undone'), ('"undo it".kid', '{"id": 100}', 'update', 'undone'), ('"undo it".kid', '{"id": 3}', 'delete', 'undone'),
  ('"undo it".parent', '{"id": 4}', 'delete', 'undone'), ('"undo it".kid', '{"id": 2}', 'insert', 'undone'), ('"undo it".parent', '{"id": 2}', 'insert', 'undone'), ('"undo it".parent', '{"id": 1}', 'update', 'undone'), ('"undo it".parent', '{"id": 2}', 'update', 'undone')$$,
  'everything is taken back, and told');
commit;
select set_eq('select * from "undo it".state', 'select * from "undo it".before', 'all is as before: cascades, identity, generated columns, arrays, nulls');
select is((select count(*) from deal_advisor.audit_changes('"undo it".kid', '-infinity', 'infinity') where xid = :'x2'), 6::bigint, 'that is in the log as well');
select throws_ok(format('select * from deal_advisor.audit_undo(%L)', :'x1'), 'DA003', null, 'it can''t be undone twice');
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x2'), 'but the undo can');
select set_eq('select * from "undo it".state', 'select * from "undo it".changed', 'and then the changes are back');
insert into "undo it".parent ("na""me") values ('next');
select is((select max(id) from "undo it".parent), 5, 'the identity goes on where it was');

-- Conflicts
create table "undo it".c (id int primary key, v int);
select deal_advisor.audit_enable('"undo it".c') is null as no \gset
insert into "undo it".c select i, i from generate_series(1, 6) i;
begin;
select pg_current_xact_id() as x3 \gset
update "undo it".c set v = v + 10 where id in (1, 2, 3);
delete from "undo it".c where id in (4, 5);
insert into "undo it".c values (7, 7), (8, 8);
commit;
update "undo it".c set v = 1000 where id = 2;
delete from "undo it".c where id = 3;
insert into "undo it".c values (5, 500);
delete from "undo it".c where id = 8;
select throws_ok(format('select * from deal_advisor.audit_undo(%L)', :'x3'), 'DA003', 'the transaction can''t be undone: 4 conflicts', 'changed, gone and present rows are conflicts');
select set_eq('select * from "undo it".c', 'values (1, 11), (2, 1000), (5, 500), (6, 6), (7, 7)', 'nothing is done then');
begin;
select set_eq(format($$select key ->> 'id', status from deal_advisor.audit_undo(%L, '{"conflicts": "skip"}')$$, :'x3'),
  $$values ('1', 'undone'), ('2', 'conflict'), ('3', 'conflict'), ('4', 'undone'), ('5', 'conflict'), ('7', 'undone'), ('8', 'conflict')$$, 'skip leaves them');
select set_eq('select * from "undo it".c', 'values (1, 1), (2, 1000), (4, 4), (5, 500), (6, 6)', 'and undoes the others');
rollback;
begin;
select set_eq(format($$select key ->> 'id', action, status from deal_advisor.audit_undo(%L, '{"conflicts": "force"}')$$, :'x3'),
  $$values ('1', 'update', 'undone'), ('2', 'update', 'undone'), ('3', 'update', 'skipped'), ('4', 'insert', 'undone'), ('5', 'update', 'undone'), ('7', 'delete', 'undone'), ('8', 'delete', 'skipped')$$, 'force overwrites what came later');
select set_eq('select * from "undo it".c', 'values (1, 1), (2, 2), (4, 4), (5, 5), (6, 6)', 'all that can be');
rollback;
create table "undo it".unaudited_change as select 1 as id;
alter table "undo it".c disable trigger user;
delete from "undo it".c where id = 1;
alter table "undo it".c enable always trigger "00_deal_audit";
select is((select detail from deal_advisor.audit_undo(:'x3', '{"conflicts": "skip"}') where key = '{"id": 1}'), 'the row is gone', 'also where nobody recorded it');
select throws_ok($$select * from deal_advisor.audit_undo('1', '{"conflicts": "maybe"}')$$, '22023', null, 'unknown ways');
select throws_ok($$select * from deal_advisor.audit_undo('1')$$, '42704', null, 'unknown transactions');
-- A key that changed, then the old one was taken
create table "undo it".k (id int primary key, v text);
select deal_advisor.audit_enable('"undo it".k') is null as no \gset
insert into "undo it".k values (1, 'one');
begin;
select pg_current_xact_id() as x4 \gset
update "undo it".k set id = 2;
commit;
insert into "undo it".k values (1, 'another');
select set_eq(format($$select key ->> 'id', status from deal_advisor.audit_undo(%L, '{"conflicts": "skip"}')$$, :'x4'), $$values ('1', 'conflict'), ('2', 'conflict')$$, 'both keys of a row are skipped together');
select set_eq(format($$select status, detail from deal_advisor.audit_undo(%L, '{"conflicts": "force"}')$$, :'x4'), $$values ('skipped', 'another row has its old key')$$, 'force does not push a row out');

-- Values that moved from row to row: only one after the other
create table "undo it".chain (id int primary key, slot int unique);
select deal_advisor.audit_enable('"undo it".chain') is null as no \gset
insert into "undo it".chain select i, i from generate_series(1, 5) i;
begin;
select pg_current_xact_id() as x5 \gset
update "undo it".chain set slot = 6 where id = 5;
update "undo it".chain set slot = 5 where id = 4;
update "undo it".chain set slot = 4 where id = 3;
update "undo it".chain set id = id + 10 where id = 1;
update "undo it".chain set id = 1 where id = 2;
commit;
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x5'), 'a chain of unique values goes back');
select set_eq('select * from "undo it".chain', 'select i as id, i as slot from generate_series(1, 5) i', 'to where it was');
-- All ids up by one in one statement, from the top
create table "undo it".shift (id int primary key);
select deal_advisor.audit_enable('"undo it".shift') is null as no \gset
insert into "undo it".shift select i from generate_series(3, 1, -1) i;
begin;
select pg_current_xact_id() as x6 \gset
update "undo it".shift set id = id + 1;
commit;
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x6'), 'keys that follow each other');
select set_eq('select * from "undo it".shift', 'values (1), (2), (3)', 'go back in the right order');

-- The schema has changed since
create table "undo it".s (id int primary key, qty int, note text, gone int);
select deal_advisor.audit_enable('"undo it".s') is null as no \gset
insert into "undo it".s values (1, 1, 'n', 5), (2, 2, 'm', 6);
select clock_timestamp() as t2 \gset
begin;
select pg_current_xact_id() as x7 \gset
update "undo it".s set qty = 10, gone = 7 where id = 1;
delete from "undo it".s where id = 2;
commit;
alter table "undo it".s rename qty to quantity;
alter table "undo it".s drop column gone;
alter table "undo it".s add column extra int not null default 3;
alter table "undo it".s alter column note type varchar(10);
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x7'), 'columns were renamed, dropped, added, changed');
select set_eq('select * from "undo it".s', $$values (1, 1, 'n'::varchar, 3), (2, 2, 'm', 3)$$, 'what is known comes back, the rest has its default');

-- Columns that the log does not have
create table "undo it".h (id int primary key, secret text, open int);
select deal_advisor.audit_enable('"undo it".h', redact => '{secret}') is null as no \gset
insert into "undo it".h values (1, 's', 1), (2, 't', 2);
begin;
select pg_current_xact_id() as x8 \gset
update "undo it".h set secret = 'new', open = 10 where id = 1;
delete from "undo it".h where id = 2;
commit;
select set_eq(format('select detail from deal_advisor.audit_undo(%L)', :'x8'), $$values ('the log does not have the values of secret')$$, 'a redacted value is not made up');
select set_eq('select * from "undo it".h', $$values (1, 'new', 1), (2, null, 2)$$, 'it stays, or is null');

-- A row that moves between partitions; a TRUNCATE
create table "undo it".p (id int, day int, v int, primary key (id, day)) partition by list (day);
create table "undo it".p1 partition of "undo it".p for values in (1);
create table "undo it".p2 partition of "undo it".p for values in (2);
select deal_advisor.audit_enable('"undo it".p', truncate_rows => true) is null as no \gset
insert into "undo it".p values (1, 1, 1), (2, 2, 2);
begin;
select pg_current_xact_id() as x9 \gset
update "undo it".p set day = 2 where id = 1;
commit;
begin;
select pg_current_xact_id() as x10 \gset
truncate "undo it".p;
commit;
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x10'), 'a TRUNCATE whose rows were recorded');
select set_eq('select * from "undo it".p', 'values (1, 2, 1), (2, 2, 2)', 'brings them back');
select lives_ok(format($$select * from deal_advisor.audit_undo(%L, '{"conflicts": "force"}')$$, :'x9'), 'a move between partitions');
select set_eq('select * from "undo it".p', 'values (1, 1, 1), (2, 2, 2)', 'goes back');
begin;
select pg_current_xact_id() as x11 \gset
truncate "undo it".k;
commit;
select throws_ok(format('select * from deal_advisor.audit_undo(%L)', :'x11'), 'DA003', null, 'a TRUNCATE whose rows were not recorded');

-- Only some tables; rights
begin;
select pg_current_xact_id() as x12 \gset
update "undo it".c set v = -1;
update "undo it".h set open = -1;
commit;
grant select, update on "undo it".h to undo_clerk;
set role undo_clerk;
set client_min_messages = warning;
set client_min_messages = error;
select set_eq(format('select distinct relation from deal_advisor.audit_undo(%L)', :'x12'), $$values ('"undo it".h')$$, 'only tables whose log the caller may read');
select throws_ok(format($$select * from deal_advisor.audit_undo(%L, '{"relation": ["\"undo it\".c"]}')$$, :'x12'), '42704', null, 'another one''s table');
select throws_ok($$select deal_advisor.audit_restore('"undo it".h', '2', clock_timestamp() - interval '1 hour')$$, '22023', null, 'restore to before auditing');
set role undo_owner;
select set_eq(format($$select distinct relation from deal_advisor.audit_undo(%L, '{"relation": ["\"undo it\".c"]}')$$, :'x12'), $$values ('"undo it".c')$$, 'only the tables asked for');
revoke update on "undo it".h from undo_clerk;
begin;
select pg_current_xact_id() as x13 \gset
update "undo it".h set open = 5 where id = 1;
commit;
set role undo_clerk;
select throws_ok(format('select * from deal_advisor.audit_undo(%L)', :'x13'), '42501', null, 'writing needs the right to write');
set role undo_owner;
begin;
select pg_current_xact_id() as x14 \gset
update "undo it".h set open = 6 where id = 1;
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x14'), 'the own transaction, before its end');
select is((select open from "undo it".h where id = 1), 5, 'is taken back as well');
commit;

-- Without a key
create table "undo it".bag (a int, b text, c json);
select deal_advisor.audit_enable('"undo it".bag', options => '{"identity": "row"}') is null as no \gset
insert into "undo it".bag values (1, 'x', null), (1, 'x', null), (2, null, '{"z": 1}');
select clock_timestamp() as b1 \gset
begin;
select pg_current_xact_id() as x18 \gset
delete from "undo it".bag where ctid = (select max(ctid) from "undo it".bag where a = 1);
update "undo it".bag set b = 'y' where a = 2;
insert into "undo it".bag values (3, 'new', null), (3, 'new', null);
commit;
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x18'), 'rows without a key');
select results_eq('select a, b, c::text from "undo it".bag order by a', $$values (1, 'x', null::text), (1, 'x', null), (2, null, '{"z": 1}')$$, 'are found by all their values, one for one');
delete from "undo it".bag where a = 1;
select is(deal_advisor.audit_restore('"undo it".bag', '{"a": 1, "b": "x", "c": null}', :'b1'), 'inserted', 'restored');
select is((select count(*) from "undo it".bag where a = 1), 2::bigint, 'as many as there were');
select throws_ok(format('select * from deal_advisor.audit_undo(%L)', :'x18'), 'DA003', null, 'what it inserted is gone, so it is no more to be undone');

-- Many rows are few statements
create table "undo it".many (id int primary key, v int);
create table "undo it".statements (n int);
insert into "undo it".many select i, i from generate_series(1, 3000) i;
select deal_advisor.audit_enable('"undo it".many') is null as no \gset
begin;
select pg_current_xact_id() as x15 \gset
update "undo it".many set v = v + 1;
commit;
create function "undo it".count_statement() returns trigger language plpgsql as $$ begin insert into "undo it".statements values (1); return null; end $$;
create trigger counted after update on "undo it".many for each statement execute function "undo it".count_statement();
select is((select count(*) from deal_advisor.audit_undo(:'x15') where status = 'undone'), 3000::bigint, 'many rows');
select is((select count(*) from "undo it".many where id = v), 3000::bigint, 'are as they were');
select is((select count(*) from "undo it".statements), 1::bigint, 'by one statement');
create function "undo it".refuse() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger refuse before update on "undo it".c for each row execute function "undo it".refuse();
begin;
select pg_current_xact_id() as x16 \gset
delete from "undo it".c where id = 6;
commit;
select lives_ok(format('select * from deal_advisor.audit_undo(%L)', :'x16'), 'a trigger that keeps updates off does not hinder an insert');
drop trigger refuse on "undo it".c;
begin;
select pg_current_xact_id() as x17 \gset
update "undo it".c set v = 60 where id = 6;
commit;
create trigger refuse before update on "undo it".c for each row execute function "undo it".refuse();
select throws_ok(format('select * from deal_advisor.audit_undo(%L)', :'x17'), '55000', null, 'but what it keeps off is no success');

-- One row
update "undo it".parent set qty = 77, tags = null where id = 3;
select is(deal_advisor.audit_restore('"undo it".parent', '3', :'t1'), 'updated: qty, tags', 'an update is taken back');
select is((select doubled from "undo it".parent where id = 3), 6, 'generated columns follow');
select is(deal_advisor.audit_restore('"undo it".parent', '{"id": 3}', :'t1'), 'unchanged', 'once');
delete from "undo it".parent where id = 3;
select is(deal_advisor.audit_restore('"undo it".parent', '3', :'t1'), 'inserted', 'a delete');
select is((select "na""me" from "undo it".parent where id = 3), 'c', 'with its own identity');
select is(deal_advisor.audit_restore('"undo it".parent', '5', :'t1'), 'deleted', 'an insert');
select is(deal_advisor.audit_restore('"undo it".parent', '99', :'t1'), 'unchanged', 'a row that never was');
select * from finish();
drop schema "undo it" cascade;
drop schema "undo it_audit" cascade;
reset role;
revoke all on database :"DBNAME" from undo_owner;
drop role undo_owner, undo_clerk;
