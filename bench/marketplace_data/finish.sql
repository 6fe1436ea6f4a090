-- Makes the indexes that setup.sql took out of the way, and statistics; new rows get the next numbers.
\set ON_ERROR_STOP on
set client_min_messages = warning;
set maintenance_work_mem = '1GB';
set max_parallel_maintenance_workers = 1;
\o /dev/null
select statement from load.later order by n \gexec
select format('select setval(%L, (select coalesce(max(%I), 0) + 1 from %s), false)', pg_get_serial_sequence(attrelid::regclass::text, attname), attname, attrelid::regclass)
  from pg_attribute where attidentity <> '' and attrelid in (select oid from pg_class where relnamespace = 'mp'::regnamespace and relkind in ('r', 'p')) \gexec
\o
drop schema load cascade;
vacuum (analyze);
