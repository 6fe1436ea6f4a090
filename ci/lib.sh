# Shared by ci/test and its stages; sourced, never run. A stage is an executable in ci/stages: exit 0 is PASS,
# $SKIPPED is SKIPPED (say why first), all else is FAIL. It may call `counted PASSED FAILED` once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A make that starts us would otherwise hand its job server and flags to ours. Variables given on its command line
# (PG_CONFIG=...) arrive through the environment all the same.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR

# A clone may belong to somebody else than who tests it; git reads it all the same.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$PWD

SKIPPED=77
CI_JOBS=${CI_JOBS:-$(nproc)}

say() { echo "[${SECONDS}s] $*"; }

skip() {
  echo "SKIPPED: $*" >&2
  exit $SKIPPED
}

counted() { [ -z "${CI_COUNTS:-}" ] || echo "$1 $2" > "$CI_COUNTS"; }

# make, with one short line for each file compiled and everything that is not a command as it comes
# (perl: mawk reads ahead until its buffer is full, so its lines come minutes late)
short_make() {
  make -j"$CI_JOBS" "$@" 2>&1 | perl -ne '
    BEGIN { $| = 1 }
    if (/^\S*(g\+\+|clang\+\+|c\+\+)(-\d+)? .* -c /) { print "  compile $1\n" if / -o (\S+)/; next }
    next if m{^(\S*/)?([a-z0-9_-]*gcc|g\+\+|mkdir|install|rm)(-\d+)? } || /^make(\[\d+\])?: (Entering|Leaving|Nothing)/;
    print'
}

# The private server of this run: made by the stage "build", also when a later stage is called alone.
need_server() {
  [ -s "$CI_WORK/server/env" ] || ci/stages/build
  . "$CI_WORK/server/env"
}

# Files that the server's user must read or write, when that is not us.
for_server_user() { [ "$(id -u)" != 0 ] || chown -R postgres "$@"; }

# An empty database NAME with these extensions, made the current one
fresh_database() {
  local name=$1 extension
  shift
  dropdb --if-exists --maintenance-db=postgres "$name" 2> /dev/null
  createdb --maintenance-db=postgres "$name"
  export PGDATABASE=$name
  for extension in "$@"; do
    psql -Xq -v ON_ERROR_STOP=1 -c "create extension $extension"
  done
}

# pg_prove over the files given, with its sum of tests as the count
prove_sql() { with_tap_count pg_prove --failures "$@"; }

with_tap_count() {
  local out=$CI_WORK/prove.log status=0 total failed
  "$@" 2>&1 | tee "$out" || status=$?
  total=$(sed -nE 's/^Files=[0-9]+, Tests=([0-9]+).*/\1/p' "$out" | tail -1)
  failed=$(sed -nE 's/.*Failed ([0-9]+)\/[0-9]+ subtests.*/\1/p' "$out" | awk '{ n += $1 } END { print n + 0 }')
  [ "$status" = 0 ] || [ "$failed" -gt 0 ] || failed=1
  counted $((${total:-0} > failed ? ${total:-0} - failed : 0)) "$failed"
  if [ "$status" = 0 ] && [ "${total:-0}" = 0 ]; then
    echo "no test ran" >&2
    return 1
  fi
  return "$status"
}

# This tree's tests with the PostgreSQL MAJOR, in a chroot; its sum of tests is the count
test_in_chroot() {
  local out=$CI_WORK/pg$1.out status=0 good bad
  ci/chroot run "$1" | tee "$out" || status=$?
  read -r good bad < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$out" | tail -1) || true
  [ -z "${good:-}" ] || counted "$good" "$bad"
  return "$status"
}

# Files of the tree (tracked, or new and not ignored) whose names match the extended regular expression
tree_files() {
  {
    git ls-files --cached --others --exclude-standard 2> /dev/null ||
      find . -type f -not -path './build/*' -not -name '*.[od]' | sed 's|^\./||'
  } | grep -E "$1" | while read -r file; do [ ! -e "$file" ] || echo "$file"; done || true
}

# `file:line:text` of C++ files with comments and string literals blanked, so that a rule about code sees only code
code_of() {
  [ $# -gt 0 ] || return 0
  perl -0777 -ne '
    s{(//[^\n]*|/\*.*?\*/)|("(?:\\.|[^"\\\n])*")|(R"(\w*)\(.*?\)\4")}
     {my $t = $&; if (defined $2) { qq("") } else { $t =~ s/[^\n]//g; $t }}gse;
    my $n = 0; print map { $n++; "$ARGV:$n:$_\n" } split /\n/; ' "$@"
}
