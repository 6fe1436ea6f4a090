-- Who asks for advice without a workload is told how to get one, whatever is missing. Everything is rolled back.
\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only true
\pset pager off
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
create extension if not exists deal_advisor;
select plan(8);

-- The error of a statement: SQLSTATE, message, hint
create function pg_temp.error_of(statement text) returns text[] language plpgsql as $$
declare
  state text;
  message text;
  hint text;
begin
  execute statement;
  return null;
exception when others then
  get stacked diagnostics state = returned_sqlstate, message = message_text, hint = pg_exception_hint;
  return array[state, message, hint];
end
$$;

create function pg_temp.tells(what text, message text, hint text) returns setof text language plpgsql as $$
declare
  statement text;
  error text[];
begin
  foreach statement in array array['select deal_advisor.workload()', 'select deal_advisor.index_advice()'] loop
    error := pg_temp.error_of(statement);
    return next is(error[1], '55000', format('%s: %s fails', what, statement));
    return next ok(error[2] like message and error[3] like hint and error[3] like '%workload =>%query =>%',
                   format('%s: %s says how to go on', what, statement));
  end loop;
end
$$;

select current_setting('pg_stat_statements.max', true) is not null as preloaded \gset
drop extension if exists pg_stat_statements;
\if :preloaded
select pg_temp.tells('not created', '%does not exist in this database%', 'CREATE EXTENSION pg_stat_statements.%');
select skip('this server preloads pg_stat_statements', 4);
\else
select pg_temp.tells('nothing', '%neither loaded nor created%', '%shared_preload_libraries, restart%CREATE EXTENSION%');
create extension pg_stat_statements;
select pg_temp.tells('not preloaded', '%not loaded at server start%', '%shared_preload_libraries and restart.%');
\endif
select * from finish();
rollback;
