#include "core/partition/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/interrupt.hpp"
#include "core/partition/advice_choice.hpp"

namespace deal::partition {

namespace {

constexpr double kGigabyte = 1 << 30;
constexpr double kLeastLeaf = 1 * kGigabyte;
constexpr double kBestLeaf = 8 * kGigabyte;
constexpr double kMostLeaf = 50 * kGigabyte;
constexpr double kFewest = 20;
constexpr double kMost = 500;

/// How far a number lies outside the limits, in powers of two.
double beyond(double number, double least, double most) {
  if (number < least) return std::log2(least / number);
  return number > most ? std::log2(number / most) : 0;
}

double days_of_step(const Step& step) {
  return step.months * 30.44 + step.days + static_cast<double>(step.units) / static_cast<double>(kDay);
}

double usefulness(const AdviceRow& row) {
  double const size = std::log2(1 + static_cast<double>(row.table->bytes) / kGigabyte);
  return row.confidence * (1 + row.deleted_pct / 100 + row.pruned_pct / 200) * size;
}

}  // namespace

std::string_view name_of(Method method) {
  constexpr std::array<std::string_view, 3> kNames{"range", "list", "hash"};
  return kNames[static_cast<std::size_t>(method)];
}

std::optional<Step> step_for(std::int64_t bytes, Microseconds span) {
  constexpr std::array<Step, 6> kSteps{
      {{0, 0, kDay / 24}, {0, 1, 0}, {0, 7, 0}, {1, 0, 0}, {3, 0, 0}, {12, 0, 0}}};
  if (span <= 0) return std::nullopt;
  std::optional<Step> best;
  std::array<double, 2> least{};
  for (auto const& step : kSteps) {
    double const count =
        std::max(1.0, static_cast<double>(span) / static_cast<double>(kDay) / days_of_step(step));
    double const leaf = static_cast<double>(bytes) / count;
    std::array<double, 2> const badness{beyond(leaf, kLeastLeaf, kMostLeaf) + beyond(count, kFewest, kMost),
                                        std::abs(std::log2(leaf / kBestLeaf))};
    if (best && !(badness < least)) continue;
    best = step;
    least = badness;
  }
  return best;
}

std::vector<AdviceRow> advise(const std::vector<AdviceTable>& tables, const AdviceOptions& options) {
  std::vector<AdviceRow> rows;
  for (auto const& table : tables) {
    poll_interrupts();
    if (table.bytes < options.min_bytes || table.rows < 1) continue;
    if (auto row = by_range(table); row)
      rows.push_back(std::move(*row));
    else if (row = by_value(table); row)
      rows.push_back(std::move(*row));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const AdviceRow& a, const AdviceRow& b) {
    double const first = usefulness(a);
    double const second = usefulness(b);
    return first != second ? first > second : a.table->identity < b.table->identity;
  });
  return rows;
}

}  // namespace deal::partition
