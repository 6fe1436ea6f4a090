-- Predicted beside measured. Predicted time of a statement = its measured time x predicted cost after / before;
-- a statement that no advice mentions is predicted to stay as it is.
create view demo.compared as
with predicted as (
  select q ->> 'query_id' as query_id, max((q ->> 'before')::float8) as before, min((q ->> 'after')::float8) as after
    from demo.advice as a, jsonb_array_elements(a.queries) as q
   where a.action in ('create', 'drop', 'replace')
   group by 1
)
select b.query_id, b.name, b.calls, a.calls as calls_after, b.mean_ms as before_ms, a.mean_ms as after_ms,
       b.mean_ms * coalesce(p.after / nullif(p.before, 0), 1) as predicted_ms, b.cost as before_cost,
       a.cost as after_cost, b.cost * coalesce(p.after / nullif(p.before, 0), 1) as predicted_cost
  from demo.measured as b
  left join demo.measured as a on a.run = 'advised' and a.query_id = b.query_id
  left join predicted as p on p.query_id = b.query_id
 where b.run = 'day_one';

\pset border 1
\pset footer off
\pset linestyle unicode
\echo
\echo Each statement, milliseconds a call: measured on day one, predicted, measured with the advice built
select name as statement, calls, round(before_ms::numeric, 3) as before_ms,
       round(predicted_ms::numeric, 3) as predicted_ms, round(after_ms::numeric, 3) as after_ms,
       round((before_ms / predicted_ms)::numeric, 1) as predicted_x,
       round((before_ms / after_ms)::numeric, 1) as measured_x
  from demo.compared order by calls * before_ms desc;
\echo All together, and by planner cost (after also has what the workload wrote meanwhile):
select round((sum(calls * before_ms) / 1000)::numeric, 1) as before_s,
       round((sum(calls * predicted_ms) / 1000)::numeric, 1) as predicted_s,
       round((sum(calls * after_ms) / 1000)::numeric, 1) as after_s,
       round((sum(calls * before_ms) / sum(calls * predicted_ms))::numeric, 2) as predicted_x,
       round((sum(calls * before_ms) / sum(calls * after_ms))::numeric, 2) as measured_x,
       pg_size_pretty(max(b.index_bytes)) as indexes_before, pg_size_pretty(max(a.index_bytes)) as indexes_after
  from demo.compared, demo.runs as b, demo.runs as a
 where b.run = 'day_one' and a.run = 'advised';
select round(b.cpu_seconds::numeric, 1) as cpu_before_s, round(a.cpu_seconds::numeric, 1) as cpu_after_s,
       round((b.cpu_seconds / a.cpu_seconds)::numeric, 2) as cpu_x
  from demo.runs as b, demo.runs as a
 where b.run = 'day_one' and a.run = 'advised';
select round(sum(calls * before_cost)) as cost_before, round(sum(calls * predicted_cost)) as predicted_cost,
       round(sum(calls * after_cost)) as cost_after,
       round((sum(calls * predicted_cost) / sum(calls * after_cost))::numeric, 3) as predicted_by_real
  from demo.compared;
