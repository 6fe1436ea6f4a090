-- Capture: every change is in the log, whatever made it, and nothing else is.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists audited cascade;
drop schema if exists audited_audit cascade;
create schema audited;
create table audited.t (id int primary key, a int, note text, hidden text);
create view audited.log as select e.op, e.seq, e.ctx, e.xid, e.image, e.layout, e.row_key, e.at from (select null::"char" as op, 0 as seq, 0::smallint as ctx, null::xid8 as xid, null::jsonb as image, 0 as layout, 0::bigint as row_key, null::timestamptz as at) e;
select plan(121);

-- Enabling
select is(deal_advisor.audit_enable('audited.t', ignore => '{hidden}'), 'audited.t is audited in schema audited_audit', 'auditing is switched on by one call');
create or replace view audited.log as select op, seq, ctx, xid, image, layout, row_key, at from audited_audit.audit_log;
create function audited.last_events() returns text language sql as $$
  -- those of the newest transaction, in order
  select string_agg(op::text || coalesce(' ' || image::text, ''), '; ' order by seq) from audited.log where xid = (select max(xid) from audited.log) $$;
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'ok', 'its state is ok');
select is((select array_agg(distinct tgenabled) from pg_trigger where tgrelid = 'audited.t'::regclass), array['A'::"char"], 'its triggers fire always');

-- The four changes
insert into audited.t values (1, 10, 'one', 'x'), (2, 20, null, 'y');
select is(audited.last_events(), 'I {"a": 10, "id": 1, "note": "one"}; I {"a": 20, "id": 2, "note": null}', 'an insert records the new rows, ignored columns aside');
update audited.t set a = a + 1 where id = 1;
select is(audited.last_events(), 'U {"a": 10, "id": 1}', 'an update records the key and the old values of what changed');
update audited.t set a = null, note = 'two' where id = 2;
select is(audited.last_events(), 'U {"a": 20, "id": 2, "note": null}', 'also where the old value is null');
select count(*) as events from audited.log \gset
update audited.t set a = a, note = note;
select is((select count(*) from audited.log), :events::bigint, 'an update that changes nothing is no event');
update audited.t set hidden = 'z';
select is((select count(*) from audited.log), :events::bigint, 'nor is one of ignored columns alone');
update audited.t set id = 3 where id = 2;
select is(audited.last_events(), 'M {"a": null, "id": 2, "note": "two"}; N {"a": null, "id": 3, "note": "two"}', 'a change of the key is told under both keys');
delete from audited.t where id = 3;
select is(audited.last_events(), 'D {"a": null, "id": 3, "note": "two"}', 'a delete records the old row');
truncate audited.t;
select is(audited.last_events(), 'T', 'TRUNCATE is recorded');
select is((select count(*) from audited_audit.audit_event), (select count(*) from audited.log), 'all of it is in the partitioned log');

-- Other ways to write
insert into audited.t values (1, 1, 'a') on conflict (id) do nothing;
insert into audited.t values (1, 2, 'b') on conflict (id) do update set a = excluded.a;
select is(audited.last_events(), 'U {"a": 1, "id": 1}', 'ON CONFLICT DO UPDATE is an update');
insert into audited.t values (1, 2, 'b') on conflict (id) do nothing;
select is(audited.last_events(), 'U {"a": 1, "id": 1}', 'ON CONFLICT DO NOTHING is none');
merge into audited.t using (values (1, 5), (7, 7)) s (id, a) on t.id = s.id when matched then update set a = s.a when not matched then insert (id, a) values (s.id, s.a);
select bag_eq($$select op::text from audited.log where xid = (select max(xid) from audited.log)$$, array['U', 'I'], 'MERGE is what it did');
copy audited.t (id, a) from stdin;
100	1
101	2
\.
select is(audited.last_events(), 'I {"a": 1, "id": 100, "note": null}; I {"a": 2, "id": 101, "note": null}', 'COPY is recorded');
with moved as (delete from audited.t where id >= 100 returning *) insert into audited.t select id + 100, a, note from moved;
select is((select count(*) from audited.log where xid = (select max(xid) from audited.log)), 4::bigint, 'data-modifying CTEs too');
select is((select max(seq) from audited.log where xid = (select max(xid) from audited.log)), 4, 'in one sequence');

