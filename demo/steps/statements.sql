-- The advice as statements, one a line: in the order to build it, or (way = rollback) to take it back.
\if :{?way}
\else
  \set way ddl
\endif
select regexp_replace(rtrim(s.text, '; '), '\s+', ' ', 'g') || ';'
  from (select a.rank, case :'way' when 'rollback' then a.rollback else a.ddl end as texts,
               case :'way' when 'rollback' then -1 else 1 end as direction
          from demo.advice as a where a.action in ('create', 'drop', 'replace')) as a,
       unnest(a.texts) with ordinality as s (text, step)
 order by a.rank * a.direction, s.step;
