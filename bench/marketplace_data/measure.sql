-- How bench/marketplace_bars measures inside of the server: no client, no EXPLAIN, each statement planned anew, whole rows read.
\set ON_ERROR_STOP on
create schema if not exists bench;
grant usage on schema bench to marketplace_bench_app;
-- What one run of a statement takes, and the column id of its rows.
create function bench.once(statement text, out ms float8, out ids bigint[]) language plpgsql as $$
declare
  start timestamptz;
  size bigint;
begin
  start := clock_timestamp();
  execute 'select array_agg(q.id), sum(length(q::text)) from (' || statement || ') q' into ids, size;
  ms := 1000 * extract(epoch from clock_timestamp() - start);
end $$;
-- From here on the session is the application's, acting for a user; after stop() it is what it was.
create function bench.act(tenant bigint, me bigint) returns void language sql as $$
  select set_config('marketplace.tenant_id', tenant::text, true), set_config('marketplace.user_id', coalesce(me::text, ''), true),
         set_config('role', 'marketplace_bench_app', true);
$$;
create function bench.stop() returns void language sql as $$ select set_config('role', 'none', true) $$;

create table bench.query (kind text, tenant bigint, ours text, by_hand text);
create table bench.race (kind text, tenant bigint, ours_ms float8, by_hand_ms float8, found int, same boolean);
-- Runs both statements of each query by turns, RUNS times, and keeps the least of each: ours as the application, the other one without row security.
create procedure bench.run_races(runs int) language plpgsql as $$
declare
  query bench.query;
  ours record;
  by_hand record;
  least_ours float8;
  least_by_hand float8;
begin
  load 'pg_trgm'; -- so that its setting is known
  for query in select * from bench.query loop
    least_ours := 'infinity';
    least_by_hand := 'infinity';
    for i in 0 .. runs loop
      perform bench.act(query.tenant, null);
      select * into ours from bench.once(query.ours);
      perform bench.stop();
      perform set_config('pg_trgm.word_similarity_threshold', '0.3', true);
      select * into by_hand from bench.once(query.by_hand);
      -- The first time warms up.
      if i > 0 then
        least_ours := least(least_ours, ours.ms);
        least_by_hand := least(least_by_hand, by_hand.ms);
      end if;
    end loop;
    insert into bench.race values (query.kind, query.tenant, least_ours, least_by_hand, coalesce(cardinality(ours.ids), 0), ours.ids is not distinct from by_hand.ids);
    commit;
  end loop;
end $$;

create table bench.timing (kind text, ms float8, found int);
-- Milliseconds of one statement as the application, for a user: the least of RUNS.
create function bench.time(kind text, tenant bigint, me bigint, statement text, runs int) returns void language plpgsql as $$
declare
  run record;
  least_ms float8 := 'infinity';
begin
  for i in 0 .. runs loop
    perform bench.act(tenant, me);
    select * into run from bench.once(statement);
    perform bench.stop();
    least_ms := case i when 0 then least_ms else least(least_ms, run.ms) end;
  end loop;
  insert into bench.timing values (kind, least_ms, coalesce(cardinality(run.ids), 0));
end $$;
