#include "core/audit/seal_builder.hpp"

#include <algorithm>
#include <map>

namespace deal::audit {

void SealBuilder::add(int relation, std::int64_t at, const LoggedRow& row) {
  if (row.xid >= to_xid_) return;
  entries_.push_back({relation, day_of(at), row});
  if (entries_.size() > 2 * most_) divide();
}

void SealBuilder::divide() {
  auto const xid_of = [](const Entry& entry) { return entry.row.xid; };
  auto const middle = entries_.begin() + static_cast<std::ptrdiff_t>(most_);
  std::ranges::nth_element(entries_, middle, {}, xid_of);
  std::uint64_t limit = middle->row.xid;
  bool const has_earlier =
      std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.row.xid < limit; });
  if (!has_earlier) ++limit;  // one transaction is all that fits
  std::size_t const kept =
      entries_.size() - std::erase_if(entries_, [&](const Entry& entry) { return entry.row.xid >= limit; });
  // A single transaction may be larger than what should be kept.
  if (kept > most_) most_ = kept;
  if (limit < to_xid_) {
    to_xid_ = limit;
    divided_ = true;
  }
}

std::vector<SealPart> SealBuilder::parts(const std::vector<std::string>& names, Hasher hasher) {
  std::map<std::pair<std::string, std::int64_t>, std::vector<LoggedRow>> groups;
  for (Entry const& entry : entries_)
    groups[{names[static_cast<std::size_t>(entry.relation)], entry.day}].push_back(entry.row);
  entries_.clear();
  std::vector<SealPart> parts;
  for (auto& [key, rows] : groups) {
    auto const count = static_cast<std::int64_t>(rows.size());
    parts.push_back({key.first, key.second, count, digest_of_rows(rows, hasher)});
    rows = {};
  }
  return parts;
}

}  // namespace deal::audit
