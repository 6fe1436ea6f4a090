-- Stamps: what is stamped and what isn't; renames, partitions, clocks, rights, names; what is left after DROP EXTENSION.
begin;
select plan(58);
set local client_min_messages = warning;
create schema shop;
create role stamp_owner;
create role stamp_other;
grant usage, create on schema shop to stamp_owner;
set local role stamp_owner;
create table shop.orders (id int primary key, total numeric, note text, doubled numeric generated always as (total * 2) stored);
insert into shop.orders values (1, 10, 'old');
reset role;

-- Columns
select is(deal_advisor.stamp_enable('shop.orders', created_by => 'created_by', updated_by => 'updated_by'),
  'shop.orders: stamps created_at, updated_at, created_by, updated_by; 4 columns added', 'adds what is missing, and says so');
select col_type_is('shop', 'orders', 'created_at', 'timestamp with time zone', 'times are timestamptz');
select col_not_null('shop', 'orders', 'updated_at', 'and not null');
select is((select count(*) from pg_attribute where attrelid = 'shop.orders'::regclass and attname in ('created_at', 'updated_at') and atthasmissing), 2::bigint, 'the value of old rows is stored once: no rewrite');
select is((select created_at from shop.orders where id = 1), now(), 'an old row has the time of enabling');
select is((select created_by from shop.orders where id = 1), null, 'nobody knows who made it');
select is((select tgenabled from pg_trigger where tgrelid = 'shop.orders'::regclass and tgname = 'zz_stamp'), 'O', 'the trigger does not fire for replicas');

-- INSERT
insert into shop.orders (id, total) values (2, 20);
select is((select (created_at, updated_at) from shop.orders where id = 2), (now(), now()), 'INSERT stamps both times');
select is((select created_by || '/' || updated_by from shop.orders where id = 2), current_user || '/' || current_user, 'and who did it');
insert into shop.orders (id, total, created_at, created_by) values (3, 30, '2001-02-03', 'import');
select is((select (created_at, created_by) from shop.orders where id = 3), ('2001-02-03'::timestamptz, 'import'::text), 'what an INSERT brings along stays');
insert into shop.orders (id, total, created_at) values (4, 40, null);
select is((select created_at from shop.orders where id = 4), now(), 'an explicit null does not get past not null');

-- UPDATE. Times in this transaction are all the same, so old ones are set where no trigger fires.
set local session_replication_role = replica;
update shop.orders set created_at = '2010-01-01', updated_at = '2010-01-01', created_by = 'ann', updated_by = 'ann';
set local session_replication_role = origin;
select is((select updated_at from shop.orders where id = 1), '2010-01-01'::timestamptz, 'replicas are not stamped');
update shop.orders set total = 11 where id = 1;
select is((select updated_at from shop.orders where id = 1), now(), 'UPDATE stamps');
select is((select updated_by from shop.orders where id = 1), current_user::text, 'and who did it');
select is((select (created_at, created_by) from shop.orders where id = 1), ('2010-01-01'::timestamptz, 'ann'::text), 'creation stays');
update shop.orders set total = 20, note = note where id = 2;
select is((select (updated_at, updated_by) from shop.orders where id = 2), ('2010-01-01'::timestamptz, 'ann'::text), 'an UPDATE that changes nothing does not stamp, generated columns or not');
update shop.orders set updated_at = '2020-01-01', updated_by = 'eve' where id = 2;
select is((select (updated_at, updated_by) from shop.orders where id = 2), ('2010-01-01'::timestamptz, 'ann'::text), 'nor does one that changes only the stamps');
update shop.orders set created_at = '1999-01-01', created_by = 'eve', note = 'x' where id = 2;
select is((select (created_at, created_by, updated_at) from shop.orders where id = 2), ('2010-01-01'::timestamptz, 'ann'::text, now()), 'created_* can''t be changed');
update shop.orders set note = null where id = 3;
select is((select updated_at from shop.orders where id = 3), '2010-01-01'::timestamptz, 'null in place of null is no change');
update shop.orders set total = 20.0 where id = 2;
select is((select total::text from shop.orders where id = 2), '20.0', 'another scale is another value, and is stored');
insert into shop.orders (id, total, created_at) values (2, 22, '1990-01-01') on conflict (id) do update set total = excluded.total, created_at = excluded.created_at;
select is((select (total, created_at) from shop.orders where id = 2), (22::numeric, '2010-01-01'::timestamptz), 'ON CONFLICT DO UPDATE is an UPDATE');

