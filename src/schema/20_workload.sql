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

create type deal_advisor.workload_status_row as (
  query_id text,
  role name,
  status text,
  reason text,
  share_of_time float8,
  calls float8,
  mean_ms float8,
  query text
);
comment on type deal_advisor.workload_status_row is
'What becomes of one statement of a workload: status = planned or skipped, reason = why it is skipped (for a planned one: what was assumed), share_of_time = its part of the whole workload''s time from 0 to 1 (of the calls when no times are known). Example: select (s).status from deal_advisor.workload_status() s;';

create function deal_advisor.workload_status(source regclass default null,
    statements deal_advisor.statement[] default null, options jsonb default '{}')
  returns setof deal_advisor.workload_status_row
  language c volatile parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_workload_status';
comment on function deal_advisor.workload_status(regclass, deal_advisor.statement[], jsonb) is
'Plans every statement of the workload once, as its role, and says which are skipped, why, and what share of the time goes with them. Executes nothing, keeps no lock. Arguments and errors: as workload(). Example: select reason, sum(share_of_time) from deal_advisor.workload_status() where status = ''skipped'' group by 1 order by 2 desc;';
