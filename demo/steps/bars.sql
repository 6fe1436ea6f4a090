-- What the demo promises. Any FAIL makes it fail.
\pset border 1
\pset footer off
\pset linestyle unicode
select :expert = 1 as expert \gset
create temporary table bars (bar text, wanted text, got text, passed boolean);
with total as (
  select sum(calls * before_ms) / sum(calls * after_ms) as measured,
         sum(calls * before_ms) / sum(calls * predicted_ms) as predicted,
         count(*) filter (where before_ms >= 10 * after_ms) as tenfold,
         count(*) filter (where calls is distinct from calls_after) as unequal, count(*) as statements
    from demo.compared
), bytes as (
  select (select index_bytes from demo.runs where run = 'day_one') as before,
         (select index_bytes from demo.runs where run = 'advised') as after
), cpu as (
  -- Not the statements' times: a long one waits for whatever else the machine does, a short one hardly ever.
  select (select cpu_seconds from demo.runs where run = 'day_one')
         / (select cpu_seconds from demo.runs where run = 'advised') as gain
), built as (
  select max(exp(abs(ln(hypothetical / built)))) as worst,
         sum(calls * hypothetical) / sum(calls * built) as total
    from demo.built
), planned as (
  select (stats ->> 'statements')::int as statements, (stats ->> 'skipped')::int as skipped
    from demo.advice where stats is not null order by rank limit 1
)
insert into bars
select b.* from total as t, bytes as s, cpu as c, built as h, planned as p, lateral (values
  ('total time of the workload', '>= 3 x better', round(t.measured::numeric, 2) || ' x', t.measured >= 3),
  ('statements 10 x better', '>= 8', t.tenfold::text, t.tenfold >= 8),
  ('bytes of all indexes', 'not more', demo.more(s.after - s.before), s.after <= s.before),
  ('predicted gain / measured gain in CPU time', '0.67 .. 1.5', round((t.predicted / c.gain)::numeric, 2)::text,
   t.predicted / c.gain between 1 / 1.5 and 1.5),
  ('worst statement, hypothetical / built cost', 'within 5 %', round((100 * (h.worst - 1))::numeric, 2) || ' %',
   h.worst <= 1.05),
  ('all of them, hypothetical / built cost', 'within 1 %', round((100 * (h.total - 1))::numeric, 2) || ' %',
   h.total between 0.99 and 1.01),
  ('statements skipped', '0 of ' || t.statements, p.skipped || ' of ' || p.statements,
   p.skipped = 0 and p.statements = t.statements),
  ('statements with other calls in the second run', '0', t.unequal::text, t.unequal = 0)) as b;
insert into bars
select b.* from demo.conversion as c, lateral (values
  ('failed writes while a table was partitioned', '0', c.failed || ' of ' || c.inserted + c.failed,
   c.failed = 0 and c.inserted > 100),
  ('rows lost while a table was partitioned', '0', c.lost::text, c.lost = 0)) as b;
insert into bars
select b.* from demo.accident as a, (select count(*) as rows, count(*) filter (where status = 'undone') as undone from demo.undone) as u,
  lateral (values
  ('rows of a bad UPDATE taken back', '200000', u.undone || ' of ' || u.rows, u.undone = 200000 and u.rows = 200000),
  ('prices after that', 'as before', case when demo.prices() = a.before and a.broken <> a.before then 'as before' else 'others' end,
   demo.prices() = a.before and a.broken <> a.before)) as b;
insert into bars select claim, wanted, got, passed from demo.market_claims;
\if :expert
insert into bars
select b.* from (select a.gain_ms / e.gain_ms as ms, a.gain_cost / e.gain_cost as cost, e.bytes as expert_bytes, o.bytes
                   from demo.gains as a, demo.gains as e, demo.gains as o
                  where a.run = 'advised' and e.run = 'expert' and o.run = 'day_one') as g, lateral (values
  ('share of the expert''s gain in time', '>= 90 %', round((100 * g.ms)::numeric, 1) || ' %', g.ms >= 0.9),
  ('share of the expert''s gain in planner cost', '>= 90 %', round((100 * g.cost)::numeric, 1) || ' %', g.cost >= 0.9),
  ('the expert''s bytes', 'not more', demo.more(g.expert_bytes - g.bytes), g.expert_bytes <= g.bytes)) as b;
\endif
select bar, wanted, got, case when passed then 'PASS' else 'FAIL' end as result from bars;
