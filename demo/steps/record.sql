-- What a round of the run :run took, by pg_stat_statements, and the bytes of all indexes after it.
insert into demo.measured
select :'run', s.queryid::text, demo.name_of(s.query), s.query, s.calls, s.mean_exec_time, demo.generic_cost(s.query)
  from pg_stat_statements as s
  join pg_catalog.pg_database as d on d.oid = s.dbid and d.datname = current_database()
    on conflict (run, query_id) do update set mean_ms = least(measured.mean_ms, excluded.mean_ms);
insert into demo.index_bytes
select :'run', sum(pg_relation_size(c.oid))
  from pg_catalog.pg_class as c
 where c.relkind = 'i' and c.relnamespace = 'shop'::regnamespace
    on conflict (run) do update set bytes = excluded.bytes;
