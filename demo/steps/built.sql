-- What the planner says of the indexes just built, beside what it said of them when they were hypothetical.
create table demo.built as
select m.name, m.calls, f.cost as hypothetical, demo.generic_cost(m.query) as built
  from demo.foreseen as f
  join demo.measured as m on m.run = 'day_one' and m.query_id = f.query_id;

\pset border 1
\pset footer off
\pset linestyle unicode
\echo
\echo Statements whose cost with the indexes built differs most from the cost foretold:
select name as statement, round(hypothetical::numeric, 2) as hypothetical, round(built::numeric, 2) as built,
       round((hypothetical / built)::numeric, 4) as ratio
  from demo.built order by abs(ln(hypothetical / built)) desc limit 3;
