#include "server/bridge/cursor.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "executor/spi.h"
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

}  // namespace

Cursor::Cursor(Spi&, const std::string& sql, std::span<const Parameter> parameters, std::span<const Oid> types,
               CursorKind kind) {
  require_few(parameters);
  portal_ = call([&] {
    Bound bound;
    bind(parameters, bound);
    return SPI_cursor_open_with_args(nullptr, sql.c_str(), static_cast<int>(parameters.size()), bound.types,
                                     bound.values, bound.nulls, kind == CursorKind::reading, 0);
  });
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

int64_t execute_with(Spi&, const std::string& sql, std::span<const Parameter> parameters, AfterTriggers triggers) {
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
    int const code = SPI_execute_snapshot(plan, bound.values, bound.nulls, InvalidSnapshot, InvalidSnapshot, false,
                                          triggers == AfterTriggers::at_once, 0);
    return Outcome{code, static_cast<int64_t>(SPI_processed)};
  });
  if (outcome.code < 0)
    throw deal::Error("XX000", std::string("statement failed: ") + SPI_result_code_string(outcome.code));
  return outcome.rows;
}

}  // namespace pg
