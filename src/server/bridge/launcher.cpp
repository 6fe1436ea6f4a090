#include "server/bridge/launcher.hpp"

#include <algorithm>

#include "server/bridge/database_list.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/own_settings.hpp"
#include "server/bridge/time_limit.hpp"
#include "server/bridge/visit.hpp"

extern "C" {
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"
}

#ifndef DEAL_ADVISOR_MODULE
#define DEAL_ADVISOR_MODULE "deal_advisor"  // the library that the workers load
#endif

namespace pg {

namespace {

using deal::VisitSchedule;

constexpr size_t kMostAtOnce = 2;
constexpr int kRestartSeconds = 10;

/// A visit under way. Its worker and its segment are the server's; both go with the process at the latest.
struct Running {
  Oid database = InvalidOid;
  dsm_segment* segment = nullptr;
  BackgroundWorkerHandle* handle = nullptr;
};

VisitSchedule::Milliseconds now_ms() {
  return static_cast<VisitSchedule::Milliseconds>(elapsed_clock_ms());
}

template <size_t N>
void put(char (&to)[N], const std::string& text) {
  to[text.copy(to, N - 1)] = '\0';
}

BackgroundWorker worker_of(const char* function, const char* type, const std::string& name) {
  BackgroundWorker worker{};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  put(worker.bgw_library_name, DEAL_ADVISOR_MODULE);
  put(worker.bgw_function_name, function);
  put(worker.bgw_type, type);
  put(worker.bgw_name, name);
  return worker;
}

dsm_segment* new_segment(Oid database) {
  return call([&] {
    dsm_segment* const segment = dsm_create(sizeof(VisitReport), 0);
    dsm_pin_mapping(segment);
    auto* const report = static_cast<VisitReport*>(dsm_segment_address(segment));
    std::memset(report, 0, sizeof(VisitReport));
    report->magic = VisitReport::kMagic;
    report->database = database;
    return segment;
  });
}

class Launcher {
 public:
  void turn() {
    reload_settings();
    collect_ended();
    std::vector<VisitSchedule::Database> const databases = wanted_databases();
    schedule_.update(databases, VisitSchedule::Milliseconds{1000} * maintenance_repeat_s(), now_ms());
    for (auto const& database : schedule_.due(now_ms()))
      start(database);
    sleep();
  }

 private:
  void reload_settings() {
    if (ConfigReloadPending == 0) return;
    ConfigReloadPending = 0;
    call([] { ProcessConfigFile(PGC_SIGHUP); });
    unknown_told_ = false;
  }

  /// Those that the setting names and that are there.
  std::vector<VisitSchedule::Database> wanted_databases() {
    std::vector<std::string> const names = databases_maintain();
    std::vector<VisitSchedule::Database> there = read_databases();
    if (std::ranges::find(names, "*") != names.end()) return there;
    tell_unknown(names, there);
    std::erase_if(
        there, [&](const auto& database) { return std::ranges::find(names, database.name) == names.end(); });
    return there;
  }

  /// A misspelt name would otherwise never be noticed. Told once, and again after a reload.
  void tell_unknown(const std::vector<std::string>& names,
                    const std::vector<VisitSchedule::Database>& there) {
    if (std::exchange(unknown_told_, true)) return;
    for (auto const& name : names) {
      if (std::ranges::find(there, name, &VisitSchedule::Database::name) != there.end()) continue;
      call([&] {
        ereport(WARNING, (errcode(ERRCODE_UNDEFINED_DATABASE),
                          errmsg("deal_advisor.databases_maintain names \"%s\", which is no database that "
                                 "can be maintained",
                                 name.c_str())));
      });
    }
  }

  void start(const VisitSchedule::Database& database) {
    BackgroundWorker worker = worker_of("deal_advisor_visit_main", "deal_advisor maintenance",
                                        "deal_advisor maintenance of database " + database.name);
    Running visit;
    visit.database = database.oid;
    visit.segment = new_segment(database.oid);
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_notify_pid = MyProcPid;
    worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(visit.segment));
    bool const registered = call([&] {
      MemoryContextSwitchTo(TopMemoryContext);
      return RegisterDynamicBackgroundWorker(&worker, &visit.handle);
    });
    if (!registered) {
      call([&] { dsm_detach(visit.segment); });
      tell_no_slot(database);
      schedule_.refused(database.oid, now_ms());
      return;
    }
    slots_were_free_ = true;
    running_.push_back(visit);
    schedule_.begun(database.oid, now_ms());
  }

  void tell_no_slot(const VisitSchedule::Database& database) {
    if (!std::exchange(slots_were_free_, false)) return;
    call([&] {
      ereport(WARNING,
              (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
               errmsg("no background worker slot is free to maintain database \"%s\"", database.name.c_str()),
               errhint("Raise max_worker_processes.")));
    });
  }

  void collect_ended() {
    std::erase_if(running_, [&](Running& visit) {
      pid_t pid = 0;
      if (call([&] { return GetBackgroundWorkerPid(visit.handle, &pid); }) != BGWH_STOPPED) return false;
      auto const report = *static_cast<const VisitReport*>(dsm_segment_address(visit.segment));
      std::optional<VisitSchedule::Milliseconds> interval;
      if (report.connected) interval = VisitSchedule::Milliseconds{1000} * report.repeat_s;
      schedule_.ended(visit.database, interval, now_ms());
      call([&] {
        dsm_detach(visit.segment);
        pfree(visit.handle);
      });
      return true;
    });
  }

  /// Until something is due, a visit has ended, settings have changed or the server stops.
  void sleep() const {
    auto const timeout = static_cast<long>(schedule_.pause(now_ms()));
    call([&] {
      (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout, PG_WAIT_EXTENSION);
      ResetLatch(MyLatch);
      if (ProcDiePending != 0) proc_exit(1);  // as everybody expects it: nothing worth a message
    });
    check_for_interrupts();
  }

  VisitSchedule schedule_{kMostAtOnce};
  std::vector<Running> running_;
  bool unknown_told_ = false;
  bool slots_were_free_ = true;
};

}  // namespace

void register_launcher() {
  if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
  BackgroundWorker worker =
      worker_of("deal_advisor_launcher_main", "deal_advisor launcher", "deal_advisor launcher");
  worker.bgw_restart_time = kRestartSeconds;
  call([&] { RegisterBackgroundWorker(&worker); });
}

void launcher_main() {
  call([] {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  });
  Launcher launcher;
  Memory const scratch("deal_advisor launcher");
  InContext const inside(scratch.context());
  for (;;) {
    launcher.turn();
    scratch.reset();
  }
}

}  // namespace pg
