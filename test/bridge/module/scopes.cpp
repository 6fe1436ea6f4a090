/// Scopes that must put everything back: subtransactions, sessions, roles, settings, read only, time limits.

#include <csignal>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"
#include "module/live.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/time_limit.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
}

using deal_test::Live;

namespace {

/// Everything of the server that a caught error must leave as it was.
struct ServerState {
  MemoryContext memory = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  sigjmp_buf* handler = PG_exception_stack;
  ErrorContextCallback* callbacks = error_context_stack;
  int level = GetCurrentTransactionNestLevel();
  uint32 holdoff = InterruptHoldoffCount;
  uint32 cancel_holdoff = QueryCancelHoldoffCount;
  Oid role = pg::current_role();
  bool read_only = XactReadOnly;
  Snapshot snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : nullptr;
  std::string path = pg::setting("search_path");

  std::vector<std::string> differences(const ServerState& before) const {
    std::vector<std::string> list;
    auto const check = [&](bool same, const char* what) {
      if (!same) list.emplace_back(what);
    };
    check(memory == before.memory, "memory context");
    check(owner == before.owner, "resource owner");
    check(handler == before.handler, "exception stack");
    check(callbacks == before.callbacks, "error context callbacks");
    check(level == before.level, "transaction level");
    check(holdoff == before.holdoff, "interrupt holdoff");
    check(cancel_holdoff == before.cancel_holdoff, "cancel holdoff");
    check(role == before.role, "role");
    check(read_only == before.read_only, "read only");
    check(snapshot == before.snapshot, "active snapshot");
    check(path == before.path, "search_path");
    return list;
  }
};

std::string outcome(const std::optional<pg::Failure>& failure) {
  return failure ? failure->sqlstate + ": " + failure->message : "ok";
}

void execute(const std::string& sql) {
  Live const here;
  pg::Spi spi(pg::SearchPath::callers);
  spi.execute(sql);
}

}  // namespace

/// (sql, commit): "ok" or the failure that attempt() returned.
DEAL_FUNCTION(deal_advisor_test_attempt) {
  Live const here;
  auto const end = args.boolean(1) ? pg::OnSuccess::commit : pg::OnSuccess::roll_back;
  return pg::text_datum(outcome(pg::attempt(end, [&] { execute(args.text(0)); })));
}

/// (sql, what to throw after it, or null): the parts of the server's state that differ afterwards.
DEAL_FUNCTION(deal_advisor_test_rolled_back) {
  ServerState const before;
  try {
    Live const here;
    pg::rolled_back([&] {
      execute(args.text(0));
      std::string const kind = args.optional_text(1).value_or("");
      if (kind == "int") throw 42;
      if (kind == "advisor") throw deal::Error("DA002", "thrown inside");
    });
  } catch (...) {
    Live const handled;
  }
  return pg::text_array_datum(ServerState().differences(before));
}

/// (sql that fails): the same after attempt() swallowed it, with interrupts held by the caller.
DEAL_FUNCTION(deal_advisor_test_state_after) {
  HOLD_INTERRUPTS();
  HOLD_CANCEL_INTERRUPTS();
  ServerState const before;
  pg::attempt(pg::OnSuccess::commit, [&] { execute(args.text(0)); });
  auto const differences = ServerState().differences(before);
  if (InterruptHoldoffCount > 0) RESUME_INTERRUPTS();
  if (QueryCancelHoldoffCount > 0) RESUME_CANCEL_INTERRUPTS();
  return pg::text_array_datum(differences);
}

/// (failing sql, final sql): one session goes on after errors inside it; the final statement's first cell.
DEAL_FUNCTION(deal_advisor_test_session_goes_on) {
  Live const here;
  pg::Spi spi;
  for (int turn = 0; turn < 3; ++turn) {
    auto const failure = pg::attempt(pg::OnSuccess::commit, [&] { spi.execute(args.text(0)); });
    if (!failure) throw deal::Error("DA003", "the statement did not fail");
    auto const nested = pg::attempt(pg::OnSuccess::commit, [&] {
      pg::Spi inner;
      inner.execute(args.text(0));
    });
    if (!nested) throw deal::Error("DA003", "the nested statement did not fail");
  }
  return pg::text_datum(spi.query(args.text(1)).text(0, 0));
}

