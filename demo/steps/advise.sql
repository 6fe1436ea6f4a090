-- With no bytes to spend the advice is only what to drop: that is the budget.
select coalesce(sum(pg_relation_size(a.index_name::regclass)), 0) as budget
  from deal_advisor.index_advice(budget => '0', schemas => '{shop}') as a
 where a.action = 'drop' \gset
create table demo.advice as
select * from deal_advisor.index_advice(budget => :'budget', schemas => '{shop}');

\pset border 1
\pset footer off
\pset linestyle unicode
\pset format wrapped
\pset columns 100
\echo
select pg_size_pretty(:budget::bigint) as budget, stats ->> 'statements' as statements, stats ->> 'skipped' as skipped,
       stats ->> 'candidates' as candidates, stats ->> 'planner_calls' as planner_calls,
       round((stats ->> 'cpu_seconds')::numeric, 2) as cpu_s,
       round((stats ->> 'elapsed_ms')::numeric / 1000, 2) as elapsed_s
  from demo.advice where stats is not null order by rank limit 1;
select rank, action, index_name, pg_size_pretty(est_bytes) as size, round(benefit_pct::numeric, 1) as benefit_pct, why
  from demo.advice order by rank;
