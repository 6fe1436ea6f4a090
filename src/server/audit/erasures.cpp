#include "server/audit/erasures.hpp"

#include <algorithm>

namespace deal::server {

size_t ErasedRows::Hash::operator()(const Identity& identity) const {
  uint64 hash = identity.xid * 0x9E3779B97F4A7C15ULL;
  hash ^= (static_cast<uint64>(identity.order) << 8 | static_cast<uint64>(identity.relation)) + (hash >> 29);
  return static_cast<size_t>(hash * 0xBF58476D1CE4E5B9ULL);
}

void ErasedRows::read(const NumberedRows& rows, const std::vector<std::string>& relations) {
  for (auto const& texts : rows.rows) {
    auto const name = std::ranges::find(relations, texts[1]);
    if (name == relations.end()) continue;
    Identity const identity{static_cast<int>(name - relations.begin()), std::stoll(texts[2]),
                            std::stoull(texts[3]), std::stoi(texts[4])};
    rows_.emplace(identity, Digests{audit::digest_of_hex(texts[5]), audit::digest_of_hex(texts[6])});
  }
}

void ErasedRows::stand_in(int relation, ScannedRow& row) const {
  auto const found = rows_.find({relation, row.at, row.row.xid, row.row.order});
  if (found != rows_.end() && found->second.after == row.row.hash) row.row.hash = found->second.before;
}

}  // namespace deal::server
