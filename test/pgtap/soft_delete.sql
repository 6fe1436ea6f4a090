-- Soft deletes: marks, cascades, refusals, restoring; views, unique values, partitions, row security, rights, names.
begin;
select plan(100);
set local client_min_messages = warning;
create schema shop;
create role soft_owner;
create role soft_app;
grant usage, create on schema shop to soft_owner;
grant usage on schema shop to soft_app;
set local role soft_owner;
create table shop.users (id int primary key, email text, constraint users_email_key unique (email));
create table shop.orders (id int primary key, user_id int constraint orders_user references shop.users on delete cascade, total int);
create table shop.lines (order_id int references shop.orders on delete cascade, n int, what text, primary key (order_id, n));
create table shop.invoices (id int primary key, order_id int constraint invoices_order references shop.orders);
create table shop.settings (id int primary key, user_id int references shop.users on delete set null, other int default 3, fallback_id int default 3 references shop.users on delete set default);
reset role;

-- Enabling
select throws_ok($$select deal_advisor.soft_delete_enable('shop.users')$$, '55000', 'table shop.orders has no soft deletes, but foreign key "orders_user" deletes its rows with those of shop.users', 'a table that a cascade would empty must have them first');
select deal_advisor.soft_delete_enable('shop.lines');
select deal_advisor.soft_delete_enable('shop.orders');
select is(deal_advisor.soft_delete_enable('shop.users', options => '{"unique": ["users_email_key"]}'),
  'shop.users: DELETE sets deleted_at; live rows in shop.users_live; foreign keys that refer to it: 3; unique for live rows only: 1', 'says what it did');
select col_type_is('shop', 'users', 'deleted_at', 'timestamp with time zone', 'the column is there');
select is((select viewowner::text from pg_views where viewname = 'users_live'), 'soft_owner', 'the view is the owner''s');
select is((select reloptions from pg_class where oid = 'shop.users_live'::regclass), '{security_barrier=true,security_invoker=true}', 'the view has the reader''s rights');
insert into shop.users values (1, 'ann'), (2, 'bob'), (3, 'cy'), (4, 'dan');
insert into shop.orders values (10, 1, 5), (11, 1, 6), (20, 2, 7), (30, 3, 8);
insert into shop.lines values (10, 1, 'a'), (10, 2, 'b'), (11, 1, 'c'), (20, 1, 'd');
insert into shop.invoices values (1, 20);
insert into shop.settings values (1, 1, 0, 4), (2, 4, 0, 1);

-- DELETE
create function pg_temp.counted(statement text) returns bigint language plpgsql as $$
declare n bigint; begin execute statement; get diagnostics n = row_count; return n; end $$;
delete from shop.lines where order_id = 10 and n = 1;
select is((select count(*) from shop.lines), 4::bigint, 'DELETE keeps the row');
select ok((select deleted_at >= now() from shop.lines where order_id = 10 and n = 1), 'and marks it with the time');
select is((select count(*) from shop.lines_live), 3::bigint, 'the live view leaves it out');
select is(pg_temp.counted('delete from shop.users where id = 1'), 0::bigint, 'DELETE on the table reports none');
select isnt((select deleted_at from shop.users where id = 1), null, 'but has marked');
select is((select count(*) from shop.orders o join shop.users u on u.id = o.user_id and u.deleted_at = o.deleted_at where u.id = 1), 2::bigint, 'CASCADE marks with the same time');
select is((select string_agg(order_id || '/' || n, ' ' order by order_id, n) from shop.lines where deleted_at = (select deleted_at from shop.users where id = 1)), '10/2 11/1', 'at any depth, but not what was deleted before');
select is((select user_id from shop.settings where id = 1), null, 'SET NULL is done');
select is((select fallback_id from shop.settings where id = 2), 3, 'SET DEFAULT is done');
select is((select deleted_at from shop.users where id = 1), (select max(deleted_at) from shop.orders), 'one time for all');
create temp table marks as select deleted_at from shop.users where id = 1;
delete from shop.users where id = 1;
select is((select deleted_at from shop.users where id = 1), (select deleted_at from marks), 'deleting again changes nothing');

