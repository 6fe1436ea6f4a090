-- Index: what-if planning, sizes, advice.

create function deal_advisor.index_size(definition text) returns bigint
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_index_size';
comment on function deal_advisor.index_size(text) is
'Bytes that an index would have right after CREATE INDEX, estimated from a sample of the table (from statistics where the caller may not read it). Builds nothing, keeps no lock. definition: one CREATE INDEX statement (btree, hash, gist, spgist, gin, brin). Errors: those of CREATE INDEX; 0A000 for other access methods. Example: select pg_size_pretty(deal_advisor.index_size(''create index on shop.products (tenant_id, created_at)''));';

create function deal_advisor.index_what_if(
  query text,
  indexes text[] default '{}',
  hide text[] default '{}',
  out cost_before float8,
  out cost_after float8,
  out benefit_pct float8,
  out used_indexes text[],
  out plan_before text,
  out plan_after text)
returns setof record
  language c volatile parallel unsafe rows 1
  as 'MODULE_PATHNAME', 'deal_advisor_index_what_if';
comment on function deal_advisor.index_what_if(text, text[], text[]) is
'Plans one statement without and with indexes that do not exist, and without existing ones that are hidden. query: a SELECT, INSERT, UPDATE, DELETE or MERGE, with $n parameters or not (then the generic plan); indexes: CREATE INDEX statements (btree); hide: names of existing indexes. Costs are the planner''s. Executes nothing, keeps no lock. Errors: those of the statement; 42501 without the right to run it. Example: select cost_before, cost_after, plan_after from deal_advisor.index_what_if(''select * from shop.products where brand_id = $1'', array[''create index on shop.products (brand_id)'']);';

create type deal_advisor.index_verify_row as (
  what text,
  item text,
  estimated float8,
  actual float8,
  factor float8,
  before float8,
  used_indexes text[],
  ms_before float8,
  ms_after float8,
  est_build_seconds float8,
  build_seconds float8,
  note text,
  sql text
);
comment on type deal_advisor.index_verify_row is
'One line of proof. what: index, drop, statement, or workload (all statements, weighted by calls); item: the index''s name or the statement, shortened; estimated, actual: bytes of an index, else planner cost with the indexes foreseen and with the indexes built; factor: estimated / actual; before: planner cost today; used_indexes: new ones in the plan; ms_before, ms_after: median execution times; est_build_seconds: of CREATE INDEX CONCURRENTLY, roughly; build_seconds: what the plain CREATE INDEX took here, about half of that; note: what it rests on, or why something is missing; sql: the definition or the whole statement. Example: select (v).what, (v).item, (v).factor from deal_advisor.index_verify(array[''create index on shop.products (brand_id)''], ''{}'', ''{"build": true}'') v;';

create function deal_advisor.index_verify(
  ddl text[],
  workload deal_advisor.statement[] default null,
  options jsonb default '{}')
returns setof deal_advisor.index_verify_row
  language c volatile parallel unsafe rows 100
  as 'MODULE_PATHNAME', 'deal_advisor_index_verify';
comment on function deal_advisor.index_verify(text[], deal_advisor.statement[], jsonb) is
'Builds indexes, plans the workload with them, sets size and cost beside what was foreseen, and rolls everything back. ddl: CREATE INDEX and DROP INDEX statements, such as index_advice''s ddl; workload: null takes what pg_stat_statements saw, an empty array only sizes. options: build (bool: really, on the tables; their owner only, and writers wait until the end), sample_percent (on a temporary copy of that part of each table''s blocks, with build only for tables beyond max_table_bytes), max_table_bytes (''256MB''), lock_timeout (''1s''), run (bool: also time statements that only read, with literals for parameters), runs (3), run_seconds (10). Errors: 55000 without build or sample_percent, 54000 for larger tables, 42501 for tables of others, 25006 in a read-only transaction or on a standby, 0A000 for other statements. Example: select what, item, estimated, actual, factor from deal_advisor.index_verify(array[''create index on shop.products (brand_id)''], ''{}'', ''{"build": true}'');';

create type deal_advisor.index_advice_row as (
  rank int,
  action text,
  relation text,
  index_name text,
  access_method text,
  est_bytes bigint,
  cost_before float8,
  cost_after float8,
  benefit_pct float8,
  write_cost float8,
  why text,
  confidence real,
  ddl text[],
  rollback text[],
  queries jsonb,
  requires text[],
  replaces text[],
  stats jsonb
);
comment on type deal_advisor.index_advice_row is
'One proposal of index_advice. action: create, drop, replace; with details also reject (a near-winner: why says the cause, benefit_pct what it would save alone) and skip; est_bytes: of the index concerned; cost_before: planner cost of the whole weighted workload today, cost_after: after this and all higher ranks; benefit_pct: this rank''s share; write_cost: what keeping it costs the workload''s writes; ddl, rollback: one statement per element; queries: who gains, worst first; requires: statements to run before (then size and gain are not known yet: null); stats: figures of the run, in the first row. Example: select (r).ddl from deal_advisor.index_advice() as r;';

create function deal_advisor.index_advice(
  query text default null,
  workload deal_advisor.statement[] default null,
  budget text default null,
  schemas name[] default null,
  max_columns int default 4,
  access_methods text[] default null,
  as_role name default null,
  time_limit interval default '30 s',
  options jsonb default '{}')
returns setof deal_advisor.index_advice_row
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_index_advice';
comment on function deal_advisor.index_advice(text, deal_advisor.statement[], text, name[], int, text[], name, interval, jsonb) is
'Ranked index advice for one statement (query), a given workload, or what pg_stat_statements saw. budget: bytes for the new indexes together, e.g. ''500MB''; schemas: only their tables; max_columns: of a key, 1 to 8; as_role: plan as that role (row security counts); time_limit: best advice so far when it passes, null for none. options: details (bool: rows for near-winners and why they are left out, and for skipped statements, which come anyway when there is nothing else), budget_is_net (bool: bytes that drops and replacements free may be spent again), max_planner_calls, min_gain_pct, min_table_pages, unused_after (days without a scan after which an index may go), sample_rows, size_model (own, or hypopg to compare with tools that count its sizes), progress (seconds between NOTICE lines that tell how far it is, 5 unless given, 0 for none). Changes nothing, keeps no lock. Errors: 22023 for bad arguments, 55000 without a workload. Example: select rank, action, relation, pg_size_pretty(est_bytes), benefit_pct, why from deal_advisor.index_advice(budget => ''500MB'');';
