#include "server/bridge/cursor.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "utils/memutils.h"
#include "utils/portal.h"
}

namespace pg {

namespace {

constexpr size_t kMostParameters = 64;
constexpr long kBatch = 1000;

struct Bound {
  Oid types[kMostParameters];
  Datum values[kMostParameters];
  char nulls[kMostParameters];
};

void require_few(std::span<const Parameter> parameters) {
  if (parameters.size() > kMostParameters) throw deal::Error("54023", "too many statement parameters");
}

void bind(std::span<const Parameter> parameters, Bound& bound) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    bound.types[i] = parameters[i].type;
    bound.values[i] = parameters[i].value.datum;
    bound.nulls[i] = parameters[i].value.null ? 'n' : ' ';
  }
}

/// Plans that the session keeps, newest first. Plain data that lives as long as the session.
struct KeptPlan {
  KeptPlan* next;
  char* sql;
  SPIPlanPtr plan;
};
KeptPlan* kept_plans = nullptr;
int kept_plan_count = 0;
constexpr int kMostKeptPlans = 32;

void forget_plans() {
  while (kept_plans != nullptr) {
    KeptPlan* const last = kept_plans;
    kept_plans = last->next;
    SPI_freeplan(last->plan);
    pfree(last->sql);
    pfree(last);
  }
  kept_plan_count = 0;
}

/// Inside call.
SPIPlanPtr kept_plan(const char* sql, size_t parameters, Oid* types) {
  for (KeptPlan* kept = kept_plans; kept != nullptr; kept = kept->next)
    if (strcmp(kept->sql, sql) == 0) return kept->plan;
  SPIPlanPtr const plan =
      SPI_prepare_cursor(sql, static_cast<int>(parameters), types, CURSOR_OPT_GENERIC_PLAN);
  if (plan == nullptr) return nullptr;
  if (kept_plan_count == kMostKeptPlans) forget_plans();
  auto* const kept = static_cast<KeptPlan*>(MemoryContextAlloc(TopMemoryContext, sizeof(KeptPlan)));
  kept->sql = MemoryContextStrdup(TopMemoryContext, sql);
  kept->plan = plan;
  if (SPI_keepplan(plan) != 0) return plan;
  kept->next = kept_plans;
  kept_plans = kept;
  ++kept_plan_count;
  return plan;
}

Portal open_portal(const std::string& sql, std::span<const Parameter> parameters, CursorKind kind) {
  Bound bound;
  bind(parameters, bound);
  if (kind == CursorKind::often) {
    SPIPlanPtr const plan = kept_plan(sql.c_str(), parameters.size(), bound.types);
    if (plan != nullptr) return SPI_cursor_open(nullptr, plan, bound.values, bound.nulls, true);
  }
  return SPI_cursor_open_with_args(nullptr, sql.c_str(), static_cast<int>(parameters.size()), bound.types,
                                   bound.values, bound.nulls, kind != CursorKind::locking, 0);
}

}  // namespace

Cursor::Cursor(Spi&, const std::string& sql, std::span<const Parameter> parameters,
               std::span<const Oid> types, CursorKind kind) {
  require_few(parameters);
  portal_ = call([&] { return open_portal(sql, parameters, kind); });
  shape_ = portal_->tupDesc;
  bool fits = shape_ != nullptr && static_cast<size_t>(shape_->natts) >= types.size();
  for (size_t i = 0; fits && i < types.size(); ++i)
    fits = TupleDescAttr(shape_, static_cast<int>(i))->atttypid == types[i];
  if (!fits) throw deal::Error("0A000", "a relation has columns of other types than it was made with");
}

Cursor::~Cursor() {
  if (unwinding_.by_server_error()) return;
  try {
    call([&] {
      if (batch_ != nullptr) SPI_freetuptable(batch_);
      SPI_cursor_close(portal_);
    });
  } catch (const std::exception&) {
    return;  // the session's end closes it
  }
}

std::span<HeapTuple> Cursor::fetch() {
  check_for_interrupts();
  call([&] {
    if (batch_ != nullptr) SPI_freetuptable(batch_);
    batch_ = nullptr;
    SPI_cursor_fetch(portal_, true, kBatch);
    batch_ = SPI_tuptable;
  });
  return {batch_->vals, batch_->numvals};
}

int64_t execute_with(Spi&, const std::string& sql, std::span<const Parameter> parameters,
                     AfterTriggers triggers) {
  require_few(parameters);
  struct Outcome {
    int code;
    int64_t rows;
  };
  Outcome const outcome = call([&] {
    Bound bound;
    bind(parameters, bound);
    SPIPlanPtr const plan = SPI_prepare(sql.c_str(), static_cast<int>(parameters.size()), bound.types);
    if (plan == nullptr) return Outcome{SPI_result, 0};
    int const code = SPI_execute_snapshot(plan, bound.values, bound.nulls, InvalidSnapshot, InvalidSnapshot,
                                          false, triggers == AfterTriggers::at_once, 0);
    return Outcome{code, static_cast<int64_t>(SPI_processed)};
  });
  if (outcome.code < 0)
    throw deal::Error("XX000", std::string("statement failed: ") + SPI_result_code_string(outcome.code));
  return outcome.rows;
}

}  // namespace pg
