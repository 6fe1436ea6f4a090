-- Bloat: what a rebuild would give back.

create function deal_advisor.table_bloat(
  relation regclass,
  max_pages integer default 3000,
  out part regclass,
  out kind text,
  out bytes bigint,
  out pages_read bigint,
  out dead_bytes bigint,
  out held_bytes bigint,
  out free_bytes bigint,
  out gain_bytes bigint,
  out gain_low_bytes bigint,
  out gain_high_bytes bigint,
  out gain_percent double precision,
  out withheld text)
returns setof record
  language c volatile strict parallel unsafe rows 5
  as 'MODULE_PATHNAME', 'deal_advisor_table_bloat';
comment on function deal_advisor.table_bloat(regclass, integer) is
'How much smaller a table, its TOAST table and their B-trees would be if they were built anew (VACUUM FULL, REINDEX): measured on pages chosen by chance, not guessed from statistics; of partitioned tables all partitions. relation: the table; max_pages: of each part at most so many are read, 300 where that tells the gain to half a percent. kind: table, toast, index, toast index; dead_bytes: of rows and entries that VACUUM may remove now; held_bytes: of rows that only an old transaction still holds; free_bytes: room that new rows can take; gain_bytes: what a rebuild gives back, with gain_low_bytes and gain_high_bytes around it in 19 of 20 cases; room that fillfactor keeps and rows that fill no page is no gain, and below 0 it would grow. withheld: why nothing is said, for instance of another access method; null: it is. Waits for no lock. Errors: 42809 no table; 42501 neither SELECT on it nor a member of pg_stat_scan_tables; 22023 max_pages. Example: select part, bytes, gain_percent from deal_advisor.table_bloat(''pg_catalog.pg_depend'');';