-- A value out of line
create table shop.documents (id int primary key, body text, n int);
alter table shop.documents alter body set storage external;
select deal_advisor.stamp_enable('shop.documents');
insert into shop.documents values (1, repeat('x', 20000), 1);
set local session_replication_role = replica;
update shop.documents set updated_at = '2010-01-01';
set local session_replication_role = origin;
update shop.documents set body = repeat('x', 20000);
select is((select updated_at from shop.documents), '2010-01-01'::timestamptz, 'a long value given again is compared as a whole');
update shop.documents set body = repeat('x', 19999) || 'y';
select is((select updated_at from shop.documents), now(), 'and a change of its last byte is seen');

-- Who
set local deal_advisor.audit_context = '{"user": "Ann \u00e9", "request": 7}';
insert into shop.orders (id) values (5);
select is((select created_by from shop.orders where id = 5), 'Ann é', 'the application''s user');
set local deal_advisor.audit_context = '{"user": 4711}';
insert into shop.orders (id) values (6);
select is((select created_by from shop.orders where id = 6), '4711', 'may be a number');
set local deal_advisor.audit_context = '{"user": ';
select lives_ok('insert into shop.orders (id) values (7)', 'a context that is no JSON stops no write');
select is((select created_by from shop.orders where id = 7), current_user::text, 'the role counts then');
set local deal_advisor.audit_context = '';
create function shop.definer(i int) returns void language sql security definer as 'insert into shop.orders (id) values ($1)';
grant insert, update, select on shop.orders to stamp_other;
grant usage on schema shop to stamp_other;
set local role stamp_other;
select shop.definer(8);
reset role;
select is((select created_by from shop.orders where id = 8), 'stamp_other', 'a SECURITY DEFINER function does not hide who called it');

-- Renames and drops
alter table shop.orders rename updated_at to changed;
alter table shop.orders rename created_by to maker;
insert into shop.orders (id, total) values (9, 90);
select is((select (maker = current_user, changed) from shop.orders where id = 9), (true, now()), 'renamed columns are stamped');
set local session_replication_role = replica;
update shop.orders set changed = '2010-01-01' where id = 9;
set local session_replication_role = origin;
update shop.orders set total = 91, maker = 'eve' where id = 9;
select is((select (maker = current_user, changed) from shop.orders where id = 9), (true, now()), 'and kept');
alter table shop.orders add column updated_at int;
select lives_ok('update shop.orders set updated_at = 1 where id = 9', 'a new column of the old name is just a column');
select throws_ok('alter table shop.orders drop column changed', '2BP01', null, 'a stamp column is not dropped by accident');
alter table shop.orders drop column changed cascade;
select lives_ok($$insert into shop.orders (id, total) values (10, 1)$$, 'dropped with CASCADE, INSERT goes on');
select lives_ok($$update shop.orders set total = 5$$, 'and UPDATE');

-- Clocks
create table shop.clocks (id int);
select deal_advisor.stamp_enable('shop.clocks', options => '{"clock": "clock"}');
insert into shop.clocks (id) values (1);
select ok((select created_at > now() from shop.clocks), 'clock: later than the transaction''s begin');
select is((select created_at from shop.clocks) <= (select updated_at from shop.clocks), true, 'an INSERT of now');
create table shop.statements (id int, created_at timestamp(0), updated_at timestamptz);
select deal_advisor.stamp_enable('shop.statements', options => '{"clock": "statement"}');
insert into shop.statements (id) values (1);
select ok((select updated_at > now() and updated_at <= statement_timestamp() from shop.statements), 'statement: its begin');
select is((select date_trunc('second', created_at) = created_at from shop.statements), true, 'a column''s precision is kept');
select is((select count(*) from pg_attrdef where adrelid = 'shop.statements'::regclass), 0::bigint, 'columns that were there keep their (lack of) defaults');