/// An advisor error swallowed outside the session and the settings in which it was thrown: what is left.
DEAL_FUNCTION(deal_advisor_test_advisor_error_in_session) {
  ServerState const before;
  try {
    pg::LocalSettings const settings;
    settings.set("work_mem", "123kB");
    pg::Spi spi;
    throw deal::Error("DA004", "thrown in a session");
  } catch (const deal::Error&) {
    Live const handled;
  }
  auto differences = ServerState().differences(before);
  if (pg::setting("work_mem") == "123kB") differences.emplace_back("work_mem");
  return pg::text_array_datum(differences);
}

/// (sql): a query right after a commit in a procedure, when no snapshot is active.
DEAL_FUNCTION(deal_advisor_test_query) {
  pg::Spi spi(pg::SearchPath::callers);
  return pg::text_datum(spi.query(args.text(0)).text(0, 0));
}

/// (role, sql): runs it as the role, read only if asked; "ok" or the failure, then the role afterwards.
DEAL_FUNCTION(deal_advisor_test_as_role) {
  Oid const role = pg::role_oid(args.text(0));
  auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
    pg::AsRole const as(role);
    std::optional<pg::ReadOnly> read_only;
    if (args.boolean(2)) read_only.emplace();
    execute(args.text(1));
  });
  return pg::text_datum(outcome(failure) + ", then " + pg::role_name(pg::current_role()) +
                        (XactReadOnly ? ", read only" : ""));
}

/// (name, value, sql): the first cell of the query under a local setting, then the setting afterwards.
DEAL_FUNCTION(deal_advisor_test_with_setting) {
  std::string const name = args.text(0);
  std::string inside;
  auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
    pg::LocalSettings const settings;
    settings.set(name.c_str(), args.text(1));
    pg::Spi spi(pg::SearchPath::callers);
    inside = spi.query(args.text(2)).text(0, 0);
  });
  return pg::text_datum((failure ? outcome(failure) : inside) + ", then " + pg::setting(name.c_str()));
}

/// (milliseconds, sql or null for a loop in C++): what ended it.
DEAL_FUNCTION(deal_advisor_test_limited) {
  pg::TimeLimit const limit(args.int8(0));
  try {
    pg::rolled_back([&] {
      Live const here;
      if (!args.is_null(1)) {
        execute(args.text(1));
        return;
      }
      deal::InterruptPoll poll;
      for (;;) {
        Live const turn;
        poll.step();
      }
    });
  } catch (const pg::ServerError& error) {
    if (!limit.expired()) throw;
    return pg::text_datum("expired: " + error.sqlstate());
  }
  return pg::text_datum(limit.expired() ? "done after expiry" : "done");
}

/// Limits inside limits: one without a limit leaves the outer alone; a second real one is refused.
DEAL_FUNCTION(deal_advisor_test_nested_limits) {
  pg::TimeLimit const outer(20);
  while (!outer.expired())
    pg::elapsed_clock_ms();
  { pg::TimeLimit const none(0); }
  std::string result = outer.expired() ? "still expired" : "forgotten";
  try {
    pg::TimeLimit const second(1000);
  } catch (const deal::Error& error) {
    result += ", " + error.sqlstate();
  }
  return pg::text_datum(result + (outer.expired() ? ", still expired" : ", forgotten"));
}

/// (cancel too): a limit that passes after the last poll, and perhaps a user's cancel: is a cancel pending?
DEAL_FUNCTION(deal_advisor_test_late_limit) {
  {
    pg::TimeLimit const limit(5);
    while (!limit.expired())
      pg::elapsed_clock_ms();
    if (args.boolean(0)) std::raise(SIGINT);
  }
  return BoolGetDatum(QueryCancelPending != 0);
}
