#include "server/bridge/transaction.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "server/bridge/time_limit.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "tcop/pquery.h"
#include "utils/wait_event.h"
}

namespace pg {

namespace {

void commit_without_snapshot() {
  call([] {
    if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
      fail_in_call(ERRCODE_INTERNAL_ERROR, "could not connect to the server programming interface");
    SPI_commit();
    SPI_finish();
  });
}

/// A procedure's statements read under its portal's snapshot; a commit takes that away.
void need_snapshot() {
  call([] { EnsurePortalSnapshotExists(); });
}

}  // namespace

void require_own_transactions(const Arguments& args) {
  auto const* context = reinterpret_cast<const CallContext*>(args.fcinfo()->context);
  if (context == nullptr || !IsA(context, CallContext) || context->atomic || IsSubTransaction())
    throw deal::Error("25001",
                      "this procedure commits, so it cannot run inside a transaction block or a function")
        .hint("CALL it as a statement of its own, outside BEGIN ... COMMIT.");
  if (XactReadOnly) throw deal::Error("25006", "this procedure cannot run in a read-only transaction");
}

void commit() {
  commit_without_snapshot();
  need_snapshot();
}

void commit_and_pause(double milliseconds) {
  commit_without_snapshot();
  pause(milliseconds);
  need_snapshot();
}

void pause(double milliseconds) {
  double const end = elapsed_clock_ms() + milliseconds;
  while (elapsed_clock_ms() < end) {
    auto const timeout = static_cast<long>(std::max(std::ceil(end - elapsed_clock_ms()), 1.0));
    call([&] {
      (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout, PG_WAIT_EXTENSION);
      ResetLatch(MyLatch);
    });
    check_for_interrupts();
  }
}

}  // namespace pg
