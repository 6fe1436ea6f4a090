-- No more bytes of indexes than today: new ones may take what dropped and replaced ones leave.
create table demo.advice as
select * from deal_advisor.index_advice(budget => '0', schemas => '{shop}', options => '{"budget_is_net": true}');
-- The generic plan of each statement with the indexes that it would use, to be held against the plan with these built.
create table demo.foreseen as
with wanted as (
  select q ->> 'query_id' as query_id, array_agg(d) as ddl,
         (select coalesce(array_agg(r), '{}') from demo.advice as b, unnest(b.replaces) as r) as gone
    from demo.advice as a, jsonb_array_elements(a.queries) as q, unnest(a.ddl) as d
   where a.action in ('create', 'replace') and d ~ '^create index'
   group by 1
)
select m.query_id, (deal_advisor.index_what_if(m.query, w.ddl, w.gone)).cost_after as cost
  from wanted as w
  join demo.measured as m on m.run = 'day_one' and m.query_id = w.query_id;

\pset tuples_only on
\pset format unaligned
select format(E'\n%s statements seen, %s skipped; %s candidates, %s planner calls, %s s of CPU\n',
              stats ->> 'statements', stats ->> 'skipped', stats ->> 'candidates', stats ->> 'planner_calls',
              round((stats ->> 'cpu_seconds')::numeric, 2))
  from demo.advice where stats is not null order by rank limit 1;
-- One paragraph for each piece of advice, the reason folded at 96 columns.
select format('%s  %s %s  %s  %s', lpad(a.rank::text, 3), rpad(a.action, 7),
              case when a.action = 'drop' then a.index_name else substring(a.ddl[1] from '(?i) on (.*)$') end,
              pg_size_pretty(a.est_bytes), round(a.benefit_pct::numeric, 1) || ' %') || E'\n'
       || regexp_replace(a.why, '(.{1,84})(\s+|$)', E'             \\1\n', 'g')
  from demo.advice as a order by a.rank;
