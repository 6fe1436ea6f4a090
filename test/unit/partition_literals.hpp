#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "core/partition/calendar.hpp"
#include "core/partition/key.hpp"

namespace deal::test {

/// Reads a literal of bound_literal() as the server would read it.
inline partition::Position position_of_literal(partition::KeyKind kind, const std::string& literal) {
  using partition::kSecond;
  if (literal.front() != '\'') return partition::position_of(kind, std::stoll(literal));
  const std::string text = literal.substr(1, literal.size() - 2);
  if (const auto position = partition::position_of(kind, text)) return *position;
  long long year = 0;
  int month = 0;
  int day = 0;
  int hours = 0;
  int minutes = 0;
  double seconds = 0;
  std::sscanf(text.c_str(), "%lld-%d-%d %d:%d:%lf", &year, &month, &day, &hours, &minutes, &seconds);
  if (text.ends_with(" BC")) year = 1 - year;
  const auto microseconds = static_cast<std::int64_t>(seconds * 1e6 + 0.5);
  return partition::days_of({year, month, day}) * partition::kDay + (hours * 60 + minutes) * 60 * kSecond +
         microseconds;
}

}  // namespace deal::test
