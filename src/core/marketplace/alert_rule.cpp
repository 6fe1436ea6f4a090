#include "core/marketplace/alert_rule.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace deal::marketplace {

namespace {

/// What a watch without rearm_after may tell of one batch.
constexpr std::int64_t kMostEvents = 1000;

bool at_most(std::int64_t price, std::int64_t limit) {
  return price != no_price && limit != no_price && price <= limit;
}

bool got_cheaper(const PriceMove& move) {
  return move.price != no_price && (move.was == no_price || move.price < move.was);
}

/// By at least so much; a listing that comes or goes has moved.
bool moved(std::int64_t price, std::int64_t from, std::int64_t least) {
  if (price == no_price || from == no_price) return price != from;
  return std::max(price, from) - std::min(price, from) >= least;
}

template <class Item>
bool wants(bool only_some, std::span<const Item> some, const Item& one) {
  return !only_some || std::ranges::find(some, one) != some.end();
}

/// It is of this listing, and now is a time to tell.
bool is_awake(const Watch& watch, const PriceMove& move, std::int64_t moment) {
  return watch.currency == move.currency && watch.paused_until <= moment &&
         (!watch.expires || watch.expires_at > moment) &&
         (!watch.capped || watch.used_today < watch.most_a_day) &&
         wants(watch.of_some_retailers, watch.retailers, move.retailer) &&
         wants(watch.of_some_conditions, watch.conditions, move.condition);
}

/// Lower than what was told last, by what counts as a change.
bool is_below_told(const Watch& watch, const PriceMove& move, std::int64_t least) {
  return at_most(move.price, watch.told_price) &&
         move.price <= watch.told_price - std::max(watch.min_change, least);
}

Verdict judge_low(const Watch& watch, const PriceMove& move, std::int64_t moment) {
  bool const is_of_past = watch.rule.threshold == no_price;
  Verdict verdict;
  verdict.fires = true;
  verdict.ask_rise = watch.told && !(watch.rearms && watch.rearms_at <= moment &&
                                     is_below_told(watch, move, is_of_past ? 0 : 1));
  verdict.ask_earlier = is_of_past && move.was == no_price;
  if (watch.rule.kind != WatchKind::lowest_in_n_days) return verdict;
  switch (watch.days) {
    case 30:
      verdict.fires = at_most(move.price, move.low_30);
      break;
    case 90:
      verdict.fires = at_most(move.price, move.low_90);
      break;
    case 365:
      verdict.fires = at_most(move.price, move.low_365);
      break;
    default:
      verdict.ask_lowest = true;
  }
  return verdict;
}

bool judge_event(const Watch& watch, const PriceMove& move, std::int64_t moment) {
  bool const is_drop = watch.rule.kind == WatchKind::pct_vs_prev;
  bool const armed =
      !watch.rearms || !watch.told || watch.rearms_at <= moment || (is_drop && is_below_told(watch, move, 1));
  if (!armed) return false;
  std::int64_t const least = watch.min_change;
  switch (watch.rule.kind) {
    case WatchKind::back_in_stock:
      return true;
    case WatchKind::any_change: {
      bool const is_of_told = watch.told && watch.told_listing == move.listing;
      return moved(move.price, is_of_told ? watch.told_price : move.was, std::max<std::int64_t>(least, 1));
    }
    default:
      return moved(move.price, move.was, least);
  }
}

}  // namespace

void merge_moves(std::vector<PriceMove>& moves) {
  std::ranges::sort(moves, {}, [](const PriceMove& m) { return std::tuple(m.listing, m.at, m.id); });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < moves.size();) {
    std::int64_t const was = moves[i].was;
    std::size_t last = i;
    while (last + 1 < moves.size() && moves[last + 1].listing == moves[i].listing)
      ++last;
    i = last + 1;
    if (moves[last].price == was) continue;
    moves[kept] = moves[last];
    moves[kept++].was = was;
  }
  moves.resize(kept);
  std::ranges::sort(moves, {}, [](const PriceMove& m) { return std::tuple(m.product, m.listing); });
}

bool may_fire(const WatchRule& rule, const PriceMove& move) {
  bool const both = move.price != no_price && move.was != no_price;
  switch (rule.kind) {
    case WatchKind::target:
    case WatchKind::pct_vs_ref:
      return at_most(move.price, rule.threshold);
    case WatchKind::historical_low:
      return got_cheaper(move) && at_most(move.price, move.low_all);
    case WatchKind::lowest_in_n_days:
      return got_cheaper(move);
    case WatchKind::any_change:
      return true;
    case WatchKind::pct_vs_prev:
      return both && move.price < move.was && rule.percent > 0 &&
             move.price * 10'000 <= move.was * (10'000 - rule.percent);
    case WatchKind::back_in_stock:
      return move.was == no_price && (rule.threshold == no_price || at_most(move.price, rule.threshold));
    case WatchKind::rise:
      return both && move.price > move.was && rule.percent >= 0 &&
             (rule.percent == 0 || move.price * 10'000 >= move.was * (10'000 + rule.percent));
    case WatchKind::no_change_for:
      break;
  }
  return false;
}

Verdict judge(const Watch& watch, const PriceMove& move, std::int64_t moment) {
  if (!is_awake(watch, move, moment)) return {};
  if (is_low(watch.rule.kind)) return judge_low(watch, move, moment);
  Verdict verdict;
  verdict.fires = judge_event(watch, move, moment);
  return verdict;
}

std::int64_t most_of_batch(const Watch& watch) {
  std::int64_t const most = is_low(watch.rule.kind) || watch.rearms ? 1 : kMostEvents;
  return watch.capped ? std::min(most, watch.most_a_day - watch.used_today) : most;
}

void keep_told(std::vector<Firing>& firings, std::span<const PriceMove> moves) {
  std::ranges::sort(firings, {}, [&](const Firing& f) {
    PriceMove const& move = moves[f.move];
    return std::tuple(f.watch, f.low ? move.price : 0, move.at, move.id);
  });
  std::size_t kept = 0;
  std::int64_t nth = 0;
  std::int64_t watch = std::numeric_limits<std::int64_t>::min();
  for (Firing const& firing : firings) {
    nth = firing.watch == watch ? nth + 1 : 1;
    watch = firing.watch;
    if (nth > firing.most) continue;
    Firing& told = firings[kept];
    told = firing;
    told.nth = nth;
    told.last = true;
    if (kept > 0 && firings[kept - 1].watch == told.watch) firings[kept - 1].last = false;
    ++kept;
  }
  firings.resize(kept);
}

}  // namespace deal::marketplace
