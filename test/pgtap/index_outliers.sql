-- Block ranges stretched by a few late rows: index_advice keeps several ranges in each, which really reads less.
\set ON_ERROR_STOP 1
\set QUIET 1
set client_min_messages = warning;
drop schema if exists late cascade;
create schema late;
-- 1.5 % of the rows were stored late; the rest lie in the order of time.
create table late.mixed as
select i as id, timestamptz '2025-01-01 00:00+00' + case when i % 67 = 0 then i * 7919::bigint % 300000 else i end * interval '1 minute' as seen, repeat('x', 60) as pad
from generate_series(1, 300000) i;
create table late.ordered as select i as id, timestamptz '2025-01-01 00:00+00' + i * interval '1 minute' as seen, repeat('x', 60) as pad from generate_series(1, 300000) i;
create table late.named as select id, seen, chr(65 + id * 26 / 300001) || id as name, pad from late.ordered;
vacuum (analyze) late.mixed, late.ordered, late.named;
create function late.advised(tab text) returns text language sql as $$
  select regexp_replace(ddl[1], '^.* using ', '') from deal_advisor.index_advice(
    format('select count(*) from %s where seen >= ''2025-03-01 00:00+00'' and seen < ''2025-03-02 00:00+00''', tab), access_methods => '{brin}') where rank = 1$$;
create function late.blocks_read(tab text) returns bigint language plpgsql as $$
declare
  plan json;
begin
  execute format('explain (analyze, buffers, format json) select count(*) from %s where seen >= ''2025-03-01 00:00+00'' and seen < ''2025-03-02 00:00+00''', tab) into plan;
  return (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end$$;

begin;
set local enable_seqscan = off;
set local max_parallel_workers_per_gather = 0;
select plan(5);
select is(late.advised('late.mixed'), 'brin (seen timestamptz_minmax_multi_ops) with (pages_per_range = 4)', 'late rows are kept apart');
select is(late.advised('late.ordered'), 'brin (seen) with (pages_per_range = 4)', 'without any the default is smaller');
create index multi on late.mixed using brin (seen timestamptz_minmax_multi_ops) with (pages_per_range = 4);
create temp table read as select late.blocks_read('late.mixed') as multi, 0::bigint as plain;
drop index late.multi;
create index plain on late.mixed using brin (seen) with (pages_per_range = 4);
update read set plain = late.blocks_read('late.mixed');
select ok(plain > 3 * multi, format('built, the one advised reads %s blocks, the other %s', multi, plain)) from read;
select ok(deal_advisor.index_size('create index on late.mixed using brin (seen timestamptz_minmax_multi_ops) with (pages_per_range = 4)') < 2 * 1024 * 1024, 'and is small');
select is((select regexp_replace(ddl[1], '^.* using ', '') from deal_advisor.index_advice('select count(*) from late.named where name >= ''C'' and name < ''D''', access_methods => '{brin}') where rank = 1),
  'brin (name) with (pages_per_range = 4)', 'a type without such a class');
select * from finish();
rollback;
drop schema late cascade;
