-- Conversion by mode copy: the old rows end in partitions of their own. Under load and kill -9: test/tap.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists deal_advisor_data, moved cascade;
drop publication if exists moved_root, moved_all;
drop role if exists moved_owner, moved_reader;
create role moved_owner;
create role moved_reader;
grant create on database :"DBNAME" to moved_owner;
set role moved_owner;
create schema moved;
create table moved.fired (what text);
create function moved.noted() returns trigger language plpgsql as $$ begin insert into moved.fired values (tg_op); return null; end $$;
create table moved.products (id int primary key);
insert into moved.products select generate_series(1, 10);
create table moved.prices (
  gone int,
  id bigint generated always as identity primary key,
  at timestamptz not null,
  product_id int not null references moved.products,
  price numeric(10, 2) not null check (price >= 0),
  loud text generated always as ('P' || price) stored
) with (fillfactor = 80);
alter table moved.prices drop column gone;
create index on moved.prices (product_id);
alter table moved.prices enable row level security;
create policy cheap on moved.prices for select to moved_reader using (price < 10);
grant select on moved.prices to moved_reader;
grant usage on schema moved to moved_reader;
create view moved.latest as select max(at) as at from moved.prices;
insert into moved.prices (at, product_id, price) select date_trunc('month', now(), 'UTC') - i * interval '1 day', 1 + i % 10, i % 20 from generate_series(0, 364) i;
insert into moved.prices (at, product_id, price) values ('1999-12-31 23:00+00', 1, 5), ('1999-12-31 23:30-05', 1, 5);
create trigger row_noted after insert or update or delete on moved.prices for each row execute function moved.noted();
create trigger all_noted after insert or delete on moved.prices for each statement execute function moved.noted();
reset role;
create publication moved_root for table moved.prices with (publish_via_partition_root = true);
create temp table read as select * from moved.prices;
create temp view leaves as
  select c.oid, c.relname, pg_get_expr(c.relpartbound, c.oid) as bound, c.reloptions, c.relacl from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = 'moved.prices'::regclass;
select plan(31);

-- The plan
create temp table planned as select * from deal_advisor.partition_convert_plan('moved.prices', 'at', '1 month', '{"mode": "copy"}');
select is((select code from planned where level = 'step' order by number desc limit 1), 'divide', 'after all else, the old rows are copied');
select matches((select message from planned where code = 'size'), 'needs as much room again', 'and it says what room that needs');
create publication moved_all for all tables with (publish_via_partition_root = true);
select is((select string_agg(code, ' ') from deal_advisor.partition_convert_plan('moved.prices', 'at', '1 month', '{"mode": "copy"}') where level = 'error' and hint <> ''), 'copy_publication', 'not where copies would be published');
drop publication moved_all;
begin;
alter table moved.prices force row level security;
select is((select string_agg(code, ' ') from deal_advisor.partition_convert_plan('moved.prices', 'at', '1 month', '{"mode": "copy"}') where level = 'error' and hint <> ''), 'copy_forced_row_security', 'nor where the owner may not see all rows');
select is((select count(*) from deal_advisor.partition_convert_plan('moved.prices', 'at', '1 month') where level = 'error'), 0::bigint, 'both can be converted without copying');
rollback;
select throws_ok($$select deal_advisor.partition_convert_plan('moved.prices', 'at', '1 month', '{"mode": "move"}')$$, '22023', 'unknown mode "move"', 'there is no third mode');