-- Transactions
begin;
insert into audited.t values (10, 1);
savepoint one;
insert into audited.t values (11, 1);
savepoint two;
insert into audited.t values (12, 1);
release two;
rollback to one;
insert into audited.t values (13, 1);
savepoint three;
insert into audited.t values (14, 1);
release three;
commit;
select is(audited.last_events(), 'I {"a": 1, "id": 10, "note": null}; I {"a": 1, "id": 13, "note": null}; I {"a": 1, "id": 14, "note": null}', 'what a savepoint takes back was never recorded, what it keeps is');
select count(*) as events from audited.log \gset
begin;
insert into audited.t values (15, 1);
rollback;
select is((select count(*) from audited.log), :events::bigint, 'a rollback leaves nothing');
\set ON_ERROR_STOP 0
insert into audited.t select case when i = 2000 then 10 else i + 10000 end from generate_series(1, 2000) i;
\set ON_ERROR_STOP 1
insert into audited.t values (16, 1);
select is(audited.last_events(), 'I {"a": 1, "id": 16, "note": null}', 'a statement that fails half-way leaves nothing to the next one');
do $$ begin
  insert into audited.t values (17, 1);
  begin
    insert into audited.t values (18, 1);
    raise exception 'no';
  exception when others then insert into audited.t values (19, 1);
  end;
end $$;
select is(audited.last_events(), 'I {"a": 1, "id": 17, "note": null}; I {"a": 1, "id": 19, "note": null}', 'nor does a block with a handler');
begin;
declare held cursor with hold for select 1;
insert into audited.t values (20, 1);
select is((select count(*) from audited.log where image ->> 'id' = '20'), 1::bigint, 'the log can be read in the transaction that changes');
commit;
insert into audited.t select i, i from generate_series(1000, 3999) i;
select is((select count(*) from audited.log where xid = (select max(xid) from audited.log)), 3000::bigint, 'batches lose no row');
select is((select count(distinct seq) from audited.log where xid = (select max(xid) from audited.log)), 3000::bigint, 'and number all');
delete from audited.t where id >= 1000;

-- Triggers and foreign keys
create table audited.child (id int primary key, t_id int references audited.t on delete cascade on update cascade);
select deal_advisor.audit_enable('audited.child');
insert into audited.child values (1, 10), (2, 10);
delete from audited.t where id = 10;
select is((select string_agg(op::text || (image ->> 'id'), ' ' order by seq) from audited.log where xid = (select max(xid) from audited.log)), 'D10 D1 D2', 'rows that a foreign key deletes are recorded after what made it');
insert into audited.child values (3, 13);
update audited.t set id = 130 where id = 13;
select is((select string_agg(op::text || (image ->> 'id'), ' ' order by seq) from audited.log where xid = (select max(xid) from audited.log)), 'M13 N130 U3', 'as are those that it updates');
create function audited.again() returns trigger language plpgsql as $$ begin
  if new.a < 100 then update audited.t set a = 100 where id = new.id; end if; return null; end $$;
create trigger "0 before ours" after insert or update on audited.t for each row execute function audited.again();
insert into audited.t values (21, 1);
select is((select string_agg(op::text || (image ->> 'a'), ' ' order by seq) from audited.log where xid = (select max(xid) from audited.log)), 'U1 I1', 'a trigger that sorts before ours and changes the row again comes first');
drop trigger "0 before ours" on audited.t;
create trigger again after insert or update on audited.t for each row execute function audited.again();
insert into audited.t values (22, 1);
select is((select string_agg(op::text || (image ->> 'a'), ' ' order by seq) from audited.log where xid = (select max(xid) from audited.log)), 'I1 U1', 'with any usual name versions are in order');
drop trigger again on audited.t;
create function audited.rewrite() returns trigger language plpgsql as $$ begin new.note := 'by trigger'; return new; end $$;
create trigger rewrite before insert on audited.t for each row execute function audited.rewrite();
insert into audited.t values (23, 1, 'mine');
select is(audited.last_events(), 'I {"a": 1, "id": 23, "note": "by trigger"}', 'what a BEFORE trigger makes of a row is what is recorded');
drop trigger rewrite on audited.t;
set session_replication_role = replica;
insert into audited.t values (24, 1);
reset session_replication_role;
select is(audited.last_events(), 'I {"a": 1, "id": 24, "note": null}', 'session_replication_role = replica switches nothing off');

