-- plpgsql_check finds nothing in the extension's PL/pgSQL functions. Trigger functions have no table to be checked against
-- here; their tests run them.
begin;
select no_plan();

select pass('plpgsql_check is here');

select is(
  (select string_agg(format('%s (line %s): %s', c.level, c.lineno, c.message), E'\n' order by c.lineno)
   from plpgsql_check_function_tb(p.oid::regprocedure, fatal_errors => false, security_warnings => true) c
   where c.level <> 'performance'),
  null, p.oid::regprocedure::text)
from pg_catalog.pg_depend d
join pg_catalog.pg_extension e on e.oid = d.refobjid and e.extname = 'deal_advisor'
join pg_catalog.pg_proc p on p.oid = d.objid
join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
where d.classid = 'pg_catalog.pg_proc'::regclass and d.refclassid = 'pg_catalog.pg_extension'::regclass
  and d.deptype = 'e' and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
order by p.oid::regprocedure::text;

select * from finish();
rollback;
