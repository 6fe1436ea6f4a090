#include "server/bridge/plan.hpp"

#include <unordered_map>

#include "core/base/error.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "utils/snapmgr.h"
}

namespace pg {

namespace {

struct KeyHash {
  size_t operator()(const PlanKey& key) const {
    return std::hash<uint64>()((uint64{key.constraint} << 32) ^ (uint64{key.relation} << 3) ^
                               static_cast<uint64>(key.kind));
  }
};

/// Plans live as long as the session.
SPIPlanPtr& plan_of(const PlanKey& key) {
  static auto* const plans = new std::unordered_map<PlanKey, SPIPlanPtr, KeyHash>;
  return (*plans)[key];
}

constexpr size_t kMostArguments = INDEX_MAX_KEYS + 2;

/// Arguments as SPI takes them.
struct Bound {
  int count = 0;
  Oid types[kMostArguments];
  Datum values[kMostArguments];
  char nulls[kMostArguments];
};

Bound bound(std::span<const PlanArgument> arguments) {
  if (arguments.size() > kMostArguments) throw deal::Error("XX000", "too many arguments of a prepared plan");
  Bound result;
  for (auto const& argument : arguments) {
    result.types[result.count] = argument.type;
    result.values[result.count] = argument.value.datum;
    result.nulls[result.count] = argument.value.null ? 'n' : ' ';
    ++result.count;
  }
  return result;
}

/// How many plans are running, one within the triggers of another.
int running = 0;

class Running {
 public:
  Running() { ++running; }
  ~Running() { --running; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

/// Drops a plan that is out of date: the server would make it anew from its old text, with old names. One
/// that may be running further out is left alone instead of freed.
void forget_if_stale(SPIPlanPtr& plan) {
  if (plan == nullptr || call([&] { return SPI_plan_is_valid(plan); })) return;
  if (running == 0) call([&] { SPI_freeplan(plan); });
  plan = nullptr;
}

PlanResult first_of(uint64 rows) {
  PlanResult result{rows, true};
  if (SPI_tuptable == nullptr || SPI_tuptable->numvals == 0) return result;
  (void)SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &result.first_null);
  return result;
}

SPIPlanPtr prepare(const char* text, Bound& arguments) {
  SPIPlanPtr const made = SPI_prepare(text, arguments.count, arguments.types);
  if (made == nullptr) fail_in_call(ERRCODE_INTERNAL_ERROR, SPI_result_code_string(SPI_result));
  SPI_keepplan(made);
  return made;
}

PlanResult execute(SPIPlanPtr plan, Bound& arguments, Sees sees) {
  bool const latest = sees == Sees::latest;
  Snapshot const snapshot = latest ? GetLatestSnapshot() : InvalidSnapshot;
  Snapshot const crosscheck =
      latest && IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : InvalidSnapshot;
  int const code =
      SPI_execute_snapshot(plan, arguments.values, arguments.nulls, snapshot, crosscheck, false, false, 0);
  if (code < 0) fail_in_call(ERRCODE_INTERNAL_ERROR, SPI_result_code_string(code));
  return first_of(SPI_processed);
}

}  // namespace

PlanResult run_plan(const PlanKey& key, const std::function<std::string()>& sql,
                    std::span<const PlanArgument> arguments, Sees sees) {
  Bound parameters = bound(arguments);
  SPIPlanPtr& plan = plan_of(key);
  forget_if_stale(plan);
  std::string const text = plan == nullptr ? sql() : std::string();
  Running const now;
  return call([&] {
    if (SPI_connect() != SPI_OK_CONNECT)
      fail_in_call(ERRCODE_INTERNAL_ERROR, "could not connect to the server programming interface");
    // Not by reference: the statement's own triggers may add plans.
    SPIPlanPtr current = plan;
    if (current == nullptr) plan = current = prepare(text.c_str(), parameters);
    PlanResult const result = execute(current, parameters, sees);
    SPI_finish();
    return result;
  });
}

}  // namespace pg