-- What may not go
select throws_ok('delete from shop.orders where id = 20', '23503', 'update or delete on table "orders" violates foreign key constraint "invoices_order" on table "invoices"', 'NO ACTION refuses while a row refers');
select throws_ok('delete from shop.users where id = 2', '23503', null, 'also by way of a cascade');
select is((select count(*) from shop.lines_live where order_id = 20), 1::bigint, 'and nothing is marked then');
select lives_ok('delete from shop.orders where id = 30', 'an order without invoice may go');
delete from shop.invoices;
select lives_ok('delete from shop.orders where id = 20', 'as may one whose invoice is gone');

-- References to deleted rows
select throws_ok('insert into shop.orders values (12, 1, 1)', '23503', 'insert or update on table "orders" violates foreign key constraint "orders_user"', 'a new row can''t refer to a deleted one');
select throws_ok('insert into shop.invoices values (2, 10)', '23503', null, 'of any table that refers');
insert into shop.orders values (40, 4, 1);
select throws_ok('update shop.orders set user_id = 1 where id = 40', '23503', null, 'nor can a row be changed to');
select lives_ok('update shop.orders set total = 9 where id = 10', 'a deleted row may be changed');
select lives_ok($$insert into shop.orders values (13, 1, 1, now())$$, 'a row that is deleted from the start may refer to a deleted one');
select throws_ok('update shop.orders set deleted_at = null where id = 13', '23503', null, 'but not come back');
delete from shop.orders where id = 13;

-- Unique values
select lives_ok($$insert into shop.users values (5, 'ann')$$, 'a deleted row''s unique value is free');
select throws_ok($$insert into shop.users values (6, 'bob')$$, '23505', null, 'a live row''s is not');
select lives_ok($$insert into shop.users values (7, 'bob') on conflict (email) where deleted_at is null do nothing$$, 'ON CONFLICT finds the index by its predicate');
select throws_ok($$insert into shop.users values (7, 'bob') on conflict (email) do nothing$$, '42P10', null, 'and not without');
select is((select count(*) from pg_constraint where conname = 'users_email_key'), 0::bigint, 'the constraint is replaced');
select has_index('shop', 'users', 'users_email_key', array['email'], 'by an index of its name');

-- Restoring
select throws_ok($$select deal_advisor.soft_delete_restore('shop.users', '{"id": 1}')$$, '23505', null, 'a row whose place is taken stays away');
select is((select count(*) from shop.orders_live where user_id = 1), 0::bigint, 'as do those that went with it');
update shop.users set email = 'anna' where id = 5;
select throws_ok($$select deal_advisor.soft_delete_restore('shop.orders', '{"id": 10}')$$, '23503', null, 'a row doesn''t come back without its parent');
select is(deal_advisor.soft_delete_restore('shop.users', '{"id": 1}'), 5::bigint, 'restore counts rows');
select is((select string_agg(order_id || '/' || n, ' ' order by order_id, n) from shop.lines_live where order_id in (10, 11)), '10/2 11/1', 'exactly those that went with it are back');
select is((select count(*) from shop.orders_live where user_id = 1), 2::bigint, 'at all depths');
select is(deal_advisor.soft_delete_restore('shop.lines', '{"n": 1, "order_id": 10}'), 1::bigint, 'composite keys');
select throws_ok($$select deal_advisor.soft_delete_restore('shop.users', '{"id": 1}')$$, 'P0002', null, 'a live row can''t be restored');
select throws_ok($$select deal_advisor.soft_delete_restore('shop.lines', '{"n": 1}')$$, '22023', null, 'the whole key is needed');
select throws_ok($$select deal_advisor.soft_delete_restore('shop.invoices', '{"id": 1}')$$, '42704', null, 'without soft deletes there is nothing to restore');
update shop.users set deleted_at = '2020-01-01' where id = 1;
select is((select count(*) from shop.lines where deleted_at = '2020-01-01'), 3::bigint, 'an UPDATE of the mark cascades as well');
update shop.users set deleted_at = null where id = 1;
select is((select count(*) from shop.lines_live where order_id in (10, 11)), 3::bigint, 'both ways');

