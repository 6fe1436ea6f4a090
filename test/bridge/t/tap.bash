# Shell tests in TAP: sourced. Results of psql: $out (stdout), $err (stderr with SQLSTATEs), $status.
set -uo pipefail
tests=0
failures=0
work=$(mktemp -d)
chmod 755 "$work"

result() { # passed? description
  tests=$((tests + 1))
  [ "$1" = 0 ] || { printf 'not ' && failures=$((failures + 1)); }
  echo "ok $tests - $2"
}
is() { # got wanted description
  if [ "$1" = "$2" ]; then result 0 "$3"; else result 1 "$3" && printf '# got:    %s\n# wanted: %s\n' "${1//$'\n'/$'\n'#   }" "$2"; fi
}
contains() { # text part description
  if [[ $1 == *"$2"* ]]; then result 0 "$3"; else result 1 "$3" && printf '# in:     %s\n# wanted: %s\n' "${1//$'\n'/$'\n'#   }" "$2"; fi
}
sql() { # psql with arguments; a session that goes on after errors
  out=$(PGOPTIONS='' psql -X -q -A -t -v VERBOSITY=verbose "$@" 2> "$work/err")
  status=$?
  err=$(cat "$work/err")
}
value() { sql -c "$1" && echo "$out"; }
code() { # SQLSTATE of the last sql, 00000 for none
  local state
  state=$(grep -oE '(ERROR|FATAL):  [0-9A-Z]{5}' <<< "$err" | head -1 | awk '{ print $2 }')
  echo "${state:-00000}"
}
wait_for() { # query that says t, within a minute
  local try
  for try in $(seq 600); do
    [ "$(psql -X -q -A -t -c "$1" 2> /dev/null)" != t ] || return 0
    sleep 0.1
  done
  echo "# waited a minute for: $1"
  return 1
}
plan() { # at the end
  echo "1..$tests"
  rm -rf "$work"
  [ "$failures" = 0 ]
}
