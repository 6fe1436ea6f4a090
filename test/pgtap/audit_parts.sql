-- Capture in tables of several parts: partitions, inheritance children; and typed history.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists parts cascade;
drop schema if exists parts_audit cascade;
create schema parts;
select plan(41);

create table parts.p (gone int, id int, region text, v int, primary key (id, region)) partition by list (region);
alter table parts.p drop column gone;
create table parts.p_de partition of parts.p for values in ('de');
create table parts.p_at (v int, extra int, region text not null, id int not null);
alter table parts.p_at drop column extra;
alter table parts.p attach partition parts.p_at for values in ('at');
select throws_ok($$select deal_advisor.audit_enable('parts.p_de')$$, '42809', 'parts.p_de is a partition', 'a partition is audited with its table');
select deal_advisor.audit_enable('parts.p', redact => '{v}');
create view parts.log as select * from parts_audit.audit_log;
create function parts.last_events() returns text language sql as $$
  select string_agg(op::text || coalesce(' ' || image::text, ''), '; ' order by seq) from parts.log where xid = (select max(xid) from parts.log) $$;
create function parts.columns_of(relation text) returns text language sql as $$
  select string_agg(c ->> 'name' || '=' || (c ->> 'id') || case when c ? 'redacted' then ' redacted' else '' end, ', ' order by (c ->> 'id')::int)
  from jsonb_array_elements((select l.columns -> 'columns' from parts_audit.audit_layout l where l.relation_name = relation order by l.layout desc limit 1)) c $$;

insert into parts.p values (1, 'de', 1), (2, 'at', 2);
select is(parts.last_events(), 'I {"v": null, "id": 1, "region": "de"}; I {"v": null, "id": 2, "region": "at"}', 'an insert through the table is recorded');
insert into parts.p_at (id, region, v) values (3, 'at', 3);
select is(parts.last_events(), 'I {"v": null, "id": 3, "region": "at"}', 'one into a partition itself too, with its columns in another order');
copy parts.p_de (id, region, v) from stdin;
4	de	4
\.
select is(parts.last_events(), 'I {"v": null, "id": 4, "region": "de"}', 'and COPY into a partition');
select is(parts.columns_of('parts.p_at'), parts.columns_of('parts.p'), 'columns of a partition are those of its table');
select is(parts.columns_of('parts.p_de'), parts.columns_of('parts.p'), 'also where a dropped column shifts their numbers');
update parts.p set v = v + 1 where id = 1;
select is(parts.last_events(), 'U {"v": null, "id": 1, "region": "de"}', 'an update is recorded');
update parts.p set region = 'de' where id = 3;
select is(parts.last_events(), 'D {"v": null, "id": 3, "region": "at"}; I {"v": null, "id": 3, "region": "de"}', 'a row that moves is deleted there and inserted here');
truncate parts.p_at;
select is(parts.last_events(), 'T', 'TRUNCATE of a partition is recorded');
truncate parts.p;
select is(parts.last_events(), 'T; T; T', 'and of the table with its partitions');

alter table parts.p rename column v to value;
alter table parts.p add column w int default 4;
insert into parts.p_at (id, region, value) values (9, 'at', 1);
select is(parts.last_events(), 'I {"w": 4, "id": 9, "value": null, "region": "at"}', 'changes of the table reach its partitions');
select is(parts.columns_of('parts.p_at'), parts.columns_of('parts.p'), 'with the same columns');

create table parts.p_ch partition of parts.p for values in ('ch');
insert into parts.p values (10, 'ch', 1);
select is(parts.last_events(), 'I {"w": 4, "id": 10, "value": null, "region": "ch"}', 'a new partition is audited from the beginning');
select is((select state from deal_advisor.audit_status() where relation = 'parts.p'), 'partly', 'but for its TRUNCATE, as the status says');
select deal_advisor.audit_enable('parts.p', redact => '{value}');
select is((select state from deal_advisor.audit_status() where relation = 'parts.p'), 'ok', 'enabling again mends it');
truncate parts.p_ch;
select is(parts.last_events(), 'T', 'then that is recorded too');
create table parts.p_li (id int not null, region text not null, value int, w int);
insert into parts.p_li values (11, 'li', 1);
alter table parts.p attach partition parts.p_li for values in ('li');
update parts.p set w = 5 where id = 11;
select is((select count(*) from parts.log where op = 'U' and image ->> 'id' = '11'), 1::bigint, 'an attached partition is audited');
alter table parts.p detach partition parts.p_li;
update parts.p_li set w = 6;
select is((select count(*) from parts.log where op = 'U' and image ->> 'id' = '11'), 1::bigint, 'a detached one no more');

-- Inheritance
create table parts.parent (id int primary key, v int);
create table parts.kid (own text) inherits (parts.parent);
alter table parts.kid add primary key (id);
select deal_advisor.audit_enable('parts.parent');
insert into parts.kid values (1, 1, 'mine');
select is(parts.last_events(), 'I {"v": 1, "id": 1, "own": "mine"}', 'a child''s own columns are recorded');
update parts.parent set v = 2;
select is(parts.last_events(), 'U {"v": 1, "id": 1}', 'a change through the parent too');
update parts.kid set own = 'x';
select is(parts.last_events(), 'U {"id": 1, "own": "mine"}', 'and one of its own column');
select is((select table_name::text from parts_audit.audit_table where table_id = 2), 'parent', 'both are one table of the log');
create table parts.late () inherits (parts.parent);
select is((select state from deal_advisor.audit_status() where relation = 'parts.parent'), 'partly', 'a later child is missed in the status');
select deal_advisor.audit_enable('parts.parent');
insert into parts.late values (2, 2);
select is(parts.last_events(), 'I {"v": 2, "id": 2}', 'until auditing is enabled again');

