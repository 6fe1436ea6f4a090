-- partition_advice: what it proposes, for whom, and what it leaves alone.
begin;
select no_plan();

create schema tap_large;
create role tap_reader;
create role tap_monitor;
grant pg_monitor to tap_monitor;
grant usage on schema tap_large to tap_reader;

-- A log in time order, a table by tenants, one without any order; all tiny, so the size is the option's.
create table tap_large.log (id bigint primary key, created_at timestamptz not null default now(), note text);
insert into tap_large.log select i, timestamptz '2025-01-01 00:00+00' + i * interval '1 hour', repeat('x', 80) from generate_series(1, 9000) i;
create table tap_large.mixed (id int primary key, at timestamptz, note text);
insert into tap_large.mixed select i, timestamptz '2025-01-01 00:00+00' + i * 7919 % 9000 * interval '1 hour', repeat('x', 80) from generate_series(1, 9000) i;
create table tap_large.parts (at date not null) partition by range (at);
create table tap_large.parts_1 partition of tap_large.parts for values from ('2025-01-01') to ('2026-01-01');
insert into tap_large.parts select date '2025-01-01' + i % 300 from generate_series(1, 9000) i;
analyze;
create function pg_temp.advised(more jsonb default '{}') returns setof deal_advisor.partition_advice_row language sql as
  $$select * from deal_advisor.partition_advice('{tap_large}', '{"min_bytes": "100 kB", "workload": false}'::jsonb || more)$$;

select is_empty($$select * from deal_advisor.partition_advice('{tap_large}')$$, 'tables of some kilobytes are fine as they are');
select results_eq('select relation, strategy, key_column from pg_temp.advised()', $$values ('tap_large.log', 'range', 'created_at')$$,
  'of those over min_bytes the one in time order is proposed, partitions and the unordered one are not');
select is((select step from pg_temp.advised()), '1 year', 'a year of a megabyte needs no finer step');
select is((select ddl from pg_temp.advised()), array[
  $$SELECT * FROM deal_advisor.partition_convert_plan('tap_large.log', 'created_at', '1 year')$$,
  $$CALL deal_advisor.partition_convert('tap_large.log', 'created_at', '1 year')$$], 'with the statements');
select ok((select 'log_pkey (id) lacks the column: over all partitions only (id, created_at) can be unique, (id) in each partition.' = any (costs)
  from pg_temp.advised()), 'the primary key is named as a cost');
select is((select blockers from pg_temp.advised()), null, 'nothing is in the way');
select is_empty($$select 1 from pg_temp.advised() where rank is null or why is null or benefits is null or costs is null
  or confidence not between 0 and 1 or table_bytes < 100 * 1024 or partitions < 1$$, 'a proposal is complete');
select is_empty($$select e.key from pg_temp.advised() a, jsonb_each(a.evidence) e where not e.value ? 'value' or not e.value ? 'source'$$,
  'every fact has a value and a source');
create table tap_large.clicks (log_id bigint references tap_large.log);
select is((select blockers[1] ~ 'clicks_log_id_fkey of tap_large.clicks' from pg_temp.advised()), true, 'a foreign key that refers to it is in the way');
drop table tap_large.clicks;

-- Rights: without SELECT no statistics of the columns.
set local role tap_reader;
select is((select evidence ? 'correlation' from pg_temp.advised()), null, 'a role that may not read the table hears nothing of its order');
reset role;
grant select on tap_large.log to tap_reader;
set local role tap_reader;
select is((select key_column from pg_temp.advised()), 'created_at', 'one that may read it does');
select throws_ok($$select * from deal_advisor.partition_advice('{nowhere}')$$, '3F000', null, 'an unknown schema is refused');
reset role;

-- What the workload says of it.
create function pg_temp.workload() returns setof text language plpgsql as $$
begin
  if not exists (select from pg_settings where name = 'pg_stat_statements.max') then
    return next skip('pg_stat_statements is not loaded', 4);
    return;
  end if;
  create extension if not exists pg_stat_statements;
  perform pg_stat_statements_reset();
  set local pg_stat_statements.track = 'all';
  for day in 1..4 loop
    execute format('delete from tap_large.log where created_at < %L', timestamptz '2025-01-01 00:00+00' + day * interval '1 day');
    execute format('select count(*) from tap_large.log where created_at >= %L', timestamptz '2025-12-01 00:00+00' + day * interval '1 day');
  end loop;
  set local pg_stat_statements.track = 'none';
  return next ok((select why ~ 'old rows are deleted by it [(]4 calls' from pg_temp.advised('{"workload": true}')), 'DELETEs of old rows are seen');
  return next ok((select deleted_pct between 1 and 99 from pg_temp.advised('{"workload": true}')), 'with their share of the time');
  return next ok((select pruned_pct > deleted_pct from pg_temp.advised('{"workload": true}')), 'and the filters by range');
  return next ok((select b.confidence > a.confidence from pg_temp.advised() a, pg_temp.advised('{"workload": true}') b), 'all of which makes it surer');
end $$;
select * from pg_temp.workload();

select throws_ok($$select * from deal_advisor.partition_advice(options => '{"min_bytes": "much"}')$$, '22023', null, 'a size that is none is refused');
select throws_ok($$select * from deal_advisor.partition_advice(options => '{"min_size": 1}')$$, '22023', null, 'so is an unknown option');
set local transaction_read_only = on;
set local role tap_monitor;
select lives_ok($$select * from deal_advisor.partition_advice(options => '{"min_bytes": "100 kB"}')$$, 'it works read-only and for pg_monitor');
reset role;

select * from finish();
rollback;
