#include "server/bridge/arguments.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/timestamp.h"
}

namespace pg {

Datum Arguments::datum(int i) const {
  if (is_null(i))
    throw deal::Error("22004", "argument " + std::to_string(i + 1) + " must not be null")
        .hint("See the function's comment: \\df+ or deal_advisor.help().");
  return fcinfo_->args[i].value;
}

std::string Arguments::json(int i) const {
  return output_of(datum(i), JSONBOID);
}

int64_t Arguments::milliseconds(int i) const {
  Interval const* const interval = DatumGetIntervalP(datum(i));
  int64_t const days = interval->day + 30LL * interval->month;
  return interval->time / 1000 + (interval->time % 1000 > 0 ? 1 : 0) + days * 86'400'000LL;
}

std::optional<std::string> Arguments::optional_text(int i) const {
  if (is_null(i)) return std::nullopt;
  return text(i);
}

std::vector<std::string> Arguments::text_array_or_empty(int i) const {
  if (is_null(i)) return {};
  return text_array(i);
}

}  // namespace pg
