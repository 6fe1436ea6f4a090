#include "core/partition/move_ranges.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/partition/names.hpp"

namespace deal::partition {

namespace {

// The gap between partitions that holds `position`; empty (lower = upper = the partition's end) inside of
// one.
KeyRange gap_at(std::span<const Partition> partitions, Position position) {
  KeyRange gap;
  for (const Partition& partition : partitions) {
    if (partition.is_default) continue;
    if (partition.lower > position) {
      gap.upper = std::min(gap.upper, partition.lower);
    } else if (partition.upper > position) {
      return {partition.upper, partition.upper};
    } else {
      gap.lower = std::max(gap.lower, partition.upper);
    }
  }
  return gap;
}

}  // namespace

std::vector<KeyRange> free_ranges(const Grid& grid, std::span<const Partition> partitions, Position from,
                                  Position until, std::size_t most) {
  std::vector<KeyRange> out;
  while (from < until && out.size() < most) {
    const KeyRange gap = gap_at(partitions, from);
    if (gap.lower == gap.upper) {
      from = gap.upper;
      continue;
    }
    const KeyRange range = {std::max(boundary_at(grid, from), gap.lower),
                            std::min(boundary_after(grid, from), gap.upper)};
    out.push_back(range);
    from = range.upper;
  }
  return out;
}

std::vector<KeyRange> covered(std::span<const Partition> partitions, std::span<const KeyRange> more) {
  std::vector<KeyRange> all(more.begin(), more.end());
  for (const Partition& partition : partitions)
    if (!partition.is_default) all.push_back({partition.lower, partition.upper});
  std::ranges::sort(all, {}, &KeyRange::lower);
  std::vector<KeyRange> out;
  for (const KeyRange& range : all) {
    if (!out.empty() && out.back().upper >= range.lower)
      out.back().upper = std::max(out.back().upper, range.upper);
    else
      out.push_back(range);
  }
  return out;
}

std::vector<KeyRange> split_range(const Grid& grid, const KeyRange& whole, std::vector<Position> cuts) {
  std::ranges::sort(cuts);
  const auto twice = std::ranges::unique(cuts);
  cuts.erase(twice.begin(), twice.end());
  std::vector<KeyRange> out;
  Position lower = whole.lower;
  for (const Position cut : cuts) {
    if (cut <= whole.lower || cut >= whole.upper)
      throw Error("22023", fmt::format("cannot split at {}", boundary_text(grid, cut)))
          .hint(fmt::format("The partition holds keys from {} to before {}; split it between them.",
                            boundary_text(grid, whole.lower), boundary_text(grid, whole.upper)));
    out.push_back({lower, cut});
    lower = cut;
  }
  if (out.empty())
    throw Error("22023", "there is nowhere to split the partition")
        .hint("Give the boundaries in the argument \"at\".");
  out.push_back({lower, whole.upper});
  return out;
}

std::vector<Position> grid_cuts(const Grid& grid, const KeyRange& whole, std::size_t most) {
  std::vector<Position> cuts;
  if (whole.lower == kMinimum || whole.upper == kMaximum) return cuts;
  for (Position cut = boundary_after(grid, whole.lower); cut < whole.upper; cut = boundary_after(grid, cut)) {
    if (cuts.size() == most)
      throw Error("54000", fmt::format("the split would make more than {} partitions", most))
          .hint("Give fewer boundaries in the argument \"at\".");
    cuts.push_back(cut);
  }
  return cuts;
}

KeyRange merged_range(const Grid& grid, std::span<const Partition> parts) {
  if (parts.size() < 2)
    throw Error("22023", "a merge needs at least two partitions").hint("Name two neighbours, or more.");
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Partition& before = parts[i - 1];
    const Partition& after = parts[i];
    if (before.upper == after.lower) continue;
    throw Error("22023",
                fmt::format("partitions \"{}\" and \"{}\" are no neighbours", before.name, after.name))
        .detail(fmt::format("The first one ends at {}, the next one begins at {}.",
                            boundary_text(grid, before.upper), boundary_text(grid, after.lower)))
        .hint("Merge partitions without a gap between them; name those in between as well.");
  }
  return {parts.front().lower, parts.back().upper};
}

std::string range_condition(KeyKind kind, std::string_view column, const KeyRange& range) {
  const std::string name = quote_identifier(column);
  std::string condition = name + " is not null";
  if (range.lower != kMinimum)
    condition += fmt::format(" and {} >= {}", name, bound_literal(kind, range.lower));
  if (range.upper != kMaximum)
    condition += fmt::format(" and {} < {}", name, bound_literal(kind, range.upper));
  return condition;
}

std::string default_condition(KeyKind kind, std::string_view column, std::span<const KeyRange> ranges) {
  const std::string name = quote_identifier(column);
  std::string outside;
  for (const KeyRange& range : ranges) {
    std::string below =
        range.lower == kMinimum ? "" : fmt::format("{} < {}", name, bound_literal(kind, range.lower));
    std::string above =
        range.upper == kMaximum ? "" : fmt::format("{} >= {}", name, bound_literal(kind, range.upper));
    std::string either = below.empty() ? above : above.empty() ? below : below + " or " + above;
    if (either.empty()) return name + " is null";
    outside += (outside.empty() ? "(" : " and (") + either + ")";
  }
  if (outside.empty()) return "true";
  return fmt::format("{} is null or {}", name, outside);
}

}  // namespace deal::partition
