-- Findings: what each check sees, and that its fix, verification and rollback do what they say.
\set VERBOSITY terse
set client_min_messages = warning;
create schema shop;
create schema "Back Office";

create table shop.buyers (id bigint primary key, name text not null);
create table shop.orders (
  id bigint primary key, buyer_id bigint not null references shop.buyers, tenant int not null, number int not null,
  note text, total numeric not null);
create table shop.lines (
  id bigint generated always as identity, tenant int not null, number int not null, product int);
alter table shop.lines add constraint lines_number check (number > 0) not valid;
alter table shop.orders add constraint orders_key unique (tenant, number);
alter table shop.lines add constraint lines_order_fkey foreign key (number, tenant)
  references shop.orders (number, tenant);
create index lines_tenant_idx on shop.lines (tenant, number, product);
create index orders_note_idx on shop.orders (note);
create table shop.events (at timestamptz, what text);
create table shop.codes (code text not null);
create unique index codes_code_idx on shop.codes (code);
-- Redundant indexes of every kind; none of them may be called unused as well.
create table shop.offers (id bigint primary key, a int, b int, c int, d int, constraint offers_a_key unique (a));
create index offers_twin_1 on shop.offers (c, d);
create index offers_twin_2 on shop.offers (c, d);
create index offers_prefix on shop.offers (c);
create index offers_back on shop.offers (b);
create index offers_forth on shop.offers (b desc);
create index offers_plain on shop.offers (id);
alter table shop.offers add constraint offers_a_again unique (a);
create index offers_wide on shop.offers (d) include (b);
create index offers_narrow on shop.offers (d);
create index offers_full on shop.offers (a, d);
create index offers_loose on shop.offers (a, d) with (fillfactor = 70);
create table "Back Office"."Select" ("From" int references shop.buyers);
create table shop.parts (id int not null, buyer_id bigint references shop.buyers, primary key (id)) partition by range (id);
create table shop.parts_1 partition of shop.parts for values from (0) to (10);
create table shop.parts_2 partition of shop.parts for values from (10) to (20);

-- A failed concurrent build leaves an invalid index behind.
insert into shop.codes values ('a'), ('b');
insert into shop.events values (now(), 'x'), (now(), 'x');
create unique index concurrently events_what_idx on shop.events (what);

select severity, check_id, object, title, fix
from deal_advisor.findings(areas => '{index,schema}', schemas => '{shop,Back Office}', options => '{"min_stats_age": "0"}');

-- Fits a terminal: no line of the list is wider than 100 columns here.
select max(length(object)) + max(length(title)) + max(length(fix)) <= 70 as fits
from deal_advisor.findings(areas => '{index,schema}', schemas => '{shop}', options => '{"min_stats_age": "0"}');

-- Foreign keys whose columns lead an index in any order, or are behind IS NOT NULL, are fine.
select check_id, object from deal_advisor.findings_detail(schemas => '{shop}')
where object like 'lines_order_fkey%';
create index orders_buyer_idx on shop.orders (buyer_id) where buyer_id is not null;
select count(*) from deal_advisor.findings_detail(schemas => '{shop}') where object like 'orders_buyer_id_fkey%';
drop index shop.orders_buyer_idx;
create index orders_buyer_idx on shop.orders (buyer_id) where total > 10;
create index orders_buyer_brin on shop.orders using brin (buyer_id);
select count(*) from deal_advisor.findings_detail(schemas => '{shop}') where object like 'orders_buyer_id_fkey%';
drop index shop.orders_buyer_idx, shop.orders_buyer_brin;

-- Every fix clears its finding, every rollback brings it back.
create table public.found as
select * from deal_advisor.findings_detail(areas => '{index,schema}', schemas => '{shop,Back Office}',
                                           options => '{"min_stats_age": "0"}');
delete from shop.events where ctid in (select min(ctid) from shop.events);
select count(*) as findings, count(*) filter (where fix is null or verify is null or evidence is null) as incomplete
from public.found;

create procedure public.verify_all(expected int) language plpgsql as $$
declare
  f record;
  rows int;
begin
  for f in select * from public.found loop
    execute 'select count(*)::int from (' || f.verify || ') v' into rows;
    if rows <> expected then
      raise warning '% %: verification returns % rows', f.check_id, f.object, rows;
    end if;
  end loop;