-- The conversion
call deal_advisor.partition_convert('moved.prices', 'at', '1 month', '{"mode": "copy", "premake": 2}');
select is((select state || ' ' || mode from deal_advisor.partition_convert_status()), 'converted copy', 'it ends');
select bag_eq('select * from moved.prices', 'select * from read', 'all rows are there');
select is((select count(distinct (tableoid, date_trunc('month', at, 'UTC'))) from moved.prices), (select count(distinct date_trunc('month', at, 'UTC')) from read), 'each month is in a partition');
select is((select count(distinct tableoid) from moved.prices), (select count(distinct date_trunc('month', at, 'UTC')) from read), 'of its own');
select is((select count(*) from moved.fired), 0::bigint, 'no trigger has fired for a copy');
select is((select state from deal_advisor.partition_status() where parent = 'moved.prices'), 'ok', 'it is a set');
select is_empty($$select split_part(bound, '''', 2) from leaves where bound !~ 'MINVALUE' except select split_part(bound, '''', case when bound ~ 'MINVALUE' then 2 else 4 end) from leaves$$, 'there is no gap, also where there are no rows');
select is((select array_agg(bound) from leaves where bound like '%(MINVALUE)%'), array['FOR VALUES FROM (MINVALUE) TO (''1999-12-01 00:00:00+00'')'], 'there is a place for rows before the first');
select cmp_ok((select count(*) from leaves), '<', 25::bigint, 'and one for all months without rows between others');
select is_empty($$select 1 from deal_advisor.partition_plan('moved.prices')$$, 'maintenance has nothing to do');
select is((select array_agg(distinct reloptions::text) from leaves), array['{fillfactor=80}'], 'partitions of old rows have the storage parameters of later ones');
select is((select count(*) from leaves where relacl is not null), 0::bigint, 'and, as those, no privileges of their own');
select is((select array_agg(distinct keys) from (select (select string_agg(pg_get_indexdef(indexrelid, 0, true) ~ 'UNIQUE' || ' ' || indkey::text, ', ' order by indkey::text collate "C" desc) from pg_index where indrelid = leaves.oid) as keys from leaves) k), array['false 3, true 1 2'], 'and indexes: the old key, which holds in none of them alone, is gone');
select is((select array_agg(distinct tgname::text) from pg_trigger join leaves on tgrelid = leaves.oid where tgname !~ '^RI_'), array['row_noted'], 'row triggers are the parent''s');
select is_empty($$select 1 from pg_constraint where contype = 'f' and conrelid in (select oid from leaves) and not convalidated$$, 'foreign keys are valid');
select is((select array_agg(relname::text order by relname) from pg_class where relname like 'deal_move%'), null, 'no helper is left behind');
set role moved_owner;
insert into moved.prices (at, product_id, price) values (now(), 2, 3), ('1980-01-01', 2, 3);
reset role;
select cmp_ok((select min(id) from moved.prices where price = 3 and at not in (select at from read)), '>', (select max(id) from read), 'the identity goes on');
select is((select string_agg(what, ' ') from moved.fired), 'INSERT INSERT INSERT', 'triggers fire');
set role moved_reader;
select is((select max(price) < 10 from moved.prices), true, 'policies hold');
reset role;
select max(id) as conversion from deal_advisor.partition_convert_status() \gset
\set ON_ERROR_STOP 0
call deal_advisor.partition_convert_rollback(:conversion);
\set ON_ERROR_STOP 1
select is(:'LAST_ERROR_SQLSTATE'::text, '55000', 'there is nothing to go back to, and it says so');
select is((select state from deal_advisor.partition_convert_status()), 'converted', 'nothing has changed by that');

-- Other keys, and a table without rows
set role moved_owner;
create table moved.numbers (id bigint primary key, v text);
insert into moved.numbers select i, 'v' from generate_series(1, 3500) i;
call deal_advisor.partition_convert('moved.numbers', 'id', '1000', '{"mode": "copy"}');
select is((select array_agg(count order by min) from (select count(*), min(id) from moved.numbers group by tableoid) c), array[999, 1000, 1000, 501]::bigint[], 'integers');
create table moved.empty (at date not null);
call deal_advisor.partition_convert('moved.empty', 'at', '1 month', '{"mode": "copy"}');
select is((select state from deal_advisor.partition_convert_status() where parent = 'moved.empty'), 'converted', 'a table without rows');

-- The old partition of mode attach can be divided later
create table moved.later (at date not null);
insert into moved.later select current_date - i from generate_series(0, 99) i;
call deal_advisor.partition_convert('moved.later', 'at', '1 month');
call deal_advisor.partition_split('moved.later_pmin');
select is((select count(distinct tableoid) from moved.later), (select count(distinct date_trunc('month', at)) from moved.later), 'partition_split does the same later');
select is((select count(*) from moved.later), 100::bigint, 'without losing a row');
reset role;
select * from finish();
\set QUIET 1
drop publication moved_root;
drop schema moved cascade;
revoke create on database :"DBNAME" from moved_owner;
drop role moved_owner, moved_reader;