-- Options
create table shop.strict (id int);
insert into shop.strict values (1);
select deal_advisor.stamp_enable('shop.strict', updated_at => null, options => '{"trust_insert": false, "old_rows": "null"}');
select is((select created_at from shop.strict), null, 'old_rows null: unknown');
insert into shop.strict values (2, '2001-01-01');
select is((select created_at from shop.strict where id = 2), now(), 'trust_insert false: an INSERT can''t bring its time along');
select hasnt_column('shop', 'strict', 'updated_at', 'a null column is not kept');
select is(deal_advisor.stamp_enable('shop.strict'), 'shop.strict: stamps created_at, updated_at; 1 columns added', 'enabling again takes new settings');
select is((select count(*) from pg_trigger where tgrelid = 'shop.strict'::regclass), 2::bigint, 'and leaves two triggers');

-- Partitions with another layout, and inheritance
create table shop.log (id int, at date, v text) partition by range (at);
create table shop.log_1 (junk int, v text, at date, id int);
alter table shop.log_1 drop column junk;
alter table shop.log attach partition shop.log_1 for values from ('2020-01-01') to ('2021-01-01');
create table shop.log_2 partition of shop.log for values from ('2021-01-01') to ('2022-01-01');
select deal_advisor.stamp_enable('shop.log');
insert into shop.log (id, at, created_at) values (1, '2020-06-01', '2005-01-01');
insert into shop.log_1 (id, at) values (2, '2020-06-01');
select is((select array_agg(created_at order by id) from shop.log), array['2005-01-01'::timestamptz, now()], 'partitions are stamped, by way of the parent and not');
update shop.log set at = '2021-06-01' where id = 1;
select is((select (tableoid::regclass::text, created_at, updated_at) from shop.log where id = 1), ('shop.log_2'::text, '2005-01-01'::timestamptz, now()), 'a row that moves keeps its creation');
select throws_ok($$select deal_advisor.stamp_enable('shop.log', options => '{"trust_insert": false}')$$, '0A000', null, 'which trust_insert false would not allow');
create table shop.base (id int);
create table shop.heir (extra int) inherits (shop.base);
select deal_advisor.stamp_enable('shop.base');
insert into shop.heir (id, extra, created_at) values (1, 1, null);
select is((select created_at from shop.heir), now(), 'tables that inherit are stamped');

-- Names
create schema "Robert'); --";
create table "Robert'); --"."t"" %s" ("a'b" int);
select lives_ok($$select deal_advisor.stamp_enable('"Robert''); --"."t"" %s"', 'made "at" %I', 'u''; drop table x --', updated_by => '"')$$, 'names need no care');
insert into "Robert'); --"."t"" %s" values (1);
select is((select ("made ""at"" %I", """" = current_user) from "Robert'); --"."t"" %s"), (now(), true), 'and are stamped');

-- Errors and rights
select throws_ok($$select deal_advisor.stamp_enable('shop.orders', options => '{"clok": 1}')$$, '22023', 'unknown option "clok" of stamp_enable', 'unknown options');
select throws_ok($$select deal_advisor.stamp_enable('shop.orders', null, null)$$, '22023', null, 'no column at all');
select throws_ok($$select deal_advisor.stamp_enable('shop.documents', 'n')$$, '42804', 'column "n" of shop.documents is of type integer', 'a column''s type');
set local role stamp_other;
select throws_ok($$select deal_advisor.stamp_enable('shop.orders')$$, '42501', 'must be owner of table shop.orders', 'only the owner enables');
reset role;
select is((select tableowner::text from pg_tables where tablename = 'orders' and schemaname = 'shop'), 'stamp_owner', 'it stays the owner''s');

-- Ends
select is(deal_advisor.stamp_disable('shop.documents'), 'shop.documents: no longer stamped, columns stay', 'disable');
select throws_ok($$select deal_advisor.stamp_disable('shop.documents')$$, '42704', null, 'once');
drop extension deal_advisor cascade;
select lives_ok($$insert into shop.log (id, at) values (9, '2020-02-02'); update shop.log set v = 'x'; insert into shop.clocks (id) values (2); update shop.orders set total = 1$$, 'after DROP EXTENSION tables take writes');
select * from finish();
rollback;