end $$;
call public.verify_all(1);
select s from public.found f, unnest(f.fix) with ordinality u (s, n) order by f.check_id, f.object, n \gexec
call public.verify_all(0);
select count(*) from deal_advisor.findings_detail(areas => '{index,schema}', schemas => '{shop,Back Office}',
                                                  options => '{"min_stats_age": "0"}') f
where f.fingerprint in (select fingerprint from public.found);
select s from public.found f, unnest(f.rollback) with ordinality u (s, n) order by f.check_id desc, f.object desc, n \gexec
select f.check_id, f.object from public.found f
where f.fingerprint not in (
  select fingerprint from deal_advisor.findings_detail(areas => '{index,schema}', schemas => '{shop,Back Office}',
                                                       options => '{"min_stats_age": "0"}'));

-- No lock on what was reviewed is kept.
begin;
select count(*) > 0 as findings from deal_advisor.findings(schemas => '{shop}');
select count(*) as locks from pg_locks l join pg_class c on c.oid = l.relation
where l.pid = pg_backend_pid() and c.relnamespace = 'shop'::regnamespace;
commit;

-- findings_apply does the same, by fingerprint; a foreign key over partitions needs several statements.
select fingerprint as key from public.found where object like 'parts_buyer_id_fkey%' \gset
call deal_advisor.findings_apply(array[:'key']);
select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid in (select 'shop.parts'::regclass union select inhrelid from pg_inherits where inhparent = 'shop.parts'::regclass)
  and not i.indisprimary order by 1;
select fingerprint as key from public.found where check_id = 'SCH-009' \gset
begin;
call deal_advisor.findings_apply(array[:'key']);
commit;
select convalidated from pg_constraint where conname = 'lines_number';

-- Accepting.
select fingerprint as key from public.found where object = 'shop.events' and check_id = 'SCH-001' \gset
select deal_advisor.findings_accept(:'key', 'a log, never changed', now() + interval '1 hour');
select status, skip_reason ~ 'a log, never changed' as reason from deal_advisor.findings_detail() where fingerprint = :'key';
select count(*) from deal_advisor.findings(schemas => '{shop}') where object = 'shop.events' and check_id = 'SCH-001';
select title from deal_advisor.findings(schemas => '{shop}', options => '{"accepted": true}') where object = 'shop.events' and check_id = 'SCH-001';
select deal_advisor.findings_reopen(:'key');
select status from deal_advisor.findings_detail() where fingerprint = :'key';
select deal_advisor.findings_accept(:'key', 'for a moment', clock_timestamp() + interval '10 milliseconds');
select pg_sleep(0.05);
select status from deal_advisor.findings_detail() where fingerprint = :'key';
select deal_advisor.findings_reopen(:'key');

-- The gate.
select deal_advisor.findings_gate('critical', schemas => '{shop}', areas => '{schema}');
set client_min_messages = error;
select deal_advisor.findings_gate('critical', schemas => '{shop}');
\set VERBOSITY sqlstate
select deal_advisor.findings_gate('low', schemas => '{shop}');
select deal_advisor.findings_gate('critical', schemas => '{shop}', options => '{"skipped": "fail", "min_stats_age": "1000 years"}');

-- Bad input.
select * from deal_advisor.findings(areas => '{moon}');
select * from deal_advisor.findings(schemas => '{nowhere}');
select * from deal_advisor.findings(schemas => '{pg_catalog}');
select * from deal_advisor.findings(options => '{"colour": "red"}');
select * from deal_advisor.findings(options => '[]');
select * from deal_advisor.findings(options => '{"checks": ["IDX-999"]}');
select * from deal_advisor.findings(options => '{"min_stats_age": "soon"}');
select * from deal_advisor.findings(options => '{"min_stats_age": 3}');
select * from deal_advisor.findings(areas => array[null]);
select deal_advisor.findings_gate(null);
select deal_advisor.findings_accept('0', 'no such');
select deal_advisor.findings_accept(:'key', '  ');
select deal_advisor.findings_accept(:'key', 'late', now() - interval '1 day');
select deal_advisor.findings_reopen(:'key');
call deal_advisor.findings_apply(array['0']);
select fingerprint as key from public.found where object like 'orders_buyer_id_fkey%' \gset
begin;
call deal_advisor.findings_apply(array[:'key']);
rollback;
begin read only;
select deal_advisor.findings_accept(:'key', 'cannot be written');
rollback;
\set VERBOSITY terse
select * from deal_advisor.findings(areas => '{moon}');

drop table public.found;
drop procedure public.verify_all(int);
drop schema shop, "Back Office" cascade;
