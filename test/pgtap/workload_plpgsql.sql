-- Statements of PL/pgSQL stand in pg_stat_statements with the names of variables: these are parameters. And advice that is
-- asked for inside PL/pgSQL is the same as elsewhere.
\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only true
\pset pager off
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
create extension if not exists deal_advisor;
select plan(30);

create schema named;
create table named.listing (id bigint primary key, tenant_id bigint not null, seller text, price int, score real, words tsvector, seen timestamptz);
create table named.visit (listing_id bigint, who text, at timestamptz);
create table named.many (id bigint primary key, tenant_id bigint, price int);
insert into named.many select g, g, g from generate_series(1, 20000) g;
analyze named.many;
create table named.statement (query text, toplevel bool);

-- What becomes of one statement: nothing assumed is ''.
create function pg_temp.reason(query text) returns text language sql as $$
select s.status || coalesce(': ' || s.reason, '') from deal_advisor.workload_status(statements => array[row(query, 1, 1, null, null, null, null)::deal_advisor.statement]) s $$;
create function pg_temp.variables(query text) returns text language sql as $$
select substring(pg_temp.reason(query) from '^planned: no columns, taken for variables of PL/pgSQL: ([^;]*)') $$;

select is(pg_temp.variables('select price from named.listing l where l.tenant_id = tenant'), 'tenant', 'a name that is no column is a variable');
select is(pg_temp.variables('select price from named.listing l where l.tenant_id = who.tenant'), 'who.tenant', 'a field of a record that is no table is a variable');
select is(pg_temp.variables('select price from named.listing l where l.tenant_id = tenant and l.id = any (listings)'), 'listings, tenant', 'all are told, in order');
select is(pg_temp.variables('select price from named.listing l where l.id = any (listings)'), 'listings', 'the context gives an array its type');
select is(pg_temp.variables('select tenant from named.listing l where l.tenant_id = tenant and l.id = $1'), 'tenant', 'variables and constants stand side by side');
select is(pg_temp.variables('update named.listing l set price = new_price where l.id = listing'), 'listing, new_price', 'an UPDATE has variables');
select is(pg_temp.variables('insert into named.visit (listing_id, who, at) values (listing, visitor, moment)'), 'listing, moment, visitor', 'an INSERT has variables');
select is(pg_temp.variables('select l.id from named.listing l where exists (select from named.visit v where v.listing_id = l.id and v.at > since)'), 'since', 'a subquery has variables');
select is(pg_temp.variables('select l.score + $1 + least(price, bound) from named.listing l where l.tenant_id = tenant'), 'bound, tenant', 'variables after a constant of unknown type are found');
select is(pg_temp.reason('select who from named.visit where at > $1'), 'planned', 'a column is none');
select is(pg_temp.variables('select l.id from named.listing l where who = l.seller and exists (select from named.visit where who = l.seller)'), 'who', 'a column where it is in scope, a variable where it is not');
select is(pg_temp.reason('select l.id from named.listing l where l.gone = 1'), 'skipped: column l.gone does not exist', 'a column that a table lacks is an error');
select is(pg_temp.reason('insert into named.visit (gone) values (1)'), 'skipped: column "gone" of relation "visit" does not exist', 'so is one that is assigned to');
select is(pg_temp.reason('select who.* from named.visit'), 'skipped: missing FROM-clause entry for table "who"', 'so is a record as a whole');
select is(pg_temp.reason('select price from named.listing l where l.words = tenant and l.id + l.words > 1'), 'skipped: column "tenant" does not exist', 'where variables don''t help the error about the name stays');
select is(pg_temp.variables('exists (select from named.listing l where l.tenant_id = tenant)'), 'tenant', 'an expression of PL/pgSQL is planned');
select is(pg_temp.variables('total := (select sum(l.price) from named.listing l where l.tenant_id = tenant)'), 'tenant', 'an assignment of PL/pgSQL is planned');
select is(pg_temp.variables('who.total := (select sum(l.price) from named.listing l where l.tenant_id = tenant)'), 'tenant', 'an assignment to a field is planned');
select is(pg_temp.reason('selct id from named.listing where id = 1'), 'planned: no columns, taken for variables of PL/pgSQL: selct', 'what may be an expression is one, and says so');
select is(pg_temp.reason('select * form named.listing'), 'skipped: syntax error at or near "form"', 'else the error is about the statement');

insert into named.statement values ('select price from named.listing l where l.tenant_id = tenant', true), ('select price from named.listing l where l.tenant_id = owner', false),
  ('select price from named.listing l where l.tenant_id = both', false), ('select price from named.listing l where l.tenant_id = both', true);
select results_eq($$select substring(query from '\w+$'), status from deal_advisor.workload_status('named.statement') order by 1$$,
  $$values ('both', 'skipped'), ('owner', 'planned'), ('tenant', 'skipped')$$, 'a statement that a client sent has no variables');
select throws_ok($$select deal_advisor.index_what_if('select price from named.listing where tenant_id = tenant', '{}')$$, '42703', 'column "tenant" does not exist', 'a query that is handed in has no variables');

-- Types that the text does not tell
select matches(pg_temp.reason('select l.score * $1 + case when l.seller = $2 then $3 else $4 end from named.listing l where $5 is null or l.words @@ $5'), '^planned', 'a type that is told later in the text is taken');

select is(pg_temp.variables('select u.id from unnest(listings, times) u (id, at) join named.listing l on l.id = u.id'), 'listings, times', 'unnest() of several variables is planned');
select is(pg_temp.variables('select u.id from unnest(listings, times) u (id, at) join named.listing l on l.id = u.id and l.seen = u.at'), 'listings, times', 'arrays have the types of what they are compared with');
select is((select max((a.stats ->> 'with_variables')::int) from deal_advisor.index_advice(workload => array[row('select price from named.many m where m.tenant_id = tenant', 1000, 1, null, null, null, null)::deal_advisor.statement]) a), 1, 'index_advice tells of statements with variables');

-- Inside PL/pgSQL
create table named.inside (query text, outside text, inside text);
insert into named.inside (query, outside) select q, pg_temp.reason(q) from unnest(array['select id from named.listing where seen > now() - interval $1', 'select id + $1 + $2 from named.listing',
  'select price from named.listing l where l.tenant_id = tenant']) q;
do $$
declare
  item record;
begin
  for item in select i.query from named.inside i loop
    update named.inside i set inside = pg_temp.reason(item.query) where i.query = item.query;
  end loop;
end $$;
select is(i.inside, i.outside, 'a DO block gives the same: ' || i.query) from named.inside i order by i.query;
create function named.position_of_error() returns text language plpgsql as $$
begin
  perform deal_advisor.index_what_if('select gone from named.listing', '{}');
  return null;
exception when others then
  return sqlerrm;
end $$;
select is(named.position_of_error(), 'column "gone" does not exist', 'an error of a query that a function hands in comes as it is');
select * from finish();
rollback;
