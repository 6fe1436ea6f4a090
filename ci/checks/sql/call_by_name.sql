-- Every function can be called with all its arguments by name, unquoted, and every column it returns can be selected by
-- its unquoted name. The calls are parsed and analysed (as the body of an SQL function), never executed.
begin;
select no_plan();

create temp view callable as
select p.oid, p.prokind, p.proretset, p.oid::regprocedure::text as signature, p.proargnames, p.proargmodes,
  -- Whoever calls it says what it returns.
  p.prorettype = 'record'::regtype and p.proallargtypes is null as needs_columns,
  coalesce(p.proallargtypes, p.proargtypes::oid[]) as types, p.provariadic, p.pronargs, p.proname
from pg_catalog.pg_depend d
join pg_catalog.pg_extension e on e.oid = d.refobjid and e.extname = 'deal_advisor'
join pg_catalog.pg_proc p on p.oid = d.objid
where d.classid = 'pg_catalog.pg_proc'::regclass and d.refclassid = 'pg_catalog.pg_extension'::regclass
  and d.deptype = 'e' and p.prokind in ('f', 'p', 'w')
  and p.prorettype <> all ('{trigger,event_trigger,internal,language_handler,fdw_handler,index_am_handler}'::regtype[])
  and 'internal'::regtype <> all (p.proargtypes::oid[])
  -- an operator's function is called by its operator
  and not exists (select from pg_catalog.pg_operator o where o.oprcode = p.oid)
  and not exists (select from pg_catalog.pg_type t where p.oid in (t.typinput, t.typoutput, t.typreceive, t.typsend));

create function pg_temp.arguments(f callable) returns text language sql as $$
  select coalesce(string_agg(
    case coalesce(f.proargmodes[a.i], 'i') when 'v' then 'variadic ' else '' end || coalesce(nullif(a.name, ''), 'unnamed_argument')
      || ' => null::' || case when t.typtype = 'p' then case when t.typname ~ '^any.*array$' then 'text[]' else 'text' end
                              else format_type(t.oid, null) end, ', ' order by a.i), '')
  from unnest(f.proargnames, f.types) with ordinality a (name, type, i)
  join pg_catalog.pg_type t on t.oid = a.type
  where coalesce(f.proargmodes[a.i], 'i') in ('i', 'b', 'v') or (f.prokind = 'p' and f.proargmodes[a.i] = 'o')
$$;

create function pg_temp.parses(statement text) returns text language plpgsql as $$
begin
  execute format('create function pg_temp.parsed() returns void language sql as %L', statement || '; select null::void');
  drop function pg_temp.parsed();
  return null;
exception when others then
  return sqlerrm || E'\n' || statement;
end
$$;

select is(pg_temp.parses(
  case f.prokind
    when 'p' then format('call deal_advisor.%s(%s)', f.proname, pg_temp.arguments(f))
    when 'w' then format('select deal_advisor.%s(%s) over ()', f.proname, pg_temp.arguments(f))
    else format('select * from deal_advisor.%s(%s)', f.proname, pg_temp.arguments(f)) || case when f.needs_columns then ' r (x int)' else '' end
  end), null, f.signature || ' can be called with all arguments by name')
from callable f order by f.signature;

-- Columns: of composite types, views and tables of the extension, and of functions that return a table.
create temp view named_column as
select c.oid::regclass::text as owner, a.attname::text as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'deal_advisor'
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('c', 'v', 'r', 'p', 'm')
union all
select f.signature, a.name
from callable f, unnest(f.proargnames, f.proargmodes) a (name, mode)
where a.mode in ('o', 'b', 't');

select is_empty(
  $$select c.owner, c.name from named_column c
    where not (c.name ~ '^[a-z_][a-z0-9_]*$')
       or exists (select from pg_catalog.pg_get_keywords() k where k.word = c.name and k.catcode in ('R', 'T'))
    order by 1, 2$$,
  'no column needs quotes');

select * from finish();
rollback;