-- Who
create role audited_role;
grant all on schema audited to audited_role;
grant all on audited.t to audited_role;
begin;
set local role audited_role;
select deal_advisor.audit_set_context('jane@example.com', '{"request": "7f"}');
insert into audited.t values (30, 1);
reset role;
insert into audited.t values (31, 1);
commit;
select is((select string_agg(concat_ws(' ', session_user_name, role_name, app_user, context), '; ' order by ctx) from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)),
  format('%1$s audited_role jane@example.com {"request": "7f"}; %1$s %1$s jane@example.com {"request": "7f"}', current_user), 'the log knows session and role, and what the application claims');
insert into audited.t values (32, 1);
select is((select app_user from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), null, 'the claim ends with the transaction');
begin;
savepoint s;
select deal_advisor.audit_set_context('lost');
rollback to s;
insert into audited.t values (33, 1);
commit;
select is((select app_user from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), null, 'and with a savepoint that is taken back');
begin;
set local request.jwt.claims = '{"sub": "u-17", "role": "web", "email": "private"}';
insert into audited.t values (34, 1);
commit;
select is((select app_user || ' ' || context from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), 'u-17 {"claims": {"role": "web"}}', 'a JSON web token says who it is');
do $$ begin
  perform set_config('request.jwt.claims', '{"sub": "u-18"}', true);
  insert into audited.t values (340, 1);
  commit;
  insert into audited.t values (341, 1);
end $$;
select is((select app_user from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), null, 'the token ends with its transaction also within one statement');
begin;
set local deal_advisor.audit_context = 'nonsense {';
insert into audited.t values (35, 1);
commit;
select is((select context from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), '{"invalid": "nonsense {"}', 'nonsense in the setting fails no write');
select throws_ok($$select deal_advisor.audit_set_context('x', '[1]')$$, '22023', null, 'a context that is no object is refused');
create function audited.definer() returns void language sql security definer as 'insert into audited.t values (36, 1)';
alter function audited.definer() owner to audited_role;
select audited.definer();
select is((select role_name from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), current_user::name, 'a SECURITY DEFINER function does not hide who called it');
select is((select bool_and(t.started <= e.at and e.at <= t.at) from audited.log e join audited_audit.audit_transaction t using (xid, ctx)), true, 'every event lies within its transaction');
select is((select count(*) from audited.log e where not exists (select from audited_audit.audit_transaction t where t.xid = e.xid and t.ctx = e.ctx)), 0::bigint, 'and has one');

-- Rights
select ok(not has_schema_privilege('audited_role', 'audited_audit', 'usage'), 'who writes needs and has no right on the log');
set role audited_role;
select throws_ok($$select deal_advisor.audit_enable('audited.t')$$, '42501', 'must be owner of table audited.t', 'only owners enable');
select throws_ok($$select deal_advisor.audit_disable('audited.t')$$, '42501', 'must be owner of table audited.t', 'and disable');
create table audited.forged (id int primary key, a int);
create trigger "00_deal_audit" after insert on audited.forged for each row execute function deal_advisor.audit_capture('audited_audit', '1');
insert into audited.forged values (666, 1);
reset role;
select is((select count(*) from audited.log where image ->> 'id' = '666'), 0::bigint, 'a trigger that somebody else points to the log writes nothing there');
select throws_ok('select deal_advisor.audit_capture()', '39P01', null, 'the trigger function can''t be called');

