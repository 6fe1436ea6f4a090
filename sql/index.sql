-- What index_size, index_what_if and index_advice answer and refuse, without figures that vary.
\set VERBOSITY default
create schema ix;
create table ix.t (a int not null, b text, c int generated always as (a + 1) stored);
insert into ix.t select i, 'b' || i % 100 from generate_series(1, 5000) i;
create view ix.v as select * from ix.t;
create table ix.parted (id int, at date) partition by range (at);
create materialized view ix.m as select a from ix.t;
analyze ix.t;

-- One row, named columns, the same in FROM and in the select list
select cost_before > cost_after as cheaper, benefit_pct > 50 as much, used_indexes,
  plan_before ~ '^Seq Scan on t' as before, plan_after ~ 'Index Scan using ix on t' as after
from deal_advisor.index_what_if(query => 'select * from ix.t where a = 5', indexes => array['create index ix on ix.t (a)'], hide => '{}');
select (deal_advisor.index_what_if('select * from ix.t where a = 5', '{create unique index ix on ix.t (a)}')).used_indexes;
-- Names: quoted as written, made up where there are none
select used_indexes from deal_advisor.index_what_if('select * from ix.t where a = 5', array['create index "An Index" on ix.t (a)']);
select used_indexes[1] ~ '^<hypothetical \d+>$' as made_up from deal_advisor.index_what_if('select * from ix.t where a = 5', '{create index on ix.t (a)}');
-- Parameters, and a search_path that is the caller's
set search_path = ix, public;
select used_indexes from deal_advisor.index_what_if('select * from t where a = $1 and b = $2', '{create index ix on t (a)}');
reset search_path;
-- Nothing to add or hide; NULL is nothing
select cost_before = cost_after as same, benefit_pct, used_indexes from deal_advisor.index_what_if('select * from ix.t', null, null);

-- Sizes: a definition says what to size, nothing is built
select deal_advisor.index_size('create index on ix.t (a)') > deal_advisor.index_size('create index on ix.t (b)') as deduplicated,
  deal_advisor.index_size('create index concurrently if not exists x on only ix.t using btree (c desc nulls last, lower(b)) where a > 100') > 8192 as any_form,
  deal_advisor.index_size('create index on ix.parted (at)') as no_leaf,
  deal_advisor.index_size('create index on ix.m (a)') > 8192 as materialized;
select deal_advisor.index_size(null) is null as strict;
select count(*) from pg_index where indrelid::regclass::text like 'ix.%';

-- Errors in a statement point into it
select deal_advisor.index_what_if('select * fron ix.t');
select deal_advisor.index_what_if('select * from ix.nothing');
select deal_advisor.index_what_if('select nothing from ix.t');
select deal_advisor.index_what_if('');
select deal_advisor.index_what_if('vacuum ix.t');
select deal_advisor.index_what_if('select 1; select 2');
select deal_advisor.index_what_if(null);

-- And so do errors in definitions
select deal_advisor.index_size('create index on ix.t (a');
select deal_advisor.index_size('select 1');
select deal_advisor.index_size('create index on ix.t (a); create index on ix.t (b)');
select deal_advisor.index_size('create index on ix.nothing (a)');
select deal_advisor.index_size('create index on ix.v (a)');
select deal_advisor.index_size('create index on ix.t (nothing)');
select deal_advisor.index_size('create index on ix.t (lower(nothing))');
select deal_advisor.index_size('create index on ix.t (ctid)');
select deal_advisor.index_size('create index on ix.t ((tableoid::int))');
select deal_advisor.index_size('create index on ix.t (a) where tableoid = 1');
select deal_advisor.index_size('create index on ix.t ((a + random()))');
select deal_advisor.index_size('create index on ix.t (a) where now() > ''2024-01-01''');
select deal_advisor.index_size('create index on ix.t (a) include ((a + 1))');
select deal_advisor.index_size('create index on ix.t (a point_ops)');
select deal_advisor.index_size('create index on ix.t (point(a, a))');
select deal_advisor.index_size('create index on ix.t (a) with (fillfactor = 5)');
select deal_advisor.index_size('create index on ix.t (a) with (nothing = 5)');
select deal_advisor.index_size('create index on ix.t using rtree_of_mine (a)');
select deal_advisor.index_size('create unique index on ix.parted (id)');
select deal_advisor.index_size('create unique index on ix.parted (id, at)');
select deal_advisor.index_what_if('select 1', array[null]::text[]);
select deal_advisor.index_what_if('select 1', hide => '{ix.t}');
select deal_advisor.index_what_if('select 1', hide => '{ix.nothing}');

-- Nothing to say is no row; a statement that can't be planned says why
select rank, action, why from deal_advisor.index_advice('select 1');
select rank, action, ddl, why, queries -> 0 ->> 'text' as text, stats ->> 'skipped' as skipped from deal_advisor.index_advice('select * fron ix.t');

-- Advice refuses what it can't mean
select * from deal_advisor.index_advice('select 1', budget => 'much');
select * from deal_advisor.index_advice('select 1', budget => '-5MB');
\set VERBOSITY terse
select * from deal_advisor.index_advice('select 1', options => '{"detail": true}');
\set VERBOSITY default
select * from deal_advisor.index_advice('select 1', options => '{"details": "yes"}');
select * from deal_advisor.index_advice('select 1', options => '[]');
select * from deal_advisor.index_advice('select 1', options => '{"sample_rows": 1}');
select * from deal_advisor.index_advice('select 1', max_columns => 0);
select * from deal_advisor.index_advice('select 1', max_columns => 9);
select * from deal_advisor.index_advice('select 1', access_methods => '{bloom}');
select * from deal_advisor.index_advice('select 1', time_limit => '-1 s');
select * from deal_advisor.index_advice('select 1', time_limit => '0');
select * from deal_advisor.index_advice('select 1', as_role => 'no_such_role');
select * from deal_advisor.index_advice('select 1', array[row('select 1', 1, 1, null, null, null, null)::deal_advisor.statement]);
select * from deal_advisor.index_advice(workload => '{}');

set client_min_messages = warning;
drop schema ix cascade;
