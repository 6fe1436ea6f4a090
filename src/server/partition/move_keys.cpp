#include "server/partition/move_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

using partition::KeyKind;
using partition::KeyRange;
using partition::Position;

constexpr std::size_t kRangesAtOnce = 1000;
constexpr Position kEpochToServer = 10'957 * partition::kDay;  // 1970-01-01 to 2000-01-01

/// Searches one partition for keys.
class Keys {
 public:
  Keys(const PartitionedTable& table, KeyKind kind, const partition::Partition& leaf)
      : kind_(kind),
        column_(quote_identifier(table.column)),
        table_(quote_qualified(leaf.schema, leaf.name)) {
    pg::Spi spi;
    type_ = spi.query("select pg_catalog.format_type($1::oid, null)", {std::to_string(table.column_type)})
                .text(0, 0);
  }

  /// The smallest finite key at or after `from` and before `until`.
  std::optional<Position> smallest(Position from, Position until) const;
  /// Those of the ranges (sorted, disjoint) that have a row.
  std::vector<KeyRange> filled(const std::vector<KeyRange>& ranges) const;

 private:
  std::string condition(Position from, Position until) const;
  std::optional<Position> position(const pg::SqlResult& row) const;

  KeyKind kind_;
  std::string column_;
  std::string table_;
  std::string type_;
};

bool can_be_infinite(KeyKind kind) {
  return kind == KeyKind::timestamptz || kind == KeyKind::timestamp || kind == KeyKind::date;
}

std::string Keys::condition(Position from, Position until) const {
  std::string text = column_ + " is not null";
  if (can_be_infinite(kind_)) text += fmt::format(" and pg_catalog.isfinite({})", column_);
  if (from != partition::kMinimum)
    text += fmt::format(" and {} >= {}", column_, partition::bound_literal(kind_, from));
  if (until != partition::kMaximum)
    text += fmt::format(" and {} < {}", column_, partition::bound_literal(kind_, until));
  return text;
}

std::optional<Position> Keys::position(const pg::SqlResult& row) const {
  if (row.empty()) return std::nullopt;
  if (kind_ == KeyKind::uuidv7 || kind_ == KeyKind::ulid)
    return partition::position_of(kind_, row.text(0, 0));
  return partition::position_of(kind_, row.int8(0, 0));
}

std::optional<Position> Keys::smallest(Position from, Position until) const {
  std::string raw = column_ + "::bigint";
  if (kind_ == KeyKind::timestamptz || kind_ == KeyKind::timestamp)
    raw = fmt::format("(extract(epoch from {}) * 1000000)::bigint - {}", column_, kEpochToServer);
  if (kind_ == KeyKind::date) raw = fmt::format("{} - date '2000-01-01'", column_);
  if (kind_ == KeyKind::uuidv7 || kind_ == KeyKind::ulid) raw = column_ + "::text";
  pg::Spi spi;
  return position(spi.query(fmt::format("select {} from only {} where {} order by {} limit 1", raw, table_,
                                        condition(from, until), column_)));
}

std::vector<KeyRange> Keys::filled(const std::vector<KeyRange>& ranges) const {
  std::vector<Position> thresholds;
  for (auto const& range : ranges) {
    if (thresholds.empty() || thresholds.back() != range.lower) thresholds.push_back(range.lower);
    thresholds.push_back(range.upper);
  }
  std::string list;
  for (Position const threshold : thresholds)
    list += (list.empty() ? "" : ", ") + partition::bound_literal(kind_, threshold);
  pg::Spi spi;
  auto const rows = spi.query(
      fmt::format("select distinct pg_catalog.width_bucket({}, array[{}]::{}[]) from only {} where {}",
                  column_, list, type_, table_, condition(ranges.front().lower, ranges.back().upper)));
  std::vector<KeyRange> out;
  for (auto const& range : ranges) {
    auto const place = std::ranges::find(thresholds, range.lower) - thresholds.begin() + 1;
    for (size_t row = 0; row < rows.size(); ++row)
      if (rows.int8(row, 0) == place) out.push_back(range);
  }
  return out;
}

/// Where keys begin to make sense: at year 1, with UUIDs and ULIDs at 1970, their first millisecond.
Position floor_of(const partition::Grid& grid) {
  constexpr Position kYearOne = -730'119 * partition::kDay;
  switch (grid.kind) {
    case KeyKind::integer:
      return partition::boundary_after(grid, partition::kMinimum);
    case KeyKind::uuidv7:
    case KeyKind::ulid:
      return -kEpochToServer;
    default:
      return kYearOne;
  }
}

/// Where partitions end: integer keys may go on from there by so many steps, more than that is an outlier
/// whose partition would leave a gap that maintenance could never fill.
Position reach_of(const PartitionedTable& table, const partition::Grid& grid, Position first,
                  std::size_t most) {
  Position last = partition::kMinimum;
  for (auto const& leaf : table.partitions)
    if (!leaf.is_default) last = std::max(last, leaf.upper);
  if (last == partition::kMinimum) last = first;
  return last == partition::kMaximum ? last : partition::shifted(grid, last, static_cast<std::int64_t>(most));
}

}  // namespace

std::vector<KeyRange> ranges_with_rows(const PartitionedTable& table, const partition::Grid& grid,
                                       const partition::Partition& leaf, Position until, std::size_t most) {
  pg::AsRole const owner(table.owner);
  pg::LocalSettings const settings;
  settings.set("row_security", "off");
  settings.set("TimeZone", "UTC");
  Keys const keys(table, grid.kind, leaf);
  std::vector<KeyRange> out;
  auto from = keys.smallest(floor_of(grid), until);
  if (from && grid.kind == KeyKind::integer) until = std::min(until, reach_of(table, grid, *from, most));
  if (from && *from >= until) from.reset();
  while (from) {
    auto const ranges = partition::free_ranges(grid, table.partitions, *from, until, kRangesAtOnce);
    if (ranges.empty()) break;
    for (auto const& range : keys.filled(ranges)) {
      if (out.size() == most)
        throw Error("54000", fmt::format("the rows would need more than {} new partitions", most))
            .hint("Take a longer step, or raise the option most_partitions.");
      out.push_back(range);
    }
    from = keys.smallest(ranges.back().upper, until);
  }
  return out;
}

std::vector<Position> cuts_around_rows(const PartitionedTable& table, const partition::Grid& grid,
                                       const partition::Partition& leaf, std::size_t most) {
  PartitionedTable others = table;
  std::erase_if(others.partitions, [&](const partition::Partition& other) { return other.oid == leaf.oid; });
  std::vector<Position> cuts;
  for (auto const& range : ranges_with_rows(others, grid, leaf, leaf.upper, most))
    cuts.insert(cuts.end(), {range.lower, range.upper});
  std::erase_if(cuts, [&](Position cut) { return cut <= leaf.lower || cut >= leaf.upper; });
  return cuts;
}

partition::KeyKind key_kind_of(ObjectId parent) {
  pg::Spi spi;
  auto const row = spi.query(
      "select a.atttypid from pg_catalog.pg_partitioned_table as p join pg_catalog.pg_attribute as a on "
      "a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = $1::oid",
      {std::to_string(parent)});
  if (row.empty())
    throw Error("0A000", "the table is not partitioned by a plain column")
        .hint("Rows can be moved between partitions by range of one column.");
  return kind_of_type(row.oid(0, 0));
}

}  // namespace deal::server