-- Values that must not be kept
create table audited.secret (id int primary key, card text, pin text, name text);
select deal_advisor.audit_enable('audited.secret', redact => '{pin}', hash => '{card}', statement => true);
insert into audited.secret values (1, '4111', '1234', 'jo');
select is((select image - 'card' from audited.log where xid = (select max(xid) from audited.log)), '{"id": 1, "pin": null, "name": "jo"}'::jsonb, 'a redacted value is null');
select matches((select image ->> 'card' from audited.log where xid = (select max(xid) from audited.log)), '^[0-9a-f]{64}$', 'a hashed one a digest');
select is((select statement from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), 'insert into audited.secret values (?, ?, ?, ?);', 'the statement shows no constants');
update audited.secret set pin = '4321';
select is(audited.last_events(), 'U {"id": 1, "pin": null}', 'that it changed is recorded');
select is((select count(*) from audited.log where image ? 'pin' and (image - 'card')::text ~ '4111|1234|4321'), 0::bigint, 'no value is anywhere in the log');
alter table audited.secret rename column pin to pin_code;
update audited.secret set pin_code = '9999';
select is(audited.last_events(), 'U {"id": 1, "pin_code": null}', 'also after the column was renamed');
select throws_ok($$select deal_advisor.audit_enable('audited.secret', redact => '{id}')$$, '22023', null, 'the key can''t be redacted');
select throws_ok($$select deal_advisor.audit_enable('audited.secret', redact => '{nothing}')$$, '42703', null, 'unknown columns are refused');
select deal_advisor.audit_enable('audited.t', ignore => '{hidden}', statement => true);
update audited.t set a = 77 where id = 1;
select is((select statement from audited_audit.audit_transaction where xid = (select max(xid) from audited.log)), 'update audited.t set a = 77 where id = 1;', 'elsewhere the statement is kept as it was');

-- Changes of the table
alter table audited.t add column added int default 5;
update audited.t set added = 6 where id = 1;
select is(audited.last_events(), 'U {"id": 1, "added": 5}', 'a new column is recorded with its default');
alter table audited.t rename column note to remark;
update audited.t set remark = 'r' where id = 1;
select is(audited.last_events(), 'U {"id": 1, "remark": "a"}', 'a renamed one under its new name');
alter table audited.t drop column added;
alter table audited.t add column added text;
insert into audited.t (id, added) values (40, 'x');
select isnt((select l.columns -> 'columns' from audited_audit.audit_layout l where l.layout = (select layout from audited.log where image ->> 'id' = '40')), null, 'an event names its layout');
select is((select count(distinct c ->> 'id') from audited_audit.audit_layout l, jsonb_array_elements(l.columns -> 'columns') c where l.table_id = 1 and c ->> 'name' = 'added'), 2::bigint, 'where a column that was dropped and added again is another one');
select is((select count(distinct c ->> 'id') from audited_audit.audit_layout l, jsonb_array_elements(l.columns -> 'columns') c where l.table_id = 1 and c ->> 'name' in ('note', 'remark')), 1::bigint, 'and one that was renamed is the same');
alter table audited.t alter column a type bigint;
update audited.t set a = 1234567890123 where id = 1;
select is(audited.last_events(), 'U {"a": 77, "id": 1}', 'a new type makes no difference');
begin;
alter table audited.t add column short_lived int;
insert into audited.t (id, short_lived) values (41, 1);
rollback;
insert into audited.t (id) values (42);
select is((select (l.columns -> 'columns')::text !~ 'short_lived' from audited_audit.audit_layout l where l.layout = (select layout from audited.log where image ->> 'id' = '42')), true, 'a layout that was rolled back is not used');
alter table audited.t rename to renamed;
insert into audited.renamed (id) values (43);
select is((select table_name::text from audited_audit.audit_table where table_id = 1), 'renamed', 'the log follows the table''s name');
alter table audited.renamed rename to t;
insert into audited.t (id) values (44);
select is((select count(*) from audited_audit.audit_table), 3::bigint, 'it stays the same table');