-- The view
select is(pg_temp.counted('delete from shop.users_live where id = 1'), 1::bigint, 'DELETE on the view counts');
select is(pg_temp.counted('delete from shop.users_live where id = 1'), 0::bigint, 'what is live');
select deal_advisor.soft_delete_restore('shop.users', '{"id": 1}');
prepare returning_delete as delete from shop.users_live where id = 1 returning email;
select results_eq('returning_delete', array['ann'], 'and has RETURNING');
select lives_ok($$insert into shop.users_live (id, email) values (8, 'eve'); update shop.users_live set email = 'eva' where id = 8$$, 'the view takes INSERT and UPDATE');
select is((select email from shop.users where id = 8), 'eva', 'for the table');
alter table shop.users rename id to number;
select is(pg_temp.counted('delete from shop.users_live where id = 8'), 1::bigint, 'a renamed key');
alter table shop.users rename number to id;
alter table shop.users rename deleted_at to gone_at;
select deal_advisor.soft_delete_restore('shop.users', '{"id": 8}');
delete from shop.users where id = 8;
select isnt((select gone_at from shop.users where id = 8), null, 'a renamed mark');
alter table shop.users rename gone_at to deleted_at;

-- Savepoints
savepoint before;
delete from shop.users where id = 4;
rollback to before;
select is((select count(*) from shop.users_live where id = 4), 1::bigint, 'ROLLBACK TO takes it back');
delete from shop.users where id = 4;
select is((select count(*) from shop.orders_live where user_id = 4), 0::bigint, 'and it can be done again');

-- Hard deletes of a parent
create table shop.shops (id int primary key);
create table shop.shelves (id int primary key, shop_id int references shop.shops on delete cascade);
create table shop.books (id int primary key, shelf_id int references shop.shelves on delete cascade);
select deal_advisor.soft_delete_enable('shop.books');
select deal_advisor.soft_delete_enable('shop.shelves');
insert into shop.shops values (1), (2);
insert into shop.shelves values (1, 1), (2, 2);
insert into shop.books values (1, 1), (2, 2);
delete from shop.books where id = 1;
delete from shop.shops where id = 1;
select is((select count(*) from shop.shelves where shop_id = 1), 0::bigint, 'a parent that is really deleted takes its rows along: no orphan');
select is((select count(*) from shop.books where shelf_id = 1), 0::bigint, 'at any depth, marked or not');
create function shop.tidy() returns trigger language plpgsql as $$ begin delete from shop.books where id = 2; return null; end $$;
create trigger tidy after insert on shop.shops for each row execute function shop.tidy();
insert into shop.shops values (3);
select is((select count(*) from shop.books where id = 2 and deleted_at is not null), 1::bigint, 'a DELETE in a trigger is none of these');

-- Other triggers of the table
create table shop.busy (id int primary key, n int default 0);
select deal_advisor.soft_delete_enable('shop.busy');
create function shop.touch() returns trigger language plpgsql as $$ begin update shop.busy set n = n + 1 where id = old.id; return old; end $$;
create function shop.veto() returns trigger language plpgsql as $$ begin return case when new.deleted_at is null then new end; end $$;
create trigger touch before delete on shop.busy for each row execute function shop.touch();
insert into shop.busy values (1);
select throws_ok('delete from shop.busy', '27000', null, 'a trigger that updates the row first is refused, not the row forgotten');
drop trigger touch on shop.busy;
create trigger veto before update on shop.busy for each row execute function shop.veto();
select lives_ok('delete from shop.busy', 'a trigger may keep the mark away');
drop trigger veto on shop.busy;
select deal_advisor.stamp_enable('shop.busy', updated_by => 'updated_by');
set local session_replication_role = replica;
update shop.busy set updated_at = '2010-01-01';
set local session_replication_role = origin;
set local deal_advisor.audit_context = '{"user": "ann"}';
delete from shop.busy;
select is((select (updated_at, updated_by) from shop.busy), (now(), 'ann'::text), 'a deletion is stamped');
set local deal_advisor.audit_context = '';

-- Trees
create table shop.tree (id int primary key, up int references shop.tree on delete cascade);
select deal_advisor.soft_delete_enable('shop.tree');
insert into shop.tree values (1, null), (2, 1), (3, 2), (4, 1);
delete from shop.tree where id = 2;
select is((select array_agg(id order by id) from shop.tree_live), array[1, 4], 'a tree''s branch');
select is(deal_advisor.soft_delete_restore('shop.tree', '{"id": 2}'), 2::bigint, 'and back');
select lives_ok('delete from shop.tree', 'DELETE of a whole tree');
select is((select count(*) from shop.tree_live), 0::bigint, 'marks all of it');

