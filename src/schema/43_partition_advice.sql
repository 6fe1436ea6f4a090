-- Partition advice: which tables should be partitioned, and what it brings and costs.

create type deal_advisor.partition_advice_row as (
  rank integer,
  relation text,
  strategy text,
  key_column text,
  step text,
  partitions integer,
  partition_bytes bigint,
  table_bytes bigint,
  pruned_pct float8,
  deleted_pct float8,
  bytes_per_drop bigint,
  why text,
  benefits text[],
  costs text[],
  blockers text[],
  confidence real,
  ddl text[],
  evidence jsonb
);
comment on type deal_advisor.partition_advice_row is
'One proposal of partition_advice. strategy: range, list or hash; step: of range, as partition_enable takes it; partitions: that today''s rows would fill; partition_bytes: of one on average, with indexes; pruned_pct: of the workload''s time on the table, the share of statements that partitions can be left out of; deleted_pct: the share that goes into DELETEs by the key, which dropping partitions replaces; bytes_per_drop: given back at once by that; costs: what changes (keys, NOT NULL, planning time); blockers: to be solved first (foreign keys that refer to it); confidence: 0 to 1; ddl: in order, each by itself outside a transaction block; evidence: facts with unit and source. Example: select (r).relation, (r).ddl from deal_advisor.partition_advice() as r;';

create function deal_advisor.partition_advice(
  schemas name[] default null,
  options jsonb default '{}')
returns setof deal_advisor.partition_advice_row
  language c volatile parallel unsafe rows 10
  as 'MODULE_PATHNAME', 'deal_advisor_partition_advice';
comment on function deal_advisor.partition_advice(name[], jsonb) is
'Large tables that should be partitioned, the most useful first: by which column, in what steps, with the statements, what it brings and what it costs. Looks for time columns in whose order rows are written, for DELETEs of old rows and for ranges in what pg_stat_statements saw, else for a column whose value nearly every statement gives. schemas: by name (null: all that the caller may see); options: min_bytes (''10GB'': tables of less, with their indexes, are fine as they are), workload (false: don''t look at pg_stat_statements), max_seconds (30: for planning its statements). The step is the one of hour, day, week, month, quarter and year that comes closest to 20 to 500 partitions of 1 to 50 GB. Statistics of columns that the caller may not read are not used. Changes nothing, keeps no lock, works read-only and on a standby. Errors: 22023 options; 3F000, 42501 for schemas. Example: select rank, relation, key_column, step, partitions, why from deal_advisor.partition_advice();';