-- The log itself changes
begin;
drop table audited_audit.audit_overflow cascade;
do $$ declare p regclass; begin for p in select inhrelid from pg_inherits where inhparent = 'audited_audit.audit_event'::regclass loop execute format('drop table %s', p); end loop; end $$;
insert into audited.t (id) values (50);
select is((select count(*) from audited.t where id = 50), 1::bigint, 'a write succeeds without any place in the log');
rollback;
begin;
do $$ declare p regclass; begin for p in select inhrelid from pg_inherits where inhparent = 'audited_audit.audit_event'::regclass loop execute format('alter table audited_audit.audit_event detach partition %s', p); end loop; end $$;
insert into audited.t (id) values (51);
select is((select image ->> 'id' from audited_audit.audit_overflow), '51', 'without its partition an event goes to the overflow');
select is((select image ->> 'id' from audited_audit.audit_log where image ->> 'id' = '51'), '51', 'where it is read like the others');
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'overflow', 'and the status tells');
rollback;
begin;
do $$ declare p regclass; begin for p in select inhrelid from pg_inherits where inhparent = 'audited_audit.audit_event'::regclass loop execute format('create unique index on %s ((1))', p); end loop; exception when unique_violation then null; end $$;
create unique index on audited_audit.audit_overflow (layout);
rollback;
begin;
alter table audited_audit.audit_event add column extra int not null default 1;
insert into audited.t (id) values (52);
select is((select count(*) from audited.t where id = 52), 1::bigint, 'a log of another shape fails no write');
rollback;
begin;
drop schema audited_audit cascade;
insert into audited.t (id) values (53);
select is((select count(*) from audited.t where id = 53), 1::bigint, 'nor does a log that is gone');
rollback;
insert into audited.t (id) values (54);
select is(audited.last_events(), 'I {"a": null, "id": 54, "added": null, "remark": null}', 'and all is as before when it is back');
create index on audited_audit.audit_event using gin (image);
create index on audited_audit.audit_event ((image ->> 'id')) where op = 'I';
insert into audited.t (id) values (55);
set enable_seqscan = off;
select is((select count(*) from audited_audit.audit_event where op = 'I' and image ->> 'id' = '55'), 1::bigint, 'indexes that people add are kept up');
reset enable_seqscan;

create function audited.peek(image jsonb) returns text immutable language plpgsql as $$ begin
  perform count(*) from pg_class;
  begin perform 1 / 0; exception when division_by_zero then null; end;
  return image ->> 'id'; end $$;
create index peeked on audited_audit.audit_event (audited.peek(image));
insert into audited.t (id) select i from generate_series(6000, 6002) i;
select is((select string_agg(image ->> 'id', ' ' order by seq) from audited.log where xid = (select max(xid) from audited.log)), '6000 6001 6002', 'an index whose function runs statements and savepoints doubles nothing');
create function audited.meddle() returns void language plpgsql as $$ begin update audited.t set a = 1 where id = 6000; end $$;
create or replace function audited.peek(image jsonb) returns text immutable language plpgsql as $$ begin perform audited.meddle(); return 'x'; end $$;
select throws_ok('insert into audited.t (id) values (6003)', '55000', 'an index of an audit log changes audited tables', 'one whose function changes audited tables is an error');
drop index audited_audit.peeked;
insert into audited.t (id) values (6004);
select is(audited.last_events(), 'I {"a": null, "id": 6004, "added": null, "remark": null}', 'after which all is well');

-- Keys
create table audited.two (tenant int, name text, v int, primary key (tenant, name));
select deal_advisor.audit_enable('audited.two');
insert into audited.two values (1, 'a', 1), (1, 'b', 1), (2, 'a', 1);
select is((select count(distinct row_key) from audited.log where xid = (select max(xid) from audited.log)), 3::bigint, 'keys of several columns tell rows apart');
update audited.two set v = 2 where name = 'a';
select is((select count(*) from audited.log where op = 'U' and row_key in (select row_key from audited.log where op = 'I' and image ->> 'name' = 'a' and image ->> 'tenant' = '2')), 1::bigint, 'and find them again');
create table audited.bare (v int, w text);
select throws_ok($$select deal_advisor.audit_enable('audited.bare')$$, '55000', 'table audited.bare has no primary key', 'a table without key is refused');
select deal_advisor.audit_enable('audited.bare', options => '{"identity": "row"}');
insert into audited.bare values (1, 'x'), (1, 'x');
update audited.bare set v = 2;
select is((select string_agg(op::text || (image ->> 'v'), ' ' order by seq) from audited.log where xid = (select max(xid) from audited.log)), 'M1 N2 M1 N2', 'unless the whole row is the key');
alter table audited.two drop column name;
insert into audited.two values (9, 9);
select is(audited.last_events(), 'I {"v": 9, "tenant": 9}', 'a key that loses a column fails no write');