-- Typed history
create table parts.typed (id int primary key, a int, b text, card text, audit_at date);
select deal_advisor.audit_enable('parts.typed', 'typed', hash => '{card}');
insert into parts.typed values (1, 10, 'x', '4111', '2026-01-01'), (2, 20, null, null, null);
select results_eq($$select audit_op::text, id, a, b, audit_at_2, audit_changed is null from parts_audit.history_typed order by audit_seq$$,
  $$values ('I', 1, 10, 'x', '2026-01-01'::date, true), ('I', 2, 20, null, null, true)$$, 'typed history has the table''s own columns');
select matches((select audit_rest ->> 'card' from parts_audit.history_typed where id = 1), '^[0-9a-f]{64}$', 'and what must be hidden beside them');
update parts.typed set a = 11, b = null where id = 1;
select results_eq($$select id, a, b, audit_at_2, audit_changed from parts_audit.history_typed where audit_op = 'U'$$,
  $$values (1, 10, 'x', null::date, '\x06'::bytea)$$, 'an update keeps key, old values and which they are');
update parts.typed set b = 'y' where id = 2;
select results_eq($$select b, audit_changed from parts_audit.history_typed where audit_op = 'U' and id = 2$$, $$values (null::text, '\x04'::bytea)$$, 'an old value that was null is told from one that did not change');
update parts.typed set id = 3 where id = 2;
select results_eq($$select audit_op::text, id from parts_audit.history_typed where audit_op in ('M', 'N') order by audit_seq$$, $$values ('M', 2), ('N', 3)$$, 'a new key is told under both');
delete from parts.typed where id = 3;
select results_eq($$select id, a, b from parts_audit.history_typed where audit_op = 'D'$$, $$values (3, 20, 'y')$$, 'a delete keeps the row');
alter table parts.typed add column n numeric default 1.5;
update parts.typed set n = 2;
select is((select audit_rest from parts_audit.history_typed where audit_rest ? 'n'), '{"n": 1.5}', 'a column that the history lacks is kept beside');
alter table parts.typed alter column a type text;
update parts.typed set a = 'twelve';
select is((select audit_rest from parts_audit.history_typed where audit_rest ? 'a'), '{"a": "11"}', 'as is one of another type');
select deal_advisor.audit_enable('parts.typed', 'typed', hash => '{card}');
update parts.typed set a = 'thirteen', n = 3;
select results_eq($$select a, a_2, n, audit_rest from parts_audit.history_typed where a_2 is not null$$, $$values (null::int, 'twelve', 2::numeric, null::jsonb)$$, 'enabling again gives both a column');
alter table parts.typed rename column b to renamed;
update parts.typed set renamed = 'z';
select is((select count(*) from parts_audit.history_typed where audit_op = 'U' and audit_changed = '\x04' and b is null), 2::bigint, 'a renamed column keeps its place');
truncate parts.typed;
select is((select count(*) from parts_audit.history_typed where audit_op = 'T'), 1::bigint, 'TRUNCATE is in it');
begin;
do $$ declare p regclass; begin for p in select inhrelid from pg_inherits where inhparent = 'parts_audit.history_typed'::regclass loop execute format('alter table parts_audit.history_typed detach partition %s', p); end loop; end $$;
insert into parts.typed values (50, 'a');
select is((select id from parts_audit.history_typed_overflow), 50, 'without a partition its rows go to its overflow');
rollback;
begin;
drop table parts_audit.history_typed cascade;
insert into parts.typed values (51, 'a');
select is((select image ->> 'id' from parts_audit.audit_log where image ->> 'id' = '51'), '51', 'without the history at all, to the log');
rollback;
select deal_advisor.audit_enable('parts.typed', 'jsonb');
insert into parts.typed values (52, 'a');
select is((select image ->> 'id' from parts_audit.audit_log where image ->> 'id' = '52'), '52', 'back in jsonb mode, too');
create table parts.wide (id int primary key, document text);
alter table parts.wide alter column document set storage external;
select deal_advisor.audit_enable('parts.wide', 'typed');
insert into parts.wide select 1, repeat('x', 100000);
select pg_current_wal_insert_lsn() as lsn \gset
update parts.wide set id = id where id = 1;
delete from parts.wide;
select is((select length(document) from parts_audit.history_wide where audit_op = 'D'), 100000, 'documents that lie out of line are kept whole');
create table parts.bare (a int, b text);
select deal_advisor.audit_enable('parts.bare', 'typed', options => '{"identity": "row"}');
insert into parts.bare values (1, 'x');
update parts.bare set a = 2;
select results_eq($$select audit_op::text, a from parts_audit.history_bare order by audit_xid, audit_seq$$, $$values ('I', 1), ('M', 1), ('N', 2)$$, 'without a key updates are told as a row that went and one that came');
select * from finish();
\set QUIET 1
drop schema parts cascade;
drop schema parts_audit cascade;
