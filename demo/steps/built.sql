-- What the planner says of the indexes just built, beside what it said of them when they were hypothetical.
create table demo.built as
with predicted as (
  select q ->> 'query_id' as query_id, min((q ->> 'after')::float8) as cost
    from demo.advice as a, jsonb_array_elements(a.queries) as q
   where a.action in ('create', 'replace')
   group by 1
)
select m.name, m.calls, p.cost as hypothetical, demo.generic_cost(m.query) as built
  from predicted as p
  join demo.measured as m on m.run = 'day_one' and m.query_id = p.query_id;

\pset border 1
\pset footer off
\pset linestyle unicode
\echo
\echo Statements whose cost with the indexes built differs most from the cost foretold:
select name as statement, round(hypothetical::numeric, 2) as hypothetical, round(built::numeric, 2) as built,
       round((hypothetical / built)::numeric, 4) as ratio
  from demo.built order by abs(ln(hypothetical / built)) desc limit 3;
