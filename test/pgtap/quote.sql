-- Names in what the advisors hand out: quoted wherever this server would quote them, for every keyword and for names that need it
-- for other reasons. A name that only another major reserves may be quoted too, so that the text reads there as well; none is
-- quoted less than here.
begin;
select no_plan();

create table names (name text primary key);
insert into names select word from pg_get_keywords();
insert into names values ('Mixed'), ('with space'), ('quo"te'), ('"'), ('""'), ('naïve'), ('Größe'), ('1st'), ('$1'), ('dollar$'), ('back\slash'),
  ('a''b'), ('a.b'), ('a--b'), ('/*c*/'), ('semi;colon'), (E'tab\t'), (E'line\nfeed'), (' before'), ('after '), ('%I'), ('%s'), ('_plain1'), ('ａ'),
  (repeat('ü', 31)), (repeat('x', 63)), ('naïve "; drop table t; --');
-- reserved by some major, perhaps not by this one
insert into names values ('json'), ('json_array'), ('json_arrayagg'), ('json_exists'), ('json_object'), ('json_objectagg'), ('json_query'),
  ('json_scalar'), ('json_serialize'), ('json_table'), ('json_value'), ('merge_action'), ('system_user'), ('normalize'), ('xmltable')
  on conflict do nothing;

create schema "from";
create table "from".parent (id int primary key);
do $$
declare n text;
begin
  for n in select name from names loop
    execute format('create table "from".%1$I (id int primary key, %1$I int constraint %1$I references "from".parent) with (autovacuum_enabled = off)', n);
  end loop;
end $$;

create temp table found as select * from deal_advisor.findings_detail(schemas => '{from}') where check_id = 'SCH-003';
select is((select count(*) from found), (select count(*) from names), 'one finding for each name');

-- The names as the text has them, beside the server's
create function pg_temp.always(name text) returns text language sql as $$select '"' || replace(name, '"', '""') || '"'$$;
create temp table quoted as
select n.name, f.object, f.fix, f.rollback, f.verify from names n left join found f
  on f.object in (format('%1$I on "from".%1$I', n.name), format('%1$s on "from".%1$s', pg_temp.always(n.name)));
select is_empty('select name from quoted where object is null', 'each name stands as the server quotes it, or in quotes though it need not');
select is_empty($$select name from quoted where object <> format('%1$I on "from".%1$I', name)
  and name not in (select name from names where name ~ '^(json|merge_action|system_user|normalize|xmltable)')$$,
  'quotes that this server does not want are there for the sake of another major only');
select is_empty($$select name from quoted where not coalesce(object = format('%1$s on "from".%1$s', pg_temp.always(name)), false)
  and name in (select word from pg_get_keywords() where catcode <> 'U')$$, 'no keyword of this server stands bare');

-- The statements run
do $$
declare
  statement text;
begin
  for statement in select unnest(fix) from quoted loop
    execute replace(statement, ' CONCURRENTLY ', ' ');
  end loop;
end $$;
select is((select count(*) from deal_advisor.findings_detail(schemas => '{from}') where check_id = 'SCH-003'), 0::bigint, 'every fix runs, and helps');
do $$
declare
  q record;
  open bigint;
begin
  for q in select name, verify from quoted loop
    execute 'select count(*) from (' || q.verify || ') v' into open;
    if open > 0 then raise exception 'not fixed by its own verification: %', q.name; end if;
  end loop;
end $$;
select pass('every verification runs and finds nothing left');
do $$
declare
  statement text;
begin
  for statement in select unnest(rollback) from quoted loop
    execute replace(statement, ' CONCURRENTLY ', ' ');
  end loop;
end $$;
select is((select count(*) from deal_advisor.findings_detail(schemas => '{from}') where check_id = 'SCH-003'), (select count(*) from names), 'every rollback runs, and takes it back');

-- Index advice: a table and column of each category, and the names that are no words
create temp table picked as
select name from names where name in ('abort', 'between', 'left', 'select', 'json_table', 'merge_action', 'system_user')
  or name not in (select word from pg_get_keywords()) and name !~ '^json';
do $$
declare n text;
begin
  for n in select name from picked loop
    execute format('alter table "from".%1$I drop constraint %1$I', n);
    execute format('insert into "from".%1$I select i, i * 7919 %% 1000 from generate_series(1, 3000::bigint) i', n);
    execute format('analyze "from".%I', n);
  end loop;
end $$;
create temp table advised as
select s.name, a.* from picked s left join lateral deal_advisor.index_advice(format('select * from "from".%1$I where %1$I = $1', s.name),
  options => '{"min_table_pages": 0}') a on true;
select is_empty($$select name, action from advised where action is distinct from 'create'$$, 'each is advised an index');
select is_empty($$select name, relation from advised where relation not in (format('"from".%I', name), '"from".' || pg_temp.always(name))$$, 'relations are quoted');
do $$
declare
  statement text;
begin
  for statement in select unnest(ddl) from advised loop
    execute replace(statement, ' concurrently ', ' ');
  end loop;
end $$;
select is((select count(*) from pg_index i where indrelid in (select format('"from".%I', name)::regclass from picked) and not indisprimary
  and indkey::text = '2'), (select count(*) from picked), 'every statement runs and makes the index on the column meant');
do $$
declare
  statement text;
begin
  for statement in select unnest(rollback) from advised loop
    execute replace(statement, ' concurrently ', ' ');
  end loop;
end $$;
select is((select count(*) from pg_index i where indrelid in (select format('"from".%I', name)::regclass from picked) and not indisprimary),
  0::bigint, 'and every rollback takes it away');

select * from finish();
rollback;
