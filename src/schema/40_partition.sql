-- Partition maintenance: the sets, what is to do, doing it.

create table deal_advisor.partition_set (
  schema_name name not null,
  table_name name not null,
  owner_name name not null,
  key_column name not null,
  key_kind text not null,
  step text not null,
  zone text not null,
  anchor bigint not null,
  premake integer not null,
  horizon text,
  retention text,
  retire text not null,
  use_default boolean not null,
  enabled boolean not null,
  options jsonb not null,
  primary key (schema_name, table_name)
);
comment on table deal_advisor.partition_set is
'How each partitioned table is kept: one row for each call of partition_enable. Written by partition_enable, partition_disable and partition_forget only; nobody has rights on it; keyed by name, so that dumps carry it. Example: select * from deal_advisor.partition_status();';
select pg_catalog.pg_extension_config_dump('deal_advisor.partition_set', '');

create function deal_advisor.partition_enable(
  parent regclass,
  key_column name,
  step text,
  premake integer default 4,
  retention text default null,
  retire text default 'drop',
  zone text default 'UTC',
  horizon text default null,
  use_default boolean default false,
  options jsonb default '{}')
returns text
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_partition_enable';
comment on function deal_advisor.partition_enable(regclass, name, text, integer, text, text, text, text, boolean, jsonb) is
'Keeps a table that is partitioned by range of one column: makes the partitions that are due now and notes how to go on (partition_maintain does). Calling it again changes the settings. parent: with partitions or without; key_column: timestamptz, timestamp, date, an integer, uuid (version 7) or 26 characters of text (ULID); step: of a partition, ''1 month'', ''1 week'', ''1 day'', ''6 hours''; for integers a number of keys; premake: partitions to have ready beyond the current one; horizon: and at least this far into the future; retention: how long rows are kept (''90 days''; a unit is needed; for integers a number of keys; null: for ever); retire: what becomes of older partitions: drop, detach, archive (to another schema), export (to a CSV file, then dropped); zone: where days and months begin; use_default: a partition for what fits nowhere (each new partition then waits for it; none is better). options: kind (epoch_s, epoch_ms, epoch_us for bigint keys), anchor (a boundary; default: what the partitions that are there show), start (where the first partition begins; default: now), archive_schema, export_path, detach_concurrently, enabled, analyze (of the parent, default true), privileges (grant the parent''s on partitions, default false), row_security, tablespace, storage (as in WITH), unlogged, lock_timeout_ms (50), max_tries (60). Locks: SHARE UPDATE EXCLUSIVE on the parent, so reads and writes go on. Errors: 42501 unless the caller owns the table; 42809 not partitioned by range; 0A000 by several columns or an expression; 42804 type of the key; 22023 values; 54000 more than 10000 partitions. Example: select deal_advisor.partition_enable(''shop.price_history'', ''observed_at'', ''1 month'', retention => ''2 years'', zone => ''Europe/Berlin'');';

create function deal_advisor.partition_disable(parent regclass) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_partition_disable';
comment on function deal_advisor.partition_disable(regclass) is
'Stops keeping a table: forgets its settings. Table and partitions stay as they are. Errors: 42704 no such set; 42501 unless the caller owns the table or the database. Example: select deal_advisor.partition_disable(''shop.price_history'');';

create function deal_advisor.partition_forget(schema_name name, table_name name) returns text
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_partition_forget';
comment on function deal_advisor.partition_forget(name, name) is
'As partition_disable, by name: for a table that is gone or was renamed. Errors: 42704 no such set; 42501 unless the caller enabled it, owns the table or owns the database. Example: select deal_advisor.partition_forget(''shop'', ''price_history'');';

create type deal_advisor.partition_action as (
  parent text,
  action text,
  partition text,
  lower_bound text,
  upper_bound text,
  sql text[],
  lock_level text,
  blocks text
);
comment on type deal_advisor.partition_action is
'One thing that maintenance would do. action: create, finalize, drop, detach, archive, export, analyze; lower_bound, upper_bound: in the set''s zone, rows from the first to before the second; sql: its statements in order, one transaction; lock_level: the strongest lock on the parent; blocks: who waits meanwhile. Example: select partition, sql from deal_advisor.partition_plan(''shop.price_history'');';

create function deal_advisor.partition_plan(parent regclass default null, options jsonb default '{}')
returns setof deal_advisor.partition_action
  language c stable parallel unsafe rows 100
  as 'MODULE_PATHNAME', 'deal_advisor_partition_plan';
comment on function deal_advisor.partition_plan(regclass, jsonb) is
'Every action that partition_maintain would take now, with its SQL; nothing is done and no lock kept. parent: one set, or null for all that the caller may act for. options: none yet. Works read-only and on a standby. Errors: 42704 no such set; 42501. Example: select action, partition, lower_bound, upper_bound from deal_advisor.partition_plan();';

