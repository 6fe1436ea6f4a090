#!/usr/bin/env bash
# The worker on servers that are starved of workers, crashed, and standing by: each a private one of this test.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tap.bash"
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
home=$(mktemp -d /tmp/deal_own.XXXXXX)
standby=
cleanup() {
  if [ -n "$standby" ]; then
    kill -INT "$(head -1 "$home/s/standby/postmaster.pid")" 2> /dev/null || true
    ended "$standby"
  fi
  "$top/ci/server" stop "$home/s" > /dev/null 2>&1 || true
  rm -rf "$home"
}
trap cleanup EXIT
chmod 755 "$home"

# One worker slot, which the launcher of logical replication takes
"$top/ci/server" start "$home/s" max_worker_processes=1 fsync=off || { echo "Bail out! no server" && exit 1; }
. "$home/s/env"
sql -v ON_ERROR_STOP=1 -c "create extension deal_advisor_test" -c "create table items (a int)" \
  -c "insert into items select generate_series(1, 1000)"
is "$status" 0 "a server with one worker slot"
sql -c "call deal_test.run('create index concurrently one on items (a)', 'create index concurrently two on items (a)')"
is "$(code)" 53400 "no free slot"
contains "$err" "Raise max_worker_processes" "a HINT says what to do"
contains "$err" $'\n  create index concurrently one on items (a);\n  create index concurrently two on items (a);' "and has the statements for psql"
is "$(value "select count(*) from pg_index where indrelid = 'items'::regclass")" 0 "nothing is done"
is "$(value 'select 1')" 1 "the server works"

# kill -9 of the worker in a build: the server restarts itself
sql -c "alter system set max_worker_processes = 8"
"$top/ci/server" restart "$home/s"
psql -X -q -c "begin; insert into items values (1); select pg_sleep(600)" > /dev/null 2>&1 &
holder=$!
wait_for "select exists (select from pg_stat_activity where wait_event = 'PgSleep')"
PGAPPNAME=bridge_caller psql -X -q -v VERBOSITY=verbose -c "call deal_test.run('create index concurrently one on items (a)')" > "$work/caller" 2>&1 &
caller=$!
wait_for "select exists (select from pg_stat_activity where backend_type = 'deal_advisor worker' and wait_event_type = 'Lock')"
started=$(value "select pg_postmaster_start_time()")
kill -KILL "$(value "select pid from pg_stat_activity where backend_type = 'deal_advisor worker'")"
ended "$caller"
is $status 2 "the caller loses its connection when the worker is killed"
ended "$holder"
wait_for "select not pg_is_in_recovery()" "the server recovers"
is "$(value "select pg_postmaster_start_time()")" "$started" "by itself"
is "$(value "select count(*) from items")" 1000 "committed rows are there, others are not"
is "$(value "select string_agg(indisvalid::text, ',') from pg_index where indrelid = 'items'::regclass")" false "only an INVALID index is left"
sql -c "call deal_test.run('drop index concurrently one', 'create index concurrently one on items (a)')"
is "$(code)" 00000 "the next build works"

# a standby has no use for the worker, and must not wait for one
"$top/ci/server" run "$home/s" pg_basebackup -D "$home/s/standby" -R -c fast --no-sync > "$work/backup" 2>&1 || cat "$work/backup"
"$top/ci/server" run "$home/s" timeout 120 "$(dirname "$PG_CONFIG")/postgres" -D "$home/s/standby" -p 5433 > "$work/standby.log" 2>&1 &
standby=$!
export PGPORT=5433
wait_for "select pg_is_in_recovery()" "a standby"
sql -c "call deal_test.run('create index concurrently two on items (a)')"
is "$(code)" 25006 "refused on a standby"
is "$(value "select deal_test.query('select count(*) from items')")" 1000 "sessions read on a standby"
is "$(value "select deal_test.as_role('postgres', 'select 1', true)")" "ok, then postgres, read only" "subtransactions and roles work on a standby"
is "$(value "select deal_test.limited(20)")" "expired: 57014" "time limits work on a standby"
plan
