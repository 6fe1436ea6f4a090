#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/partition/set.hpp"

namespace deal::partition {

/// Keys from `lower` to before `upper`.
struct KeyRange {
  Position lower = kMinimum;
  Position upper = kMaximum;

  bool operator==(const KeyRange&) const = default;
};

/// The first `most` ranges at or after `from` and before `until` for which there is no partition: the grid's
/// steps, cut where partitions are. The first one holds `from`, unless a partition does. `partitions` by
/// lower bound; the default one doesn't count.
std::vector<KeyRange> free_ranges(const Grid& grid, std::span<const Partition> partitions, Position from,
                                  Position until, std::size_t most);

/// The ranges of partitions and `more`, sorted, touching ones joined. Default partitions don't count.
std::vector<KeyRange> covered(std::span<const Partition> partitions, std::span<const KeyRange> more);

/// The parts of `whole` between the cuts, in order. Errors: 22023 for a cut that is not inside, or none at
/// all.
std::vector<KeyRange> split_range(const Grid& grid, const KeyRange& whole, std::vector<Position> cuts);

/// The grid's boundaries inside of `whole`; 54000 if they are more than `most`.
std::vector<Position> grid_cuts(const Grid& grid, const KeyRange& whole, std::size_t most);

/// One range of all of the parts. Errors: 22023 for fewer than two, and where one doesn't begin where the
/// last one ends, with both names in the message; `parts` sorted by lower bound.
KeyRange merged_range(const Grid& grid, std::span<const Partition> parts);

/// A CHECK condition for rows in the range, in the form that lets the server skip its scan at an ATTACH.
/// `column` is not quoted.
std::string range_condition(KeyKind kind, std::string_view column, const KeyRange& range);
/// The same for a default partition: rows in none of the ranges (sorted, disjoint).
std::string default_condition(KeyKind kind, std::string_view column, std::span<const KeyRange> ranges);

}  // namespace deal::partition
