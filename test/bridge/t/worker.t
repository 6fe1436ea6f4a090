#!/usr/bin/env bash
# Statements that refuse to run inside a function, through the background worker.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tap.bash"

sql -v ON_ERROR_STOP=1 << 'SQL'
drop schema if exists shop, other cascade;
drop role if exists bridge_owner, bridge_stranger;
create role bridge_owner login;
create role bridge_stranger login;
create schema shop authorization bridge_owner;
create schema other authorization bridge_owner;
grant usage on schema deal_test to public;
set role bridge_owner;
create table shop.items (a int, b text, d date);
insert into shop.items select g, g::text, date '2024-01-01' + g % 500 from generate_series(1, 20000) g;
create table other.items (a int);
SQL
is "$status" 0 "a table with rows"
worker_there="exists (select from pg_stat_activity where backend_type = 'deal_advisor worker')"
index() { value "select c.relowner::regrole || ' ' || i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid where c.oid = to_regclass('$1')"; }

sql -c "call deal_test.run('create index concurrently items_a on shop.items (a)')"
is "$(code)" 00000 "CREATE INDEX CONCURRENTLY as a superuser"
contains "$err" "running create index concurrently items_a" "a NOTICE tells of the statement"
is "$(index shop.items_a)" "bridge_owner true" "the index is valid"
sql -c "set role bridge_owner" -c "call deal_test.run('create index concurrently items_b on shop.items (b)', 'create index on shop.items (d)')"
is "$(code)" 00000 "after SET ROLE to the owner, two statements"
is "$(index shop.items_b)" "bridge_owner true" "the index is valid and its owner's"
is "$(index shop.items_d_idx)" "bridge_owner true" "so is the second"
sql -U bridge_owner -c "call deal_test.run('drop index concurrently shop.items_b')"
is "$(code) $(index shop.items_b)" "00000 " "as the owner logged in, DROP INDEX CONCURRENTLY"
sql -U bridge_owner -c "call deal_test.run('reindex index concurrently shop.items_a')"
is "$(code)" 00000 "REINDEX CONCURRENTLY"
sql -c "call deal_test.run('vacuum shop.items')"
is "$(code)" 00000 "VACUUM"

# rights
sql -c "set role bridge_stranger" -c "call deal_test.run('create index concurrently stolen on shop.items (a)')"
is "$(code)" 42501 "after SET ROLE to a role without rights: refused by the worker"
sql -U bridge_stranger -c "call deal_test.run('create index concurrently stolen on shop.items (a)')"
is "$(code)" 42501 "as that role logged in: refused"
sql -c "set role bridge_stranger" -c "call deal_test.run('alter role bridge_stranger superuser')"
is "$(code)" 42501 "the session's own rights are out of reach"

# where it may be called
for context in "begin; call deal_test.run('vacuum shop.items')" \
  "do \$\$ begin begin call deal_test.run('vacuum shop.items'); exception when division_by_zero then null; end; end \$\$"; do
  sql -c "$context"
  is "$(code)" 25001 "refused: $context"
done
sql << 'SQL'
begin;
call deal_test.run('vacuum shop.items');
SQL
is "$(code)" 25001 "refused in a transaction block"
contains "$err" "CALL it as a statement of its own" "with a HINT"
sql << 'SQL'
create function pg_temp.f() returns void language plpgsql as $$ begin call deal_test.run('vacuum shop.items'); end $$;
select pg_temp.f();
SQL
is "$(code)" 25001 "refused in a function"
sql -c "set default_transaction_read_only = on" -c "call deal_test.run('vacuum shop.items')"
is "$(code)" 25006 "refused in a read-only transaction"
sql << 'SQL'
create procedure shop.p() language plpgsql as $$
begin
  insert into shop.items values (-1);
  call deal_test.run('create index concurrently items_p on shop.items (a) where a < 0');
  insert into shop.items values (-2);
end $$;
call shop.p();
SQL
is "$(code)" 00000 "inside a procedure called at top level"
is "$(value 'select count(*) from shop.items where a < 0') $(index shop.items_p)" "2 bridge_owner true" "which goes on after it"

