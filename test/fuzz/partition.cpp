// Steps, uuids and ULIDs from arbitrary bytes: what is read is in range, and reads back as itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "core/partition/grid.hpp"

namespace {

using namespace deal::partition;

void read_step(KeyKind kind, std::string_view text) {
  try {
    const Step step = parse_step(kind, text);
    const int fields = (step.months > 0) + (step.days > 0) + (step.units > 0);
    if (fields != 1 || step.months > 1'200 || step.days > 36'525) std::abort();
    if (!(parse_step(kind, to_string(kind, step)) == step)) std::abort();
  } catch (const deal::Error& error) {
    if (error.sqlstate() != "22023") std::abort();
  }
}

void read_value(KeyKind kind, std::string_view text) {
  const auto position = position_of(kind, text);
  if (!position) return;
  const std::string literal = bound_literal(kind, *position);
  if (position_of(kind, std::string_view(literal).substr(1, literal.size() - 2)) != position) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const KeyKind kind : {KeyKind::timestamptz, KeyKind::date, KeyKind::integer})
    read_step(kind, text);
  read_value(KeyKind::uuidv7, text);
  read_value(KeyKind::ulid, text);
  return 0;
}
