# Shell tests in TAP: sourced. Results of psql: $out (stdout), $err (stderr with SQLSTATEs), $status.
set -euo pipefail
tests=0
failures=0
work=$(mktemp -d)
chmod 755 "$work"

result() { # passed? description
  tests=$((tests + 1))
  if [ "$1" != 0 ]; then
    printf 'not '
    failures=$((failures + 1))
  fi
  echo "ok $tests - $2"
}
comment() { sed 's/^/# /' <<< "$1"; }
is() { # got wanted description
  if [ "$1" = "$2" ]; then
    result 0 "$3"
  else
    result 1 "$3"
    comment "got:    $1" && comment "wanted: $2"
  fi
}
contains() { # text part description
  if [[ $1 == *"$2"* ]]; then
    result 0 "$3"
  else
    result 1 "$3"
    comment "in:     $1" && comment "wanted: $2"
  fi
}
sql() { # psql with arguments; a session that goes on after errors
  status=0
  out=$(psql -X -q -A -t -v VERBOSITY=verbose "$@" 2> "$work/err") || status=$?
  err=$(cat "$work/err")
}
value() { sql -c "$1" && echo "$out"; }
code() { # SQLSTATE of the last sql, 00000 for none
  local state
  state=$(sed -nE 's/.*(ERROR|FATAL):  ([0-9A-Z]{5}):.*/\2/p' <<< "$err")
  state=${state%%$'\n'*}
  echo "${state:-00000}"
}
wait_for() { # query [description]: until it says t, at most a minute; a test of its own if described
  local try
  for try in $(seq 600); do
    if [ "$(psql -X -q -A -t -c "$1" 2> /dev/null)" = t ]; then
      [ -z "${2:-}" ] || result 0 "$2"
      return 0
    fi
    sleep 0.1
  done
  comment "waited a minute for: $1"
  result 1 "${2:-$1}"
}
ended() { # pid: waits for a child, whatever its status, which is left in $status
  status=0
  wait "$1" || status=$?
}
plan() { # at the end
  echo "1..$tests"
  rm -rf "$work"
  [ "$failures" = 0 ]
}