-- Options and refusals
create table audited.brief (id int primary key, v text);
insert into audited.brief values (1, 'before');
select deal_advisor.audit_enable('audited.brief', insert_image => false, truncate_rows => true, baseline => true);
select is(audited.last_events(), 'S {"v": "before", "id": 1}', 'the baseline says what was there');
insert into audited.brief values (2, 'now');
select is(audited.last_events(), 'I {"id": 2}', 'without images an insert records the key');
truncate audited.brief;
select is(audited.last_events(), 'D {"v": "before", "id": 1}; D {"v": "now", "id": 2}; T', 'TRUNCATE can record what it takes');
select throws_ok($$select deal_advisor.audit_enable('audited.brief', options => '{"log": 1}')$$, '22023', null, 'unknown options are refused');
select throws_ok($$select deal_advisor.audit_enable('audited.brief', mode => 'xml')$$, '22023', 'mode must be jsonb or typed, not "xml"', 'unknown modes');
select throws_ok($$select deal_advisor.audit_enable('audited.brief', fire => 'never')$$, '22023', null, 'unknown firing');
select throws_ok($$select deal_advisor.audit_enable('audited.brief', log_owner => 'nobody_here')$$, '42704', null, 'unknown owners');
select throws_ok($$select deal_advisor.audit_enable('audited.log')$$, '42809', null, 'views');
select throws_ok($$select deal_advisor.audit_enable('audited_audit.audit_event')$$, '42809', null, 'logs');
select throws_ok($$select deal_advisor.audit_enable('pg_class')$$, '42809', null, 'system tables');
create temp table mine (id int primary key);
select throws_ok($$select deal_advisor.audit_enable('mine')$$, '0A000', null, 'temporary tables');
begin;
set local allow_system_table_mods = on;
create table pg_catalog.pg_dist_partition (logicalrelid regclass);
create table audited.spread (id int primary key);
insert into pg_catalog.pg_dist_partition values ('audited.spread');
select throws_ok($$select deal_advisor.audit_enable('audited.spread')$$, '0A000', 'distributed table audited.spread can''t be audited', 'tables of a Citus cluster');
rollback;
select throws_ok($$select deal_advisor.audit_enable('audited.brief', options => '{"log_schema": "elsewhere"}')$$, '55000', null, 'a second log for one table');

create schema audited_mine;
grant usage on schema audited_mine to audited_role;
create table audited_mine.theirs (id int primary key);
select throws_ok($$select deal_advisor.audit_enable('audited_mine.theirs', options => '{"log_schema": "audited_mine"}')$$, '55000', null, 'a log in a schema that has something else');
select ok(has_schema_privilege('audited_role', 'audited_mine', 'usage'), 'whose privileges stay');
create schema audited_planted;
create table audited_planted.audit_table (nonsense int);
create table audited_planted.audit_event (nonsense int) partition by range (nonsense);
create table audited_planted.audit_overflow (nonsense int);
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'ok', 'a schema that only looks like a log hides no other from the status');
drop schema audited_mine, audited_planted cascade;

