-- What the run :run took, by pg_stat_statements, the processor time of its sessions, and the bytes of all indexes.
insert into demo.measured
select :'run', s.queryid::text, demo.name_of(s.query), s.query, s.calls, s.mean_exec_time, demo.generic_cost(s.query)
  from pg_stat_statements as s
  join pg_catalog.pg_database as d on d.oid = s.dbid and d.datname = current_database();
insert into demo.runs
select :'run', :cpu, sum(pg_relation_size(c.oid))
  from pg_catalog.pg_class as c
 where c.relkind = 'i' and c.relnamespace = 'shop'::regnamespace;
