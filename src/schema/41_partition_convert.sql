-- Conversion of a live table into a partition set, and back.

create function deal_advisor.partition_convert_plan(
  rel regclass,
  key_column name,
  step text,
  options jsonb default '{}',
  out number integer,
  out level text,
  out code text,
  out message text,
  out hint text,
  out sql text[],
  out lock_level text,
  out blocks text)
returns setof record
  language c stable parallel unsafe rows 20
  as 'MODULE_PATHNAME', 'deal_advisor_partition_convert_plan';
comment on function deal_advisor.partition_convert_plan(regclass, name, text, jsonb) is
'What partition_convert would do to a table: first its findings (level error: stops it; warning: will be different; ok), then its steps in order (level step) with their statements, the strongest lock on the table and whom that blocks. Nothing is done. rel: an ordinary table; key_column: the column to partition by; step: width of a partition, as in partition_enable; options: as partition_convert; deep (default true): read the rows for NULLs and the greatest key, in a sequential scan where no index helps. Works read-only and on a standby. Errors: 42501 unless the caller may act as the table''s owner; 42703 unknown column; 22023 for step and options. Example: select number, level, code, message, hint from deal_advisor.partition_convert_plan(''orders'', ''created_at'', ''1 month'');';

create procedure deal_advisor.partition_convert(
  rel regclass,
  key_column name,
  step text,
  options jsonb default '{}')
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_partition_convert';
comment on procedure deal_advisor.partition_convert(regclass, name, text, jsonb) is
'Makes a table that is in use a partition set: the table itself becomes the partition of everything before a boundary in the future (the cutoff), without a row being copied, and new partitions follow. Commits after each step; call it again with the same arguments to go on after an error or a crash. rel, key_column, step: as partition_convert_plan. options: mode (attach, or copy: afterwards the old rows are copied to partitions of their own), cutoff (a boundary; default: the first that is a whole step away and beyond all rows), accept (codes of findings to take as warnings), dry_run (true: tells the statements in NOTICEs), batch_rows (1000) and pause (0, in ms): of a rollback that moves rows; zone, premake, horizon, retention, retire, default: the arguments of partition_enable; and its options. Errors: 55000 what stands in the way; 42501 unless the caller may act as the owners of the table and its views; 25001 in a transaction block; 55P03 when a lock could not be had; 53400 when no worker slot is free. Example: call deal_advisor.partition_convert(''orders'', ''created_at'', ''1 month'', ''{"retention": "2 years"}'');';

create procedure deal_advisor.partition_convert_rollback(id bigint)
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_partition_convert_rollback';
comment on procedure deal_advisor.partition_convert_rollback(bigint) is
'Takes a conversion back, whatever step it is at: the old table has its name, identity, triggers, views and publications again, and what the conversion made is dropped. Rows that later partitions hold stay visible throughout and are moved back in batches. id: of partition_convert_status. Commits after each step; call it again to go on after an error or a crash. Errors: 42704 unknown id; 42501 unless the caller may act as the table''s owner; 23505 when rows of later partitions repeat keys of the old table; 55000 when the old table is no partition any more; 25001 in a transaction block; 55P03 when a lock could not be had. Example: call deal_advisor.partition_convert_rollback(1);';

create function deal_advisor.partition_convert_status(
  out id bigint,
  out parent text,
  out state text,
  out current_step text,
  out mode text,
  out key_column text,
  out step text,
  out cutoff text,
  out started text,
  out updated text)
returns setof record
  language c stable parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_partition_convert_status';
comment on function deal_advisor.partition_convert_status() is
'Conversions of tables that the caller may act for as owner (members of pg_monitor: all), oldest first. state: running (goes on with partition_convert, or back with partition_convert_rollback), converted, rolling back (goes on with partition_convert_rollback), rolled back; current_step: the one that is being done or was last; cutoff: the end of the old table''s partition. Times are text in the session''s zone. Errors: none of its own. Example: select id, parent, state, current_step from deal_advisor.partition_convert_status();';
