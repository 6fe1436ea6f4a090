-- Every object of the extension has a comment; a function's comment shows an example.
begin;
select plan(2);

create temp view member as
select d.classid, d.objid, pg_catalog.pg_describe_object(d.classid, d.objid, 0) as object
from pg_catalog.pg_depend d
join pg_catalog.pg_extension e on e.oid = d.refobjid and e.extname = 'deal_advisor'
where d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'
  -- from PostgreSQL 17 on the types that come along with another object are members too: a type's array type, a
  -- table's row type
  and not exists (select from pg_catalog.pg_type t left join pg_catalog.pg_class c on c.oid = t.typrelid
                  where d.classid = 'pg_catalog.pg_type'::regclass and t.oid = d.objid
                    and (t.typcategory = 'A' or c.relkind <> 'c'))
  -- a sequence behind a serial or identity column is described by its table
  and not exists (select from pg_catalog.pg_depend o
                  where o.classid = 'pg_catalog.pg_class'::regclass and d.classid = o.classid and o.objid = d.objid
                    and o.deptype in ('a', 'i') and o.refobjsubid > 0);

select is_empty(
  $$select object from member m
    where coalesce(pg_catalog.obj_description(m.objid, m.classid::regclass::name), '') = '' order by 1$$,
  'every object of the extension has a comment');

select is_empty(
  $$select m.object from member m join pg_catalog.pg_proc p on p.oid = m.objid
    where m.classid = 'pg_catalog.pg_proc'::regclass
      and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
      and pg_catalog.obj_description(p.oid, 'pg_proc') !~* '\m(example|select|call)\M' order by 1$$,
  'the comment of every function shows how it is called');

select * from finish();
rollback;