-- Tables that go along for good
create table shop.carts (id int primary key);
create table shop.items (id int primary key, cart_id int references shop.carts on delete cascade);
select deal_advisor.soft_delete_enable('shop.carts', live_view => '', options => '{"cascade": "delete"}');
select is(to_regclass('shop.carts_live'), null, 'no view if none is wanted');
insert into shop.carts values (1);
insert into shop.items values (1, 1);
delete from shop.carts;
select is((select count(*) from shop.items), 0::bigint, 'cascade delete: rows without marks go for good');
create table shop.gifts (id int primary key, cart_id int references shop.carts);
insert into shop.carts values (2);
insert into shop.gifts values (1, 2);
select throws_ok('delete from shop.carts where id = 2', '23503', null, 'a key that came later is heeded');

-- Partitions
create table shop.events (id int, at date, note text, primary key (id, at)) partition by range (at);
create table shop.events_1 (junk int, note text, at date not null, id int not null);
alter table shop.events_1 drop column junk;
alter table shop.events attach partition shop.events_1 for values from ('2020-01-01') to ('2021-01-01');
create table shop.events_2 partition of shop.events for values from ('2021-01-01') to ('2022-01-01');
create table shop.seats (event_id int, at date, seat int, primary key (event_id, at, seat), foreign key (event_id, at) references shop.events on delete cascade on update cascade) partition by hash (event_id);
create table shop.seats_0 partition of shop.seats for values with (modulus 2, remainder 0);
create table shop.seats_1 partition of shop.seats for values with (modulus 2, remainder 1);
select deal_advisor.soft_delete_enable('shop.seats');
select deal_advisor.soft_delete_enable('shop.events');
insert into shop.events values (1, '2020-05-05', 'a'), (2, '2021-05-05', 'b'), (3, '2020-06-06', 'c');
insert into shop.seats values (1, '2020-05-05', 1), (1, '2020-05-05', 2), (2, '2021-05-05', 1);
delete from shop.events where id = 1;
select is((select count(*) from shop.seats where deleted_at = (select deleted_at from shop.events where id = 1)), 2::bigint, 'partitions: marks and cascades');
delete from shop.events_2;
select is((select count(*) from shop.seats_live), 0::bigint, 'a DELETE on the partition itself too');
select throws_ok($$insert into shop.seats values (1, '2020-05-05', 9)$$, '23503', null, 'no reference to a deleted row of a partition');
select is(deal_advisor.soft_delete_restore('shop.events', '{"id": 1, "at": "2020-05-05"}'), 3::bigint, 'restored with what went along');
update shop.events set at = '2021-07-07' where id = 3;
select is((select (tableoid::regclass::text, note, deleted_at) from shop.events where id = 3), ('shop.events_2'::text, 'c'::text, null::timestamptz), 'a row that moves to another partition is no DELETE');
update shop.events set at = '2021-08-08' where id = 1;
select is((select count(*) from shop.seats_live where at = '2021-08-08'), 2::bigint, 'nor is it for those that refer to it');
delete from shop.events where id = 3;
select isnt((select deleted_at from shop.events where id = 3), null, 'and can be deleted after');
create table shop.by_mark (id int, deleted_at timestamptz) partition by range (deleted_at);
select throws_ok($$select deal_advisor.soft_delete_enable('shop.by_mark')$$, '0A000', null, 'the mark can''t be a partition key');
select throws_ok($$select deal_advisor.soft_delete_enable('shop.events_1')$$, '0A000', null, 'the root is enabled, not a partition');

-- Row security and rights
set local role soft_owner;
create table shop.secrets (id int primary key, who name default current_user, note text);
grant select, insert, delete on shop.secrets to soft_app;
reset role;
select deal_advisor.soft_delete_enable('shop.secrets');
set local role soft_owner;
alter table shop.secrets enable row level security, force row level security;
create policy live on shop.secrets using (who = current_user and deleted_at is null);
set local role soft_app;
insert into shop.secrets values (1), (2);
select lives_ok('delete from shop.secrets where id = 1', 'a policy that hides deleted rows does not forbid deleting, nor does a missing UPDATE right');
select is((select count(*) from shop.secrets), 1::bigint, 'the row is out of sight');
select is(pg_temp.counted('delete from shop.secrets_live where id = 2'), 1::bigint, 'by way of the view as well');
insert into shop.secrets values (3);
reset role;
select is((select count(*) from shop.secrets where deleted_at is not null), 2::bigint, 'both are there');
set local role soft_app;
select throws_ok($$select deal_advisor.soft_delete_restore('shop.secrets', '{"id": 1}')$$, '42501', null, 'who may not update may not restore');
select throws_ok($$select deal_advisor.soft_delete_enable('shop.secrets')$$, '42501', 'must be owner of table shop.secrets', 'only the owner enables');
select throws_ok($$select deal_advisor.soft_delete_disable('shop.secrets')$$, '42501', null, 'or disables');
reset role;
insert into shop.secrets values (4, 'soft_owner');
set local role soft_owner;
delete from shop.secrets where id = 4;
select is(deal_advisor.soft_delete_restore('shop.secrets', '{"id": 4}'), 1::bigint, 'the owner restores what a forced policy hides');
reset role;
create table shop.foreigners (id int primary key, secret_id int references shop.secrets);
grant references on shop.secrets to soft_app;
set local role soft_owner;
select throws_ok($$select deal_advisor.soft_delete_enable('shop.secrets')$$, '42501', null, 'a referring table of another owner needs that owner''s help');
select lives_ok($$select deal_advisor.soft_delete_enable('shop.secrets', options => '{"check_references": false}')$$, 'or goes unchecked');
reset role;

