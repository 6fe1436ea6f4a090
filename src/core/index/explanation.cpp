#include "core/index/explanation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/text.hpp"

namespace deal::index {

namespace {

/// What building takes, apart from passes over the table.
struct BuildRates {
  double entry;  ///< microseconds for an entry
  double byte;   ///< microseconds for a byte of the finished index
};

/// On one core, as bench/index_build measures it. A B-tree sorts its entries, which takes longer for wide
/// ones; GIN's time follows its keys, and so its bytes; GiST inserts row by row unless the opclass sorts.
BuildRates rates_of(const BuildWork& work) {
  switch (work.method) {
    case AccessMethod::hash:
      return {1.2, 0};
    case AccessMethod::brin:
      return {0.35, 0};
    case AccessMethod::gin:
      return {0.1, 0.12};
    case AccessMethod::gist:
      return {work.sorted ? 2.0 : 15.0, 0};
    case AccessMethod::spgist:
      return {5, 0};
    case AccessMethod::btree:
      break;
  }
  return {0.3, 0.02};
}

constexpr double kStartSeconds = 0.03;
constexpr double kReadRate = 2e9;          ///< bytes of the table a second
constexpr double kRowMicroseconds = 0.03;  ///< for a row of the table, in one pass

/// One or two figures are all that such an estimate bears.
double rough(double number) {
  if (number < 1) return number;
  double const scale = std::pow(10.0, std::floor(std::log10(number)));
  return number >= 20 ? std::round(number / scale * 10) * scale / 10 : std::round(number);
}

std::string cost_text(double cost) {
  return cost < 100 ? fmt::format("{:.1f}", cost) : fmt::format("{:.0f}", cost);
}

}  // namespace

std::string share_text(double part, double whole) {
  double const percent = whole > 0 ? 100 * part / whole : 0;
  if (percent <= 0) return "nothing";
  if (percent < 0.01) return "less than 0.01 %";
  if (percent < 1) return fmt::format("{:.2f} %", percent);
  return percent < 10 ? fmt::format("{:.1f} %", percent) : fmt::format("{:.0f} %", percent);
}

std::string rejection_text(const RejectionFacts& facts) {
  Rejection const& rejection = facts.rejection;
  auto const share = [&](double part) { return share_text(part, facts.workload); };
  switch (rejection.cause) {
    case RejectionCause::covered:
      return fmt::format("alone it would save {}, but {} begins with the same key and serves as well",
                         share(rejection.saving), facts.other);
    case RejectionCause::served:
      return fmt::format("alone it would save {}, beside {} {}", share(rejection.saving), facts.other,
                         share(rejection.on_top)) +
             (rejection.write_cost > facts.min_gain * facts.workload
                  ? fmt::format(", and keeping it would cost the writes {}", share(rejection.write_cost))
                  : "");
    case RejectionCause::too_little:
      return fmt::format("saves {}, less than min_gain_pct asks for ({:g} %)", share(rejection.saving),
                         100 * facts.min_gain);
    case RejectionCause::writes:
      return fmt::format("saves {}, but keeping it would cost the writes {} of the workload",
                         share(rejection.saving), share(rejection.write_cost));
    case RejectionCause::heap_only:
      return fmt::format(
          "saves {}, but would end heap-only updates (HOT) of the table: that costs {} now, and more with "
          "every index and vacuum",
          share(rejection.saving), share(rejection.write_cost));
    case RejectionCause::budget:
      return fmt::format("no room in the budget: {} for a saving of {}", format_bytes(facts.bytes),
                         share(rejection.on_top));
    case RejectionCause::unused:
      break;
  }
  return "the planner leaves it aside even when it is the only new index";
}

std::string keeping_text(const KeepingFacts& facts) {
  std::string const example =
      facts.example.empty()
          ? ""
          : fmt::format("{} (cost {} to {})", facts.example, cost_text(facts.before), cost_text(facts.after));
  std::string text =
      facts.statements == 1 && !example.empty()
          ? "serves " + example
          : fmt::format("serves {} statement{}", facts.statements, facts.statements == 1 ? "" : "s");
  if (facts.statements > 1 && !example.empty()) text += ", most " + example;
  text += facts.write_cost > 0 ? fmt::format("; writes pay {} of the workload's cost for it",
                                             share_text(facts.write_cost, facts.workload))
                               : "; the workload's writes pay nothing for it";
  if (facts.ends_heap_only) text += "; ends heap-only updates (HOT) of the table";
  text += fmt::format("; {} to build under a SHARE UPDATE EXCLUSIVE lock: reads and writes go on",
                      duration_text(facts.build_seconds));
  return text;
}

double build_seconds(const BuildWork& work) {
  BuildRates const rates = rates_of(work);
  double const pass = work.table_bytes / kReadRate + work.table_rows * kRowMicroseconds * 1e-6;
  double const entries =
      work.method == AccessMethod::brin ? work.table_rows : work.entries;  // it summarises every row
  return kStartSeconds + 2 * pass + (entries * rates.entry + work.index_bytes * rates.byte) * 1e-6;
}

std::string duration_text(double seconds) {
  if (seconds < 1) return "less than a second";
  if (seconds < 120) return fmt::format("about {:g} s", rough(seconds));
  if (seconds < 7200) return fmt::format("about {:g} min", rough(seconds / 60));
  return fmt::format("about {:g} h", rough(seconds / 3600));
}

}  // namespace deal::index
