#include "server/bridge/one_snapshot.hpp"

#include "core/base/error.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "executor/spi.h"
#include "utils/snapmgr.h"
}

namespace pg {

OneSnapshot::OneSnapshot() : snapshot_(call([] { return RegisterSnapshot(GetLatestSnapshot()); })) {}

OneSnapshot::~OneSnapshot() {
  if (!unwinding_.by_server_error()) UnregisterSnapshot(snapshot_);  // else the abort does
}

int64_t OneSnapshot::execute(const std::string& sql) const {
  Spi const session;
  struct Outcome {
    int code;
    uint64 processed;
  };
  Outcome const outcome = call([&] {
    SPIPlanPtr const plan = SPI_prepare(sql.c_str(), 0, nullptr);
    if (plan == nullptr) return Outcome{SPI_result, 0};
    int const code = SPI_execute_snapshot(plan, nullptr, nullptr, snapshot_, InvalidSnapshot, false, true, 0);
    return Outcome{code, SPI_processed};
  });
  if (outcome.code < 0)
    throw deal::Error("XX000", std::string("statement failed: ") + SPI_result_code_string(outcome.code));
  return static_cast<int64_t>(outcome.processed);
}

}  // namespace pg
