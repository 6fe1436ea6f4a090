-- plpgsql_check finds nothing in the extension's PL/pgSQL functions, nor in a marketplace's. Trigger functions have no table to be checked against
-- here; their tests run them.
begin;
select no_plan();

select pass('plpgsql_check is here');
set local client_min_messages = warning;
create extension if not exists pgcrypto;
select deal_advisor.marketplace_install('market') \g /dev/null

select is(
  (select string_agg(format('%s (line %s): %s', c.level, c.lineno, c.message), E'\n' order by c.lineno)
   from plpgsql_check_function_tb(p.oid::regprocedure, fatal_errors => false, security_warnings => true) c
   -- search_products returns what a statement gives that is put together of quoted literals; its tests try to break out. Exports and
   -- erasures run statements that their parts have put together of quoted names.
   -- clock_timestamp() and settings of the transaction, which newer ones warn of in stable functions, are meant.
   where c.level <> 'performance' and c.message <> 'routine is marked as STABLE, but expression is VOLATILE' and not (p.proname = 'search_products' and (c.level = 'security' or c.message like 'OUT variable%'))
     and not (p.proname in ('export_user', 'erase_user', 'erase_what_they_wrote') and c.level = 'security')),
  null, p.oid::regprocedure::text)
from pg_catalog.pg_proc p
join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
where p.pronamespace in ('deal_advisor'::regnamespace, 'market'::regnamespace)
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
order by p.oid::regprocedure::text;

select * from finish();
rollback;
