#include "server/bridge/worker.hpp"

#include "core/base/error.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/top_level.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

#ifndef DEAL_ADVISOR_MODULE
#define DEAL_ADVISOR_MODULE "deal_advisor"  // the library that the worker loads
#endif

namespace pg {

namespace {

constexpr uint32_t kMagic = 0x0DEA1AD7;

/// The caller's settings that decide what a statement means, where it writes and what it may use.
constexpr const char* kCarried[] = {"search_path",
                                    "standard_conforming_strings",
                                    "DateStyle",
                                    "IntervalStyle",
                                    "TimeZone",
                                    "default_tablespace",
                                    "lock_timeout",
                                    "maintenance_work_mem",
                                    "max_parallel_maintenance_workers"};

/// What travels through the shared segment. The values of kCarried and then the statement follow it, each
/// with its final NUL.
struct Task {
  uint32_t magic;
  Oid database;
  Oid session_role;
  Oid role;
  bool done;
  int sqlerrcode;
  char message[4096];
  char detail[4096];
  char hint[1024];
  char* texts() { return reinterpret_cast<char*>(this + 1); }
};
static_assert(std::is_trivially_copyable_v<Task>);

/// Copies text that may be null, cut where a character ends.
template <size_t N>
void put(char (&to)[N], const char* from) {
  int const length =
      from == nullptr ? 0 : pg_mbcliplen(from, static_cast<int>(strlen(from)), static_cast<int>(N) - 1);
  if (length > 0) std::memcpy(to, from, static_cast<size_t>(length));
  to[length] = '\0';
}

/// Whose session the worker's is, as whom it acts, and how long it waits for locks ("": as the caller does).
struct Session {
  Oid session_role;
  Oid role;
  const char* lock_timeout;
};

std::string carried_value(const Session& session, std::string_view name) {
  bool const own = name == "lock_timeout" && session.lock_timeout[0] != '\0';
  return own ? session.lock_timeout : setting(name.data());
}

Task* new_task(dsm_segment*& segment, const Session& session, const std::string& statement) {
  std::string texts;
  for (const char* const name : kCarried)
    texts.append(carried_value(session, name)).push_back('\0');
  texts.append(statement).push_back('\0');
  return call([&] {
    segment = dsm_create(sizeof(Task) + texts.size(), 0);
    dsm_pin_mapping(segment);  // outlives the transaction that is committed below
    auto* task = static_cast<Task*>(dsm_segment_address(segment));
    std::memset(task, 0, sizeof(Task));
    task->magic = kMagic;
    task->database = MyDatabaseId;
    task->session_role = session.session_role;
    task->role = session.role;
    std::memcpy(task->texts(), texts.data(), texts.size());
    return task;
  });
}

std::string listed(std::span<const std::string> statements) {
  std::string list;
  for (auto const& statement : statements)
    list += "\n  " + statement + ";";
  return list;
}

deal::Error no_free_slot(std::span<const std::string> statements) {
  deal::Error error("53400", "no background worker slot is free");
  error.hint("Raise max_worker_processes, or run these statements in psql:" + listed(statements));
  return error;
}

/// What a session of the role would fail on before it could tell us.
const char* obstacle_to_session(Oid role) {
  return call([&]() -> const char* {
    HeapTuple const tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
    if (!HeapTupleIsValid(tuple)) return "is gone";
    [[maybe_unused]] bool const may_log_in = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolcanlogin;
    ReleaseSysCache(tuple);
#if PG_VERSION_NUM < 170000
    if (!may_log_in) return "is not permitted to log in";
#endif
#if PG_VERSION_NUM >= 160000
    bool const may_connect =
        object_aclcheck(DatabaseRelationId, MyDatabaseId, role, ACL_CONNECT) == ACLCHECK_OK;
#else
    bool const may_connect = pg_database_aclcheck(MyDatabaseId, role, ACL_CONNECT) == ACLCHECK_OK;
#endif
    return may_connect ? nullptr : "has no CONNECT privilege on the database";
  });
}

void require_session(Oid role, std::span<const std::string> statements) {
  const char* const obstacle = obstacle_to_session(role);
  if (obstacle == nullptr) return;
  throw deal::Error("28000", "no background worker can act as role \"" + role_name(role) + "\"")
      .detail("The role " + std::string(obstacle) + ".")
      .hint("Run these statements in psql, as a superuser or after SET ROLE:" + listed(statements));
}

BackgroundWorkerHandle* start_worker(dsm_segment* segment) {
  return call([&]() -> BackgroundWorkerHandle* {
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    put(worker.bgw_library_name, DEAL_ADVISOR_MODULE);
    put(worker.bgw_function_name, "deal_advisor_worker_main");
    put(worker.bgw_name, "deal_advisor concurrent statement");
    put(worker.bgw_type, "deal_advisor worker");
    worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
    worker.bgw_notify_pid = MyProcPid;
    MemoryContextSwitchTo(TopMemoryContext);  // needed until the segment is detached, perhaps at our exit
    BackgroundWorkerHandle* handle = nullptr;
    return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : nullptr;
  });
}

/// Runs when the caller's end of the segment goes, also at the exit of a terminated caller.
extern "C" void terminate_worker(dsm_segment*, Datum argument) {
  auto* const handle = reinterpret_cast<BackgroundWorkerHandle*>(DatumGetPointer(argument));
  TerminateBackgroundWorker(handle);
  pfree(handle);
}

/// Waits until the worker is gone. When the caller is cancelled or terminated first, the worker is too.
void wait_for_end(dsm_segment* segment, BackgroundWorkerHandle* handle) {
  call([&] {
    Datum const argument = PointerGetDatum(handle);
    on_dsm_detach(segment, terminate_worker, argument);
    InvalidateCatalogSnapshot();  // a concurrent build waits for every older snapshot: ours must not be one
    WaitForBackgroundWorkerShutdown(handle);
    cancel_on_dsm_detach(segment, terminate_worker, argument);
    pfree(handle);
  });
}

void commit_callers_transaction() {
  call([] {
    if (SPI_connect_ext(SPI_OPT_NONATOMIC) == SPI_OK_CONNECT) {
      SPI_commit();
      SPI_finish();
    }
  });
}

void require_top_level(const Arguments& args) {
  auto const* context = reinterpret_cast<const CallContext*>(args.fcinfo()->context);
  bool const top_level =
      context != nullptr && IsA(context, CallContext) && !context->atomic && !IsSubTransaction();
  if (!top_level)
    throw deal::Error("25001", "this procedure cannot run inside a transaction block or a function")
        .hint("CALL it as a statement of its own, outside BEGIN ... COMMIT.");
  // On a standby the worker would never start.
  if (XactReadOnly) throw deal::Error("25006", "this procedure cannot run in a read-only transaction");
}

void run_one(const Session& session, std::span<const std::string> remaining) {
  std::string const& statement = remaining.front();
  dsm_segment* segment = nullptr;
  Task* const task = new_task(segment, session, statement);
  Task result{};
  try {
    BackgroundWorkerHandle* const handle = start_worker(segment);
    if (handle == nullptr) throw no_free_slot(remaining);
    wait_for_end(segment, handle);
    result = *task;
  } catch (...) {
    call([&] { dsm_detach(segment); });
    throw;
  }
  call([&] { dsm_detach(segment); });
  if (result.done) return;
  if (result.sqlerrcode == 0)
    throw deal::Error("58000", "the background worker ended before the statement was done")
        .detail(statement)
        .hint("See the server log; look for an INVALID index that a concurrent build may have left.");
  deal::Error error(unpack_sql_state(result.sqlerrcode), result.message);
  error.detail(result.detail[0] != '\0' ? std::string(result.detail) : "Statement: " + statement);
  error.hint(result.hint);
  throw error;
}

void run_all(const Session& session, std::span<const std::string> statements) {
  commit_callers_transaction();
  for (size_t i = 0; i < statements.size(); ++i) {
    call([&] { ereport(NOTICE, (errmsg_internal("running %s", statements[i].c_str()))); });
    run_one(session, statements.subspan(i));
  }
}

/// Connects as the caller with the caller's settings; the statement's text.
const char* become_caller(Task& task) {
#if PG_VERSION_NUM >= 170000
  // Whether the caller may act for the role has been checked.
  constexpr uint32 kFlags = BGWORKER_BYPASS_ROLELOGINCHECK;
#else
  constexpr uint32 kFlags = 0;
#endif
  BackgroundWorkerInitializeConnectionByOid(task.database, task.session_role, kFlags);
  SetConfigOption("application_name", "deal_advisor worker", PGC_USERSET, PGC_S_SESSION);
  StartTransactionCommand();
  if (task.role != task.session_role)
    SetConfigOption("role", GetUserNameFromId(task.role, false), PGC_USERSET, PGC_S_SESSION);
  const char* text = task.texts();
  for (const char* const name : kCarried) {
    SetConfigOption(name, text, PGC_USERSET, PGC_S_SESSION);
    text += strlen(text) + 1;
  }
  CommitTransactionCommand();
  return text;
}

void record(Task& task, const ErrorData& error) {
  put(task.message, error.message);
  put(task.detail, error.detail);
  put(task.hint, error.hint);
  task.sqlerrcode = error.sqlerrcode;
}

}  // namespace

void run_in_worker(const Arguments& args, std::span<const std::string> statements) {
  require_top_level(args);
  run_all({GetSessionUserId(), GetUserId(), ""}, statements);
}

void run_in_worker_as(const Arguments& args, Oid role, std::span<const std::string> statements,
                      const char* lock_timeout) {
  require_top_level(args);
  require_session(role, statements);
  run_all({role, role, lock_timeout}, statements);
}

void worker_main(Datum argument) {
  Task* const task = call([&] {
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    dsm_segment* const segment = dsm_attach(DatumGetUInt32(argument));
    if (segment == nullptr) ereport(ERROR, (errmsg("could not map the shared memory of a worker's task")));
    auto* const mapped = static_cast<Task*>(dsm_segment_address(segment));
    if (mapped->magic != kMagic) ereport(ERROR, (errmsg("shared memory of a worker's task is not ours")));
    return mapped;
  });
  try {
    call([&] { run_top_level(become_caller(*task)); });
    task->done = true;
  } catch (const ServerError& error) {
    record(*task, error.data());  // the caller raises it; our own transaction ends with the process
  }
}

}  // namespace pg
