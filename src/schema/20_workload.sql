-- Workload: what runs, how often, as whom. Every advisor reads statements through these.

create type deal_advisor.statement as (
  query text,
  calls float8,
  mean_ms float8,
  role name,
  search_path text,
  source text,
  query_id text
);
comment on type deal_advisor.statement is
'One statement of a workload: query = its text (may hold $n parameters), calls = executions seen, mean_ms = mean execution time in milliseconds, role = who runs it (null: the caller), search_path = how its names resolve (null: the role''s own setting), source = where it was seen, query_id = a stable id. Example: select row(''select 1'', 10, 0.1, null, null, null, null)::deal_advisor.statement;';

create function deal_advisor.workload(source regclass default null,
    statements deal_advisor.statement[] default null, options jsonb default '{}')
  returns setof deal_advisor.statement
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_workload';
comment on function deal_advisor.workload(regclass, deal_advisor.statement[], jsonb) is
'The workload as rows, most total time first. Without arguments: the statements of pg_stat_statements that ran in this database; source => a table or view with a column query and any of calls, mean_ms, total_exec_time, role, search_path, query_id; statements => an array, completed with defaults. options: min_calls, limit, roles (array), include_utility, include_system (true or false). Errors: 55000 when there is no workload, 22023 for bad options. Example: select query, calls, mean_ms from deal_advisor.workload(options => ''{"limit": 10}'');';
