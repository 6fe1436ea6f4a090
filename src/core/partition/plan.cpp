#include "core/partition/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"
#include "core/base/quote.hpp"
#include "core/partition/names.hpp"

namespace deal::partition {

namespace {

struct Interval {
  Position lower;
  Position upper;
};

// Integers without a row have no present.
Position present(const Situation& situation, const Grid& grid) {
  if (is_time(grid.kind) || situation.any_rows) return situation.now;
  for (const Partition& partition : situation.partitions) {
    if (partition.is_default) continue;
    if (partition.lower != kMinimum) return partition.lower;
    if (partition.upper != kMaximum) return partition.upper;
  }
  return situation.start.value_or(0);
}

Position boundary_from(const Grid& grid, Position position) {
  return is_boundary(grid, position) ? position : boundary_after(grid, position);
}

bool none_is_there(const Situation& situation) {
  return std::ranges::all_of(situation.partitions, &Partition::is_default);
}

// Where partitions should begin: at the first that is there, but not after the present one.
Position wanted_from(const Set& set, const Situation& situation) {
  if (situation.start && none_is_there(situation)) return boundary_at(set.grid, *situation.start);
  Position from = boundary_at(set.grid, present(situation, set.grid));
  for (const Partition& partition : situation.partitions) {
    if (!partition.is_default) from = std::min(from, partition.lower);
  }
  return from;
}

// The parts of [from, until) that no partition takes.
std::vector<Interval> gaps(const Situation& situation, Position from, Position until) {
  std::vector<Interval> found;
  for (const Partition& partition : situation.partitions) {
    if (partition.is_default) continue;
    if (const Position end = std::min(partition.lower, until); from < end) found.push_back({from, end});
    from = std::max(from, partition.upper);
  }
  if (from < until) found.push_back({from, until});
  return found;
}

// Steps from fine to coarse that people use.
std::vector<Step> common_steps(KeyKind kind) {
  if (is_time(kind))
    return {{.units = kDay / 24}, {.days = 1}, {.days = 7}, {.months = 1}, {.months = 3}, {.months = 12}};
  std::vector<Step> steps;
  for (std::int64_t units = 1'000; units < kMaximum / 10; units *= 10)
    steps.push_back({.units = units});
  return steps;
}

std::int64_t count(const Grid& grid, const std::vector<Interval>& intervals) {
  __int128 total = 0;
  for (const auto& [lower, upper] : intervals)
    total += partitions_between(grid, lower, upper);
  return static_cast<std::int64_t>(std::min<__int128>(total, kMaximum));
}

void require_at_most(const Grid& grid, const std::vector<Interval>& intervals, std::int64_t most) {
  const std::int64_t needed = count(grid, intervals);
  if (needed <= most) return;
  Error error("54000", fmt::format("too many partitions are needed: {}", needed));
  error.detail(fmt::format("From {} to {} in steps of {}; at most {} are created at once.",
                           boundary_text(grid, intervals.front().lower),
                           boundary_text(grid, intervals.back().upper), to_string(grid.kind, grid.step),
                           most));
  for (const Step& step : common_steps(grid.kind)) {
    Grid coarser = grid;
    coarser.step = step;
    coarser.anchor = default_anchor(grid.kind, step);
    if (count(coarser, intervals) > most) continue;
    throw error.hint(fmt::format("A step of '{}' would do.", to_string(grid.kind, step)));
  }
  throw error.hint("Reach less far, or cover the time in between by one partition of your own.");
}

// A name that no relation of the schema has.
std::string free_name(const std::string& name, std::unordered_set<std::string>& taken) {
  std::string candidate = name;
  for (int number = 1; !taken.insert(candidate).second; ++number)
    candidate = fitting_name(name, fmt::format("_{}", number));
  return candidate;
}

void add_creations(const Set& set, const std::vector<Interval>& gaps, std::unordered_set<std::string> taken,
                   Position retained, std::vector<Action>& actions) {
  InterruptPoll poll;
  for (const auto& [from, until] : gaps) {
    for (Position lower = from; lower < until;) {
      poll.step();
      const Position upper = std::min(boundary_after(set.grid, lower), until);
      if (upper > retained) {
        std::string name = free_name(partition_name(set.table, set.grid, lower), taken);
        actions.push_back({ActionKind::create, set.schema, std::move(name), lower, upper, 0, true});
      }
      lower = upper;
    }
  }
}

Action action_on(const Partition& partition, ActionKind kind, bool attached) {
  return {kind, partition.schema, partition.name, partition.lower, partition.upper, partition.oid, attached};
}

void add_finalizations(const Set& set, const Situation& situation, std::vector<Action>& actions) {
  for (const Partition& partition : situation.partitions) {
    if (!partition.detaching) continue;
    actions.push_back(action_on(partition, ActionKind::finalize, true));
    const bool rest = partition.retiring && set.retire != Retire::detach;
    if (rest) actions.push_back(action_on(partition, action_of(set.retire), false));
  }
}

void add_retirements(const Set& set, const Situation& situation, Position retained,
                     std::vector<Action>& actions) {
  for (const Partition& partition : situation.partitions) {
    const bool stays = partition.is_default || partition.foreign || partition.detaching;
    if (!stays && partition.upper <= retained) {
      actions.push_back(action_on(partition, action_of(set.retire), true));
    }
  }
}

}  // namespace

ActionKind action_of(Retire retire) {
  switch (retire) {
    case Retire::drop:
      return ActionKind::drop;
    case Retire::detach:
      return ActionKind::detach;
    case Retire::archive:
      return ActionKind::archive;
    default:
      return ActionKind::export_;
  }
}

std::string_view name_of(ActionKind kind) {
  constexpr std::array<std::string_view, 6> kNames{"create", "finalize", "drop",
                                                   "detach", "archive",  "export"};
  return kNames[static_cast<std::size_t>(kind)];
}

Position premade_until(const Set& set, const Situation& situation) {
  const Position now = present(situation, set.grid);
  const Position counted = shifted(set.grid, boundary_after(set.grid, now), std::max(set.premake, 0));
  if (!set.horizon) return counted;
  return std::max(counted, boundary_from(set.grid, moved_forward(set.grid, now, *set.horizon)));
}

Position retained_from(const Set& set, const Situation& situation) {
  if (!set.retention || (!is_time(set.grid.kind) && !situation.any_rows)) return kMinimum;
  return moved_back(set.grid, situation.now, *set.retention);
}

std::vector<Action> plan(const Set& set, const Situation& situation, std::optional<Position> until,
                         int most) {
  std::vector<Action> actions;
  add_finalizations(set, situation, actions);
  const Position retained = retained_from(set, situation);
  const Position end = until ? boundary_from(set.grid, *until) : premade_until(set, situation);
  const Position from = std::max(wanted_from(set, situation), boundary_at(set.grid, retained));
  const std::vector<Interval> missing = gaps(situation, from, end);
  require_at_most(set.grid, missing, most);
  if (!missing.empty()) add_creations(set, missing, situation.taken, retained, actions);
  add_retirements(set, situation, retained, actions);
  return actions;
}

}  // namespace deal::partition
