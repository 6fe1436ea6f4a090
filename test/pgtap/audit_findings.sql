-- Findings about auditing: what is found, that its fix clears it, and that what is in order has none. It commits, so nothing is rolled back.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = error;
drop schema if exists looked, looked_audit, plain_shop, plain_shop_audit cascade;
do $$ begin execute (select coalesce(string_agg(format('drop owned by %1$I; drop role %1$I', rolname), ';'), 'select 1') from pg_roles where rolname in ('look_keeper', 'look_monitor')); end $$;
create role look_keeper nologin;
create role look_monitor;
grant pg_monitor to look_monitor;
create schema looked;
create table looked.orders (id int primary key, amount numeric) ;
create table looked.parts (id int not null, at date not null, primary key (id, at)) partition by range (at);
create table looked.parts_1 partition of looked.parts for values from ('2026-01-01') to ('2027-01-01');
select deal_advisor.audit_enable('looked.orders', log_owner => 'look_keeper'), deal_advisor.audit_enable('looked.parts', log_owner => 'look_keeper') \g /dev/null
create function looked.found(wanted text) returns setof deal_advisor.finding language sql as
  $$select * from deal_advisor.findings_detail('{audit}', '{looked}') where check_id = wanted$$;
create function looked.fix(wanted text) returns bigint language plpgsql as $$
declare statement text; check_query text; left_over bigint;
begin
  -- runs the fix of the only finding; how many rows its verification still gives
  select verify into strict check_query from looked.found(wanted);
  for statement in select unnest(fix) from looked.found(wanted) loop execute statement; end loop;
  execute 'select count(*) from (' || check_query || ') q' into left_over;
  return left_over;
end $$;
select plan(32);
select is_empty($$select check_id, object from deal_advisor.findings_detail('{audit}', '{looked}')$$, 'what is audited and in order has no finding');

-- AUD-001
alter table looked.orders disable trigger "00_deal_audit";
select results_eq($$select severity::text, object from looked.found('AUD-001')$$, $$values ('high', 'looked.orders')$$, 'a trigger that is switched off');
select is(looked.fix('AUD-001'), 0::bigint, 'its fix switches it on');
select is((select array_agg(distinct tgenabled) from pg_trigger where tgrelid = 'looked.orders'::regclass), array['A'::"char"], 'always');
alter table looked.orders enable trigger "00_deal_audit";
select is((select severity::text from looked.found('AUD-001')), 'low', 'a trigger that does not fire for replicas');
select is(looked.fix('AUD-001'), 0::bigint, 'its fix makes it fire always');
alter table looked.parts_1 disable trigger "00_deal_audit";
select is((select object from looked.found('AUD-001')), 'looked.parts', 'a partition''s trigger that is switched off');
select is(looked.fix('AUD-001'), 0::bigint, 'is switched on by its table');
drop trigger "00_deal_audit_truncate" on looked.parts_1;
select is((select severity::text from looked.found('AUD-001')), 'medium', 'a part without its trigger');
select is(looked.fix('AUD-001'), 0::bigint, 'its fix makes it');
drop trigger "00_deal_audit" on looked.orders;
drop trigger "00_deal_audit_truncate" on looked.orders;
select is((select severity::text from looked.found('AUD-001')), 'high', 'a table without its triggers');
set role look_monitor;
select is((select object from deal_advisor.findings_detail('{audit}', '{looked}') where check_id = 'AUD-001'), 'looked.orders', 'members of pg_monitor hear of it');
reset role;
select is((select fix from looked.found('AUD-001')), array[$$SELECT deal_advisor.audit_enable('looked.orders', log_owner => 'look_keeper')$$], 'its fix is the call with all its settings');
select is(looked.fix('AUD-001'), 0::bigint, 'which mends it');

