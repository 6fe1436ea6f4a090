-- The extension, the application's role, and what the demo writes down about its runs.
create extension pg_stat_statements;
create extension deal_advisor;

create role shop_app login;
grant usage on schema shop to shop_app;
grant select, insert, update on all tables in schema shop to shop_app;

create schema demo;
create table demo.measured (
  run text not null,
  query_id text not null,
  name text not null,
  query text not null,
  calls bigint not null,
  mean_ms float8 not null,
  cost float8,  -- the planner's, of the generic plan, with the indexes of the run
  primary key (run, query_id)
);
create table demo.runs (run text primary key, cpu_seconds float8 not null, index_bytes bigint not null);

-- Every statement of the demo carries its name in a comment.
create function demo.name_of(query text) returns text language sql immutable return
  coalesce(substring(query from '/\* (\w+) \*/'), left(query, 24));

create function demo.more(bytes numeric) returns text language sql immutable return
  pg_size_pretty(abs(bytes)) || case when bytes > 0 then ' more' else ' fewer' end;

-- What the planner itself says of a normalised statement, without the advisor: a check on what the advisor predicts.
create function demo.generic_cost(query text) returns float8 language plpgsql
  set plan_cache_mode = force_generic_plan as $$
declare
  plan json;
  arguments text;
begin
  execute 'prepare demo_statement as ' || regexp_replace(query, '\minterval (\$\d+)', '\1::interval', 'g');
  select coalesce('(' || string_agg('null', ', ') || ')', '') into arguments
    from pg_catalog.pg_prepared_statements as p, unnest(p.parameter_types) as t
   where p.name = 'demo_statement';
  execute 'explain (format json) execute demo_statement' || arguments into plan;
  deallocate demo_statement;
  return (plan #>> '{0,Plan,Total Cost}')::float8;
end $$;
