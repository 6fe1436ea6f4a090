#include "core/marketplace/price_batch.hpp"

#include <algorithm>

#include "core/marketplace/price_series.hpp"

namespace deal::marketplace {

namespace {

constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t window_days[] = {30, 90, 365};

/// The lower of two prices, of which none may be there.
std::int64_t lower(std::int64_t one, std::int64_t other) {
  if (one == no_price) return other;
  return other == no_price ? one : std::min(one, other);
}

}  // namespace

LowSearch::LowSearch(std::int64_t moment, const ListingPrices& known) {
  std::int64_t const lows[] = {known.low_30, known.low_90, known.low_365};
  // A row that was on offer has lows; one without them was not written by us, and bounds nothing.
  bool const bounded = known.price == no_price || known.low_30 != no_price;
  for (int i = 0; i < kWindows; ++i) {
    from_[i] = time_before(moment, window_days[i] * microseconds_per_day);
    least_[i] = lows[i] == no_price ? unbounded : lows[i];
    if (!bounded) least_[i] = no_price;
    found_[i] = unbounded;
  }
}

void LowSearch::look_at(std::int64_t at, std::int64_t price, std::int64_t end) {
  for (int i = 0; i < kWindows; ++i) {
    if (closed_[i]) continue;
    bool const counts = end == never || end > from_[i];
    if (counts && price != no_price) found_[i] = std::min(found_[i], price);
    closed_[i] = at <= from_[i];
  }
}

bool LowSearch::settled() const {
  for (int i = 0; i < kWindows; ++i)
    if (!closed_[i] && found_[i] > least_[i]) return false;
  return true;
}

void LowSearch::store(ListingPrices& prices) const {
  auto const low = [&](int i) { return found_[i] == unbounded ? no_price : found_[i]; };
  prices.low_30 = low(0);
  prices.low_90 = low(1);
  prices.low_365 = low(2);
}

ListingAdvance advance(const ListingPrices& known, std::span<const Observation> seen,
                       std::vector<Observation>& points) {
  ListingAdvance after{known, 0, false, known.price};
  ListingPrices& now = after.prices;
  std::int64_t low = no_price;
  bool first = known.seen_at == never;
  for (Observation const& observation : seen) {
    bool const changes = first || observation.price != now.price;
    if (changes || observation.list_price != now.list_price) points.push_back(observation);
    if (changes) {
      now.previous = now.price;
      now.changed_at = observation.at;
      ++after.changes;
    }
    now.price = observation.price;
    now.list_price = observation.list_price;
    low = lower(low, observation.price);
    first = false;
  }
  now.seen_at = seen.back().at;
  now.low_all = lower(known.low_all, low);
  if (after.changes == 0) return after;
  // A new lowest price needs no look at the past: whatever leaves the windows is dearer.
  if (now.price != no_price && now.price <= lower(known.low_365, low))
    now.low_30 = now.low_90 = now.low_365 = now.price;
  else
    after.lows_open = true;
  return after;
}

LowSearch search_lows(const ListingPrices& known, const ListingAdvance& after,
                      std::span<const Observation> points) {
  LowSearch search(after.prices.changed_at, known);
  std::int64_t end = never;
  for (size_t i = points.size(); i-- > 0;) {
    if (points[i].at > after.prices.changed_at) continue;  // another "was" price, after the change
    search.look_at(points[i].at, points[i].price, end);
    end = points[i].at;
  }
  // The price that held, since the change before; what came between changed no price. Before it the previous
  // one held, from when on the row doesn't say.
  if (known.changed_at != never) {
    search.look_at(known.changed_at, known.price, end);
    search.look_at(unbounded, known.previous, known.changed_at);
  }
  return search;
}

std::int32_t day_of(std::int64_t at) noexcept {
  auto const day = static_cast<std::int64_t>(microseconds_per_day);
  return static_cast<std::int32_t>(at >= 0 ? at / day : -((-at + day - 1) / day));
}

void add_days(std::span<const Observation> seen, std::vector<DaySummary>& days) {
  size_t const start = days.size();
  for (Observation const& observation : seen) {
    std::int32_t const day = day_of(observation.at);
    if (days.size() == start || days.back().day != day) {
      days.emplace_back();
      days.back().listing = observation.listing;
      days.back().day = day;
    }
    DaySummary& summary = days.back();
    if (observation.price == no_price) {
      ++summary.absent;
    } else {
      ++summary.count;
      summary.sum += observation.price;
      summary.low = lower(summary.low, observation.price);
      summary.high = std::max(summary.high, observation.price);
    }
    summary.last = observation.price;
    summary.last_at = observation.at;
  }
}

bool merge_day(DaySummary& day, const DaySummary& more) noexcept {
  if (__builtin_add_overflow(day.sum, more.sum, &day.sum) ||
      __builtin_add_overflow(day.count, more.count, &day.count) ||
      __builtin_add_overflow(day.absent, more.absent, &day.absent))
    return false;
  day.low = lower(day.low, more.low);
  day.high = std::max(day.high, more.high);
  if (more.last_at >= day.last_at) {
    day.last = more.last;
    day.last_at = more.last_at;
  }
  return true;
}

}  // namespace deal::marketplace
