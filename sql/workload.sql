-- The workload from arguments and tables; what can and cannot be planned; errors.
\set VERBOSITY terse
set client_min_messages = warning;
create schema shop;
create table shop.product (id int primary key, name text, price numeric, added date, tags text[]);
create table shop.seen (query text, calls int, total_exec_time float8, queryid bigint);
insert into shop.seen values
  ('select * from shop.product where id = $1', 100, 50, 1),
  ('select * from shop.product where name = $1', 10, 500, 2),
  ('select * from shop.product where name = $1', 30, 100, 2),
  ('select 1', 1000, 10, 3),
  ('select * from pg_class where relname = $1', 5, 5, 4),
  ('with product as (select 1 as id) select * from product', 5, 5, 5),
  ('with product as (select * from shop.product) select * from product', 1, 1, 6),
  ('vacuum shop.product', 5, 5, 7),
  ('explain analyze select * from shop.product', 5, 5, 12),
  ('prepare p (int) as select * from shop.product where id = $1', 2, 2, 8),
  ('declare c cursor for select * from shop.product', 3, 3, 9),
  ('not sql at all', 1, 0.5, 10),
  (null, 1, 1, 11);

-- a table, most time first; a row without a role is the owner's
select query, calls, mean_ms, role = current_user as mine, search_path, source, query_id from deal_advisor.workload('shop.seen');
select query, calls from deal_advisor.workload('shop.seen', options => '{"min_calls": 2, "limit": 2}');
select query from deal_advisor.workload('shop.seen', options => '{"include_utility": true}') where query like 'vacuum%' or query like 'explain%' order by 1;
select query from deal_advisor.workload('shop.seen', options => '{"include_system": true, "min_calls": 5}') order by query;
select count(*) from deal_advisor.workload('shop.seen', options => '{"roles": ["nobody"], "include_system": true}');

begin;
select count(*) from deal_advisor.workload_status('shop.seen');
select count(*) as locks_left from pg_locks where pid = pg_backend_pid() and relation::regclass::text like 'shop.%';
commit;

-- an array: defaults for what is missing; the same text has the same id
select calls, mean_ms, role, search_path, source, query_id = lead(query_id) over () as same_id
from deal_advisor.workload(statements => array[
  row('select * from shop.product', null, null, null, null, null, null),
  row('select * from shop.product', 3, 1.5, null, null, 'mine', null)]::deal_advisor.statement[]);

-- what is planned, what is not, and why
select query_id, status, reason, round(share_of_time::numeric, 4) as share from deal_advisor.workload_status('shop.seen');
select query, status, reason from deal_advisor.workload_status(statements => array(
  select row(q, 1, 1, null, null, null, null)::deal_advisor.statement from unnest(array[
    'select * from shop.product where added > date $1 - interval $2 day',
    'select extract($1 from added), count(*) from shop.product group by extract(year from added)',
    'select * from shop.product where id in ($1 /*, ... */) and name not in ($2 /*, ... */)',
    'select * from shop.product p join (values ($1, $2), ($3, $4)) v (id, name) on v.id = p.id',
    'select jsonb_build_object($1, id), $2 + $3 from shop.product',
    'insert into shop.product (id, name) values ($1, $2) on conflict (id) where id > $3 do update set name = $4 returning id',
    'select * from shop.missing where id = $1',
    'select id + $1::date + $2::text from shop.product',
    'select 1 from shop.product; select 2 from shop.product',
    'explain select * from shop.product',
    'create table shop.copied as select * from shop.product',
    'copy (select id from shop.product) to stdout',
    'delete from shop.product where id = $1;',
    'vacuum',
    '<insufficient privilege>']) q));

-- errors
select deal_advisor.workload('shop.product');
select deal_advisor.workload('shop.seen', array[]::deal_advisor.statement[]);
select deal_advisor.workload(statements => array[row(null, 1, 1, null, null, null, null)]::deal_advisor.statement[]);
select deal_advisor.workload(statements => array[row('select', -1, 1, null, null, null, null)]::deal_advisor.statement[]);
select deal_advisor.workload(statements => array[row('select', 1, 'NaN', null, null, null, null)]::deal_advisor.statement[]);
select deal_advisor.workload(options => '{"limits": 1}');
select deal_advisor.workload(options => '{"limit": "many"}');
select deal_advisor.workload(options => '[]');
delete from shop.seen;
select deal_advisor.workload('shop.seen');
do $$
declare
  state text;
  hint text;
begin
  perform deal_advisor.workload();
exception when others then
  get stacked diagnostics state = returned_sqlstate, hint = pg_exception_hint;
  raise warning '% %', state, hint like '%query => %' and hint like '%CREATE EXTENSION pg_stat_statements%';
end $$;
drop schema shop cascade;
