-- Purging what was deleted: batches, order, foreign keys, partitions, whose rights. Commits, so it cleans up after itself.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists purged cascade;
drop role if exists purge_owner;
drop role if exists purge_stranger;
create role purge_owner;
create role purge_stranger;
create schema purged;
grant usage, create on schema purged to purge_owner;
grant usage on schema purged to purge_stranger;
set role purge_owner;
create table purged.users (id int primary key, note text);
create table purged.orders (id int primary key, user_id int references purged.users on delete cascade);
create table purged.bills (id int primary key, user_id int references purged.users on delete restrict);
create table purged.tree (id int primary key, up int references purged.tree);
create table purged.events (id int, at int, primary key (id, at)) partition by range (at);
create table purged.events_1 partition of purged.events for values from (0) to (10);
create table purged.events_2 partition of purged.events for values from (10) to (20);
create table purged.seen (batch xid8, row_key int);
create function purged.note() returns trigger language plpgsql as $$ begin insert into purged.seen values (pg_current_xact_id(), old.id); return null; end $$;
create trigger note after delete on purged.users for each row execute function purged.note();
reset role;
select plan(23);
select deal_advisor.soft_delete_enable('purged.bills');
select deal_advisor.soft_delete_enable('purged.orders');
select deal_advisor.soft_delete_enable('purged.users');
select deal_advisor.soft_delete_enable('purged.tree');
select deal_advisor.soft_delete_enable('purged.events');

insert into purged.users select i from generate_series(1, 100) i;
insert into purged.orders select i, i from generate_series(1, 50) i;
insert into purged.bills values (1, 1), (2, 2);
delete from purged.bills;
delete from purged.users where id <= 60;
set session_replication_role = replica;
update purged.users set deleted_at = now() - interval '40 days' where id <= 30;
update purged.orders set deleted_at = now() - interval '40 days' where user_id <= 30;
reset session_replication_role;

-- Errors
select throws_ok($$call deal_advisor.soft_delete_purge('purged.users', '30 days')$$, '25001', null, 'it commits, so not within a function');
\set ON_ERROR_STOP 0
\set VERBOSITY sqlstate
call deal_advisor.soft_delete_purge('purged.users', '30 days', 0);
select is(:'LAST_ERROR_SQLSTATE'::text, '22023'::text, 'a batch of nothing');
call deal_advisor.soft_delete_purge('purged.users', '-1 day');
select is(:'LAST_ERROR_SQLSTATE'::text, '22023'::text, 'rows of the future');
call deal_advisor.soft_delete_purge('purged.seen', '1 day');
select is(:'LAST_ERROR_SQLSTATE'::text, '42704'::text, 'a table without soft deletes');
set role purge_stranger;
call deal_advisor.soft_delete_purge('purged.users', '30 days');
select is(:'LAST_ERROR_SQLSTATE'::text, '42501'::text, 'only who may act as the owner');
reset role;
\set ON_ERROR_STOP 1
select is((select count(*) from purged.users), 100::bigint, 'and nothing is gone');

-- What is old, in batches
call deal_advisor.soft_delete_purge('purged.users', '30 days', 10);
select is((select array_agg(id order by id) from purged.users where deleted_at < now() - interval '30 days'), array[1, 2], 'what RESTRICT keeps, by a deleted row too, stays');
select is((select count(*) from purged.users), 72::bigint, 'all else that is old enough is gone, and nothing more');
select is((select count(*) from purged.orders), 22::bigint, 'CASCADE takes deleted rows along');
select cmp_ok((select count(distinct batch) from purged.seen), '>=', 3::bigint, 'batches commit');
select cmp_ok((select max(n) from (select count(*) as n from purged.seen group by batch) b), '<=', 10::bigint, 'and are no bigger than told');
call deal_advisor.soft_delete_purge('purged.bills', '0');
call deal_advisor.soft_delete_purge('purged.users', '30 days');
select is((select count(*) from purged.users where id <= 30), 0::bigint, 'once the tables that refer are purged it goes on');
select is((select count(*) from purged.users where deleted_at is null), 40::bigint, 'live rows stay');

-- A tree without cascades goes from its leaves
insert into purged.tree values (1, null), (2, 1), (3, 2), (4, 3), (5, null);
delete from purged.tree where id <= 4;
select is((select count(*) from purged.tree where deleted_at is not null), 4::bigint, 'one statement may delete what refers to each other');
call deal_advisor.soft_delete_purge('purged.tree', '0', 1);
select is((select array_agg(id) from purged.tree), array[5], 'a tree goes from its leaves');

-- Partitions
insert into purged.events select i, i % 20 from generate_series(1, 100) i;
delete from purged.events where id > 10;
call deal_advisor.soft_delete_purge('purged.events', '0', 7);
select is((select count(*) from purged.events), 10::bigint, 'partitions');

-- Row security of the owner's own is no obstacle; a superuser lends nothing
alter table purged.users enable row level security;
alter table purged.users force row level security;
create policy live on purged.users using (deleted_at is null);
create function purged.who() returns trigger language plpgsql as $$ begin update purged.users set note = current_user where id = 100; return old; end $$;
create trigger who before delete on purged.users for each row execute function purged.who();
call deal_advisor.soft_delete_purge('purged.users', '0');
select is((select count(*) from purged.users), 40::bigint, 'a forced policy hides nothing from it');
select is((select note from purged.users where id = 100), 'purge_owner', 'triggers run with the owner''s rights, whoever calls');

-- A user's DELETE never purges, and a purge deletes only what was deleted
alter table purged.users no force row level security;
drop trigger who on purged.users;
delete from purged.users where id = 100;
delete from purged.users where id = 100;
select is((select count(*) from purged.users where id = 100), 1::bigint, 'deleting twice is not purging');
create function purged.greedy() returns trigger language plpgsql as $$ begin delete from purged.users where id = 99; return old; end $$;
create trigger greedy before delete on purged.users for each row when (old.id = 100) execute function purged.greedy();
call deal_advisor.soft_delete_purge('purged.users', '0');
select is((select deleted_at is not null from purged.users where id = 99), true, 'a live row that a trigger deletes meanwhile is marked');
select is((select count(*) from purged.users where id = 100), 0::bigint, 'while the purged row is gone');

-- Called again there is nothing to do
call deal_advisor.soft_delete_purge('purged.events', '0');
select is((select count(*) from purged.events), 10::bigint, 'nothing more');
select is((select count(*) from purged.events_live), 10::bigint, 'all of it live');
select * from finish();
set client_min_messages = error;
drop schema purged cascade;
drop role purge_owner;
drop role purge_stranger;
