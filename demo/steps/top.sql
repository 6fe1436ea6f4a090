\pset border 1
\pset footer off
\pset linestyle unicode
\echo
\echo The statements that take the most time, from deal_advisor.workload():
select demo.name_of(w.query) as statement, w.calls, round(w.mean_ms::numeric, 2) as mean_ms,
       round((w.calls * w.mean_ms / 1000)::numeric, 1) as total_s,
       round((100 * w.calls * w.mean_ms / sum(w.calls * w.mean_ms) over ())::numeric, 1) as percent,
       left(regexp_replace(regexp_replace(w.query, '/\*.*?\*/ ', ''), '\s+', ' ', 'g'), 34) as begins_with
  from deal_advisor.workload() as w
 order by w.calls * w.mean_ms desc limit 12;