-- Names
create schema "Robert'); --";
create table "Robert'); --"."t"" %s" ("a'b" int, "c %d" int, primary key ("a'b", "c %d"), constraint "u""' USING" unique ("c %d"));
create table "Robert'); --"."x ; y" (a int, b int, constraint "f'" foreign key (a, b) references "Robert'); --"."t"" %s" on delete cascade);
select deal_advisor.soft_delete_enable('"Robert''); --"."x ; y"');
select lives_ok($$select deal_advisor.soft_delete_enable('"Robert''); --"."t"" %s"', 'gone "at" %I', 'live $1 "', '{"unique": ["u\"'' USING"]}')$$, 'names need no care');
insert into "Robert'); --"."t"" %s" values (1, 2);
insert into "Robert'); --"."x ; y" values (1, 2);
select is(pg_temp.counted($$delete from "Robert'); --"."live $1 """$$), 1::bigint, 'in any statement');
select is(deal_advisor.soft_delete_restore('"Robert''); --"."t"" %s"', '{"a''b": 1, "c %d": 2}'), 2::bigint, 'of any trigger');

-- Errors of enabling
select throws_ok($$select deal_advisor.soft_delete_enable('shop.users', options => '{"uniq": []}')$$, '22023', 'unknown option "uniq" of soft_delete_enable', 'unknown options');
select throws_ok($$select deal_advisor.soft_delete_enable('shop.users', options => '{"unique": ["users_pkey"]}')$$, '22023', null, 'a primary key stays');
select throws_ok($$select deal_advisor.soft_delete_enable('shop.invoices', 'order_id')$$, '42804', null, 'the mark''s type');
create view shop.invoices_live as select 1;
select throws_ok($$select deal_advisor.soft_delete_enable('shop.invoices')$$, '42P07', null, 'a view of another table is left alone');
create table shop.big (id int, code int constraint big_code unique);
insert into shop.big select i, i from generate_series(1, 100) i;
select throws_ok($$select deal_advisor.soft_delete_enable('shop.big', options => '{"unique": ["big_code"], "build_up_to": "1kB"}')$$, '55000', null, 'a big table''s index is not built while writers wait');
select deal_advisor.soft_delete_enable('shop.big');
create unique index made_before on shop.big (code) where deleted_at is null;
select lives_ok($$select deal_advisor.soft_delete_enable('shop.big', options => '{"unique": ["big_code"], "build_up_to": "1kB"}')$$, 'one that is there already is taken');
select is((select array_agg(indexname::text) from pg_indexes where tablename = 'big'), array['big_code'], 'in place of the constraint');

-- Ends
select is(deal_advisor.soft_delete_disable('shop.users'), 'shop.users: DELETE deletes again; column, view and indexes stay', 'disable');
delete from shop.users where id = 5;
select is((select count(*) from shop.users where id = 5), 0::bigint, 'DELETE deletes');
select is((select count(*) from pg_trigger where tgrelid = 'shop.settings'::regclass and not tgisinternal), 0::bigint, 'tables that referred to it are free');
drop extension deal_advisor cascade;
select lives_ok($$insert into shop.orders values (90, 4, 1); update shop.orders set total = 2; delete from shop.orders where id = 90; delete from shop.tree_live$$, 'after DROP EXTENSION tables and views take reads and writes');
select * from finish();
rollback;