create function deal_advisor.partition_ensure(parent regclass, until text default null)
returns setof text
  language c volatile parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_partition_ensure';
comment on function deal_advisor.partition_ensure(regclass, text) is
'Makes the partitions that are missing up to a point, in the caller''s transaction; their names. until: a time (read in the set''s zone) or key number; null: as far as the set''s premake and horizon say. Fills gaps as well. Locks on the parent: SHARE UPDATE EXCLUSIVE, kept until the caller''s transaction ends; tables that its foreign keys refer to: SHARE ROW EXCLUSIVE. Errors: 42704 no such set; 42501; 54000 more than 10000 partitions; 55P03 locks that could not be had. Example: select deal_advisor.partition_ensure(''shop.price_history'', ''2027-12-31'');';

create procedure deal_advisor.partition_maintain(parent regclass default null)
  language c
  as 'MODULE_PATHNAME', 'deal_advisor_partition_maintain';
comment on procedure deal_advisor.partition_maintain(regclass) is
'Does what is due: finishes interrupted detaches, makes partitions, retires old ones, analyses the parent; commits after each. Runs as each table''s owner. Waits at most 50 ms for a lock, then lets go of everything and tries again. parent: one set; null: all that the caller may act for; one that fails is noted (partition_status), waits 1 minute to 1 day, and never stops the others. To be called regularly: by the background worker, pg_cron or cron. Log: deal_advisor_data.partition_log. Errors: 25001 in a transaction block; 25006 read-only; with a parent: 42704, 42501 and those of its actions. Example: call deal_advisor.partition_maintain();';

create type deal_advisor.partition_state as (
  parent text,
  state text,
  detail text,
  partitions integer,
  oldest text,
  ready_until text,
  runway_days float8,
  default_rows float8,
  key_column text,
  step text,
  zone text,
  retention text,
  last_ok timestamptz,
  last_error text,
  next_try timestamptz
);
comment on type deal_advisor.partition_state is
'How a partition set fares. state: ok, due (something is to do), failing, disabled, gone (no table of this name), owner changed, error; runway_days: from now until rows fit no partition (null for integer keys); default_rows: of the default partition, by statistics; next_try: while it waits after a failure. Example: select parent, state, detail from deal_advisor.partition_status() where state <> ''ok'';';

create function deal_advisor.partition_status()
returns setof deal_advisor.partition_state
  language c stable parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_partition_status';
comment on function deal_advisor.partition_status() is
'The partition sets and how they fare: those of tables that the caller may act for, all for members of pg_monitor. Changes nothing; works read-only and on a standby. Example: select parent, state, runway_days from deal_advisor.partition_status();';

create function deal_advisor.partition_bounds(
  step text,
  since timestamptz,
  until timestamptz,
  zone text default 'UTC',
  table_name text default 'table',
  out lower_bound timestamptz,
  out upper_bound timestamptz,
  out partition text)
returns setof record
  language c stable strict parallel safe rows 100
  as 'MODULE_PATHNAME', 'deal_advisor_partition_bounds';
comment on function deal_advisor.partition_bounds(text, timestamptz, timestamptz, text, text) is
'Where partitions of a step begin and end in a time zone, and their names: what partition_enable would use. step: as there; since, until: the partitions that hold any moment from the first to before the second, 10000 at most; zone: days and months begin at its midnight, shorter steps are counted in real time. Errors: 22023 step, zone, times; 54000 too many. Example: select * from deal_advisor.partition_bounds(''1 day'', ''2026-03-28'', ''2026-03-31'', ''Europe/Berlin'');';

create function deal_advisor.partition_create_hash(parent regclass, modulus integer, options jsonb default '{}')
returns setof text
  language c volatile parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_partition_create_hash';
comment on function deal_advisor.partition_create_hash(regclass, integer, jsonb) is
'Makes the partitions of a table that is partitioned by hash, as far as they are missing; their names. modulus: how many there are to be, at most 10000; options: privileges, row_security, tablespace, storage, unlogged, as in partition_enable. Locks as partition_ensure. Errors: 42809 not partitioned by hash; 42501 unless the caller owns the table; 22023 modulus. Example: select deal_advisor.partition_create_hash(''shop.carts'', 8);';

create function deal_advisor.partition_create_list(parent regclass, partitions jsonb, options jsonb default '{}')
returns setof text
  language c volatile parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_partition_create_list';
comment on function deal_advisor.partition_create_list(regclass, jsonb, jsonb) is
'Makes partitions of a table that is partitioned by list; their names. partitions: what each name ends in, and its value or array of values; null: the default partition; options: privileges, row_security, tablespace, storage, unlogged, as in partition_enable. Locks as partition_ensure. Errors: 42809 not partitioned by list; 42501 unless the caller owns the table; 22023 no values; 42P17 values that another partition has. Example: select deal_advisor.partition_create_list(''shop.orders_by_country'', ''{"dach": ["de", "at", "ch"], "other": null}'');';
