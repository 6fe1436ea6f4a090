-- The advisor's set beside the expert's, each really built, on the same data and workload.
create view demo.gains as
select m.run, sum(m.calls * m.mean_ms) as ms, sum(m.calls * m.cost) as cost,
       first_value(sum(m.calls * m.mean_ms)) over day_one - sum(m.calls * m.mean_ms) as gain_ms,
       first_value(sum(m.calls * m.cost)) over day_one - sum(m.calls * m.cost) as gain_cost, b.index_bytes as bytes
  from demo.measured as m join demo.runs as b using (run)
 group by m.run, b.index_bytes
window day_one as (order by m.run = 'day_one' desc);

\pset border 1
\pset footer off
\pset linestyle unicode
\echo
select g.run, round((g.ms / 1000)::numeric, 1) as total_s, round((g.gain_ms / 1000)::numeric, 1) as gained_s,
       round(g.cost) as planner_cost, round(g.gain_cost) as gained_cost, pg_size_pretty(g.bytes) as indexes
  from demo.gains as g order by g.gain_ms;
\echo Statements that differ most between the two sets, in seconds:
select a.name as statement, round((a.calls * a.mean_ms / 1000)::numeric, 2) as advised_s,
       round((e.calls * e.mean_ms / 1000)::numeric, 2) as expert_s,
       round(a.cost) as advised_cost, round(e.cost) as expert_cost
  from demo.measured as a join demo.measured as e using (query_id)
 where a.run = 'advised' and e.run = 'expert'
 order by abs(a.calls * a.mean_ms - e.calls * e.mean_ms) desc limit 8;