# errors
sql -c "call deal_test.run('create index concurrently items_1 on shop.items (a, b)', 'create index concurrently on shop.items (nothing)', 'create index concurrently items_3 on shop.items (a)')"
is "$(code)" 42703 "a failing statement gives its own SQLSTATE"
contains "$err" 'column "nothing" does not exist' "and its message"
contains "$err" 'Statement: create index concurrently on shop.items (nothing)' "and says which statement it was"
is "$(index shop.items_1)" "bridge_owner true" "those before it stay done"
is "$(index shop.items_3)" "" "those after it do not run"
sql -c "call deal_test.run('create unique index concurrently doubled on shop.items ((a % 2))')"
is "$(code)" 23505 "a duplicate key found by the build"
contains "$err" "is duplicated" "with its DETAIL"
is "$(index shop.doubled)" "bridge_owner false" "leaves an INVALID index"
sql -c "call deal_test.run('select 1; drop table shop.items')"
is "$(code)" 42601 "two statements in one text are refused"
sql -c "call deal_test.run('select ')" -c "call deal_test.run('selec')"
is "$(code)" 42601 "a syntax error"
sql -c "call deal_test.run()" -c "call deal_test.run(variadic '{}'::text[])"
is "$(value 'select count(*) from shop.items where a < 0')" 2 "no statement, nothing done"

# the caller's settings
sql -c "set search_path = other" -c "call deal_test.run('create index concurrently here on items (a)')"
is "$(code) $(index other.here)" "00000 bridge_owner true" "the caller's search_path"
long=$(printf 'no_such_schema_%s, ' $(seq 200))
sql -c "set search_path = $long other" -c "call deal_test.run('create index concurrently there on items (a)')"
is "$(code) $(index other.there)" "00000 bridge_owner true" "also one of several kilobytes"
sql -c "set datestyle = 'SQL, DMY'" -c "call deal_test.run('create index concurrently dated on shop.items (d) where d > ''01/02/2024''')"
contains "$(value "select pg_get_indexdef(to_regclass('shop.dated'))")" 2024-02-01 "the caller's DateStyle"
psql -X -q -c "begin; lock table shop.items in access exclusive mode; select pg_sleep(600)" > /dev/null 2>&1 &
holder=$!
wait_for "select exists (select from pg_locks where relation = 'shop.items'::regclass and mode = 'AccessExclusiveLock' and granted)"
sql -c "set lock_timeout = '200ms'" -c "call deal_test.run('create index concurrently late on shop.items (a)')"
is "$(code)" 55P03 "the caller's lock_timeout"
sql -c "select pg_terminate_backend(pid) from pg_locks where relation = 'shop.items'::regclass and mode = 'AccessExclusiveLock'"
ended "$holder"

# cancel and termination: a writer keeps the concurrent build waiting
start_waiting_build() { # name
  psql -X -q -c "begin; insert into shop.items values (1); select pg_sleep(600)" > /dev/null 2>&1 &
  holder=$!
  wait_for "select exists (select from pg_stat_activity where query like '%pg_sleep(600)%' and wait_event = 'PgSleep')"
  PGAPPNAME=bridge_caller psql -X -q -v VERBOSITY=verbose -c "call deal_test.run('create index concurrently $1 on shop.items (a)')" \
    > "$work/caller" 2>&1 &
  caller=$!
  wait_for "select exists (select from pg_stat_activity where backend_type = 'deal_advisor worker' and wait_event_type = 'Lock')"
}
end_waiting_build() {
  ended "$caller"
  err=$(cat "$work/caller")
  wait_for "select not $worker_there" "$1: the worker ends"
  sql -c "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()"
  ended "$holder"
  err=$(cat "$work/caller")
}
start_waiting_build waiting1
sql -c "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'bridge_caller'"
end_waiting_build "the caller is cancelled"
is "$(code)" 57014 "the caller is cancelled: its SQLSTATE"
is "$(index shop.waiting1)" "bridge_owner false" "only an INVALID index is left"
sql -c "call deal_test.run('drop index concurrently shop.waiting1', 'create index concurrently waiting1 on shop.items (a)')"
is "$(code) $(index shop.waiting1)" "00000 bridge_owner true" "which can be replaced"

start_waiting_build waiting2
sql -c "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bridge_caller'"
end_waiting_build "the caller is terminated"
is "$(code)" 57P01 "the caller is terminated: its SQLSTATE"

start_waiting_build waiting3
sql -c "select pg_cancel_backend(pid) from pg_stat_activity where backend_type = 'deal_advisor worker'"
end_waiting_build "the worker is cancelled"
is "$(code)" 57014 "the worker is cancelled: the caller's SQLSTATE"

start_waiting_build waiting4
sql -c "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'deal_advisor worker'"
end_waiting_build "the worker is terminated"
is "$(code)" 58000 "the worker is terminated: the caller's SQLSTATE"
contains "$err" "INVALID index" "with a HINT"

sql -c "drop schema shop, other cascade" -c "drop role bridge_owner, bridge_stranger"
is "$(code)" 00000 "nothing is left behind"
plan
