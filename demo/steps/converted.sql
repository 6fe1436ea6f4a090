-- What the conversion took, and what the writers met.
\pset border 1
\pset footer off
\pset linestyle unicode
\echo
\echo What it did, and for how many milliseconds it held locks that others wait for:
select regexp_replace(action, '^convert:', '') as step, round(took_ms) as took_ms, tries,
       substring(message from 'locks held for ([0-9.]+) ms') as locks_held_ms
  from deal_advisor_data.partition_log where action like 'convert:%' order by id;
select parent, state, partitions, ready_until, step, retention from deal_advisor.partition_status();
create view demo.conversion as
select sum(w.inserted) as inserted, sum(w.updated) as updated, sum(w.failed) as failed, max(w.longest_ms) as longest_ms,
       (select rows from demo.before_conversion) + sum(w.inserted) - (select count(*) from shop.price_history) as lost
  from demo.writers as w;
\echo Two sessions wrote all the while:
select inserted as rows_inserted, updated as rows_updated, failed || ' failed writes' as failed, lost as rows_lost,
       round(longest_ms::numeric) as longest_write_ms
  from demo.conversion;