-- AUD-002
insert into looked_audit.audit_overflow values (now(), '3', 1::bigint << 44, 1, 1, 0, 'T', null);
select results_eq($$select object, impact from looked.found('AUD-002')$$, $$values ('looked_audit.audit_event', '1 rows wait in the overflow table.')$$, 'rows in the overflow table');
select is(looked.fix('AUD-002'), 0::bigint, 'its fix moves them');
begin;
select format('drop table %s', inhrelid::regclass) from pg_inherits where inhparent = 'looked_audit.audit_event'::regclass and pg_get_expr((select relpartbound from pg_class where oid = inhrelid), inhrelid) not like '%TO (''' || to_char(date_trunc('month', now() at time zone 'UTC'), 'YYYY-MM') || '%' order by inhrelid desc \gexec
select is((select count(*) from looked.found('AUD-002')), 1::bigint, 'a log that has no partitions for the time to come');
rollback;

-- AUD-003
create table looked.prices (id int primary key, price numeric);
create table looked.things (id int primary key, color text, user_id int);
insert into looked.prices values (1, 1);
insert into looked.things values (1, 'red', 5);
select pg_stat_force_next_flush() \g /dev/null
select is_empty($$select from looked.found('AUD-003')$$, 'a table whose rows never change needs no audit');
update looked.prices set price = 2;
update looked.things set color = 'blue';
select pg_stat_force_next_flush() \g /dev/null
select results_eq($$select severity::text, object from looked.found('AUD-003')$$, $$values ('low', 'looked.prices')$$, 'one of prices beside audited ones does; one of colors does not');
select deal_advisor.audit_enable('looked.prices', log_owner => 'look_keeper') \g /dev/null
select is_empty($$select from looked.found('AUD-003')$$, 'audited, it is no finding');
create schema plain_shop;
create table plain_shop.customer (id int primary key, email text, phone text);
create table plain_shop.product (id int primary key, price numeric);
insert into plain_shop.customer values (1, 'a', 'b');
insert into plain_shop.product values (1, 1);
update plain_shop.customer set email = 'c';
update plain_shop.product set price = 2;
select pg_stat_force_next_flush() \g /dev/null
select results_eq($$select severity::text, object from deal_advisor.findings_detail('{audit}', '{plain_shop}') where check_id = 'AUD-003'$$, $$values ('info', 'plain_shop.customer')$$, 'without any audit, only what has several telling columns, as information');
select fix[1] as fix, verify from deal_advisor.findings_detail('{audit}', '{plain_shop}') where check_id = 'AUD-003' \gset
begin;
select :'fix' \gexec
select is_empty(:'verify', 'its fix audits it');
select results_eq($$select object from deal_advisor.findings_detail('{audit}', '{plain_shop}') where check_id = 'AUD-003'$$, $$values ('plain_shop.product')$$, 'now that one is audited, fewer columns tell');
rollback;

-- AUD-004
select is_empty($$select from looked.found('AUD-004')$$, 'a log that nobody seals is not nagged about');
select deal_advisor.audit_seal('looked_audit') \g /dev/null
select is_empty($$select from looked.found('AUD-004')$$, 'nor is one that was sealed just now');
update looked_audit.audit_seal set sealed_at = now() - interval '10 days';
insert into looked.orders values (1, 1);
select results_eq($$select object, severity::text from looked.found('AUD-004')$$, $$values ('looked_audit.audit_event', 'low')$$, 'one that was sealed once, but not for long, is found');
select is(looked.fix('AUD-004'), 0::bigint, 'its fix seals it');

-- AUD-005
select is_empty($$select from looked.found('AUD-005')$$, 'a log of a role of its own');
select is_empty($$select from deal_advisor.findings_detail('{audit}', '{plain_shop}') where check_id = 'AUD-005'$$, 'no log');
select deal_advisor.audit_enable('plain_shop.customer') \g /dev/null
select results_eq($$select object, severity::text from deal_advisor.findings_detail('{audit}', '{plain_shop}') where check_id = 'AUD-005'$$, $$values ('plain_shop_audit.audit_event', 'info')$$, 'a log of the table''s owner is information');
select deal_advisor.audit_disable('plain_shop.customer') \g /dev/null
select is_empty($$select from deal_advisor.findings_detail('{audit}', '{plain_shop}') where check_id = 'AUD-005'$$, 'not when nothing is recorded there');
begin read only;
select lives_ok($$select * from deal_advisor.findings_detail('{audit}', '{looked}')$$, 'read only');
commit;
drop schema looked, looked_audit, plain_shop, plain_shop_audit cascade;
drop role look_keeper, look_monitor;
select * from finish();
