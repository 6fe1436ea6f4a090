#include "core/marketplace/deal_flags.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace deal::marketplace {
namespace {

constexpr double outlier_time = 2 * one_day;
constexpr double outlier_least = 0.2231;  // the log of 1.25
constexpr double outlier_mads = 6 * 1.4826;

/// Premiums over the present price, as logs: what counts as about this price, and as dearer.
constexpr double about_now = 0.03;
constexpr double dearer = 0.06;
constexpr double raised = 0.08;

constexpr std::array<const char*, deal_flag_count> names_of_flags{
    "raised_before_sale", "claimed_above_prior", "dearer_than_prior", "insufficient_history",
    "suspected_glitch",   "always_on_sale",      "progressive"};

}  // namespace

const char* deal_flag_name(DealFlag flag) {
  return names_of_flags[static_cast<std::size_t>(flag)];
}

std::vector<const char*> DealFlags::names() const {
  std::vector<const char*> names;
  for (std::size_t i = 0; i < deal_flag_count; ++i)
    if (bits_.test(i)) names.push_back(names_of_flags[i]);
  return names;
}

Outliers find_outliers(const DealHistory& history) {
  double const median = SortedStretches(history.raw).quantile(0.5);
  std::vector<Stretch> distances = history.raw;
  for (Stretch& s : distances)
    s.value = std::abs(s.value - median);
  double const mad = SortedStretches(distances).quantile(0.5);
  double const far = std::max(outlier_least, outlier_mads * mad);
  Outliers result;
  double past = 0;
  double block = 0;
  for (Stretch const& s : distances) {
    if (s.value > far) {
      block += s.time;
    } else {
      if (block < outlier_time) past += block;
      block = 0;
    }
  }
  result.past_share = history.time > 0 ? past / history.time : 0;
  result.now = distances.back().value > far && block < outlier_time;
  result.now_distance = distances.back().value;
  return result;
}

bool is_always_on_sale(const DealHistory& history, double cheap) {
  int falls = 0;
  bool was_dearer = false;
  for (Stretch const& s : history.smooth) {
    double const premium = s.value - history.now;
    if (was_dearer && premium <= about_now) ++falls;
    if (premium <= about_now) was_dearer = false;
    if (premium > dearer) was_dearer = true;
  }
  return falls >= 3 && cheap >= 0.25;
}

bool undoes_a_raise(const DealHistory& history) {
  double sale = 0;
  double dear = 0;
  double height = 0;
  for (auto s = history.smooth.rbegin(); s != history.smooth.rend(); ++s) {
    double const premium = s->value - history.now;
    if (height == 0 && premium <= dearer) {
      sale += s->time;
    } else if (premium > dearer) {
      dear += s->time;
      height = std::max(height, premium);
    } else {
      return height >= raised && sale <= 60 * one_day && dear <= 90 * one_day;
    }
  }
  return false;
}

}  // namespace deal::marketplace