-- Disabling
select matches(deal_advisor.audit_disable('audited.brief'), 'not audited any more', 'auditing is switched off');
insert into audited.brief values (3);
select is((select count(*) from audited.log where image ->> 'id' = '3' and layout in (select layout from audited_audit.audit_layout where relation_name = 'audited.brief')), 0::bigint, 'then nothing is recorded');
select is((select state from deal_advisor.audit_status() where relation = 'audited.brief'), 'disabled', 'as the status says');
select throws_ok($$select deal_advisor.audit_disable('audited.brief')$$, '42704', null, 'twice is an error');
select deal_advisor.audit_enable('audited.brief');
select is((select state from deal_advisor.audit_status() where relation = 'audited.brief'), 'ok', 'and on again');
alter table audited.t disable trigger "00_deal_audit";
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'off', 'a trigger that is switched off is seen');
alter table audited.t enable trigger "00_deal_audit";
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'origin only', 'one that was demoted too');
create function audited.nothing() returns trigger language plpgsql as $$ begin return null; end $$;
create or replace trigger "00_deal_audit" after insert or update or delete on audited.t for each row execute function audited.nothing();
alter table audited.t enable always trigger "00_deal_audit";
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'missing', 'one of our name that does something else');
create or replace trigger "00_deal_audit" after insert or update or delete on audited.t for each row execute function deal_advisor.audit_capture('audited_audit', '2');
alter table audited.t enable always trigger "00_deal_audit";
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'missing', 'one that records as another table');
drop trigger "00_deal_audit" on audited.t;
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'missing', 'one that is gone');
select deal_advisor.audit_enable('audited.t');
select is((select state from deal_advisor.audit_status() where relation = 'audited.t'), 'ok', 'enabling again mends all of it');

-- Names
create schema "Robert'); --";
create table "Robert'); --"."t'; drop" ("id""x" int primary key, "va'l" text);
select deal_advisor.audit_enable('"Robert''); --"."t''; drop"', redact => array['va''l']);
insert into "Robert'); --"."t'; drop" values (1, 'secret');
select is((select image from "Robert'); --_audit".audit_log), '{"id\"x": 1, "va''l": null}'::jsonb, 'any name will do');
update "Robert'); --"."t'; drop" set "va'l" = 'other';
delete from "Robert'); --"."t'; drop";
select max(xid) as gone from "Robert'); --_audit".audit_log \gset
select is((select string_agg(op, ' ' order by version) from deal_advisor.audit_history('"Robert''); --"."t''; drop"', '{"id\"x": 1}')), 'insert update delete', 'its history is read');
select is((select count(*) from deal_advisor.audit_as_of(null::"Robert'); --"."t'; drop", (select min(at) from deal_advisor.audit_history('"Robert''); --"."t''; drop"', '{"id\"x": 1}')), '{"id\"x": 1}')), 1::bigint, 'it is read as of a time');
select is((select count(*) from deal_advisor.audit_changes('"Robert''); --"."t''; drop"', now() - interval '1 hour', now() + interval '1 hour')), 3::bigint, 'its changes are listed');
select is((select status from deal_advisor.audit_undo(:'gone'::xid8)), 'undone', 'its delete is undone');
select cmp_ok((select sum(sealed) from (select seals::bigint as sealed from deal_advisor.audit_seal('Robert''); --_audit')) s), '>=', 1::numeric, 'its log is sealed');
select is((select bool_and(ok) from deal_advisor.audit_verify('Robert''); --_audit')), true, 'and verified');
select cmp_ok((select events from deal_advisor.audit_forget('"Robert''); --"."t''; drop"', '{"id\"x": 1}'))::bigint, '>=', 3::bigint, 'its row is forgotten');
select is((select bool_and(ok) from deal_advisor.audit_verify('Robert''); --_audit')), true, 'and all is verified still');
select lives_ok($$select deal_advisor.audit_maintain('Robert''); --_audit')$$, 'its log is maintained');
select is((select count(*) from deal_advisor.audit_prune('Robert''); --_audit', '1 year')), 0::bigint, 'and pruned');
select is((select state from deal_advisor.audit_status() where log_schema = 'Robert''); --_audit'), 'ok', 'its state is ok');
select matches(deal_advisor.audit_enable('"Robert''); --"."t''; drop"', 'typed'), 'is audited', 'it has a typed history');
select matches(deal_advisor.audit_disable('"Robert''); --"."t''; drop"'), 'not audited any more', 'and auditing is switched off');

select * from finish();
\set QUIET 1
drop schema audited cascade;
drop schema audited_audit cascade;
drop schema "Robert'); --" cascade;
drop schema "Robert'); --_audit" cascade;
drop owned by audited_role;
drop role audited_role;
