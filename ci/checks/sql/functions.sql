-- Functions: where they resolve names, and in which schema they live.
begin;
select plan(4);

create temp view member_function as
select p.*, l.lanname, p.oid::regprocedure::text as signature
from pg_catalog.pg_depend d
join pg_catalog.pg_extension e on e.oid = d.refobjid and e.extname = 'deal_advisor'
join pg_catalog.pg_proc p on p.oid = d.objid
join pg_catalog.pg_language l on l.oid = p.prolang
where d.classid = 'pg_catalog.pg_proc'::regclass and d.refclassid = 'pg_catalog.pg_extension'::regclass
  and d.deptype = 'e';

select isnt_empty('select 1 from member_function', 'the extension has functions');

-- A procedure with a SET clause can't commit, and a function with a parsed body (begin atomic) resolved its names when
-- it was made.
select is_empty(
  $$select signature, lanname from member_function f
    where lanname <> 'c' and lanname <> 'internal' and prosqlbody is null
      and not (prokind = 'p' and prosrc ~* '\m(commit|rollback)\M')
      and not exists (select from unnest(proconfig) c
                      where c ~ '^search_path=pg_catalog, *deal_advisor, *(pg_temp|"pg_temp")$'
                         or c = 'search_path=""')
    order by 1$$,
  'every SQL and PL/pgSQL function has search_path = pg_catalog, deal_advisor, pg_temp');

select is_empty(
  $$select pg_catalog.pg_describe_object(d.classid, d.objid, 0)
    from pg_catalog.pg_depend d
    join pg_catalog.pg_extension e on e.oid = d.refobjid and e.extname = 'deal_advisor',
      pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
    where d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'
      and i.schema is distinct from 'deal_advisor' and i.schema is not null$$,
  'no object of the extension lives outside its schema');

select is_empty(
  $$select signature from member_function where prosecdef and has_function_privilege('public', oid, 'execute')$$,
  'PUBLIC can execute no function that acts with its owner''s rights');

select * from finish();
rollback;
