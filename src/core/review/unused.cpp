#include "core/review/unused.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "core/review/foreign_key.hpp"
#include "core/review/redundancy.hpp"

namespace deal::review {

namespace {

constexpr double kDay = 86400;

/// Something other than searches needs the index: a constraint, a foreign key, replication, CLUSTER.
bool has_other_duty(const Catalog& catalog, const Index& index) {
  return index.constraint || index.key_target || index.replica_identity || index.clustered ||
         index.parent != 0 ||
         serves_some_foreign_key(catalog, catalog.tables[static_cast<size_t>(index.table)], index);
}

/// Scans and pages of an index, for one of a partitioned table those of its partitions included.
struct Usage {
  std::int64_t scans = 0;
  std::int64_t pages = 0;
};

/// The usage of every index, by position.
std::vector<Usage> usages_of(const Catalog& catalog) {
  std::unordered_map<ObjectId, size_t> positions;
  for (size_t i = 0; i < catalog.indexes.size(); ++i)
    if (catalog.indexes[i].partitioned) positions.emplace(catalog.indexes[i].oid, i);
  std::vector<Usage> usages(catalog.indexes.size());
  for (size_t i = 0; i < catalog.indexes.size(); ++i) {
    const Index& index = catalog.indexes[i];
    usages[i].scans += index.scans;
    usages[i].pages += index.pages;
    auto above = positions.find(index.parent);
    while (above != positions.end()) {
      usages[above->second].scans += index.scans;
      usages[above->second].pages += index.pages;
      above = positions.find(catalog.indexes[above->second].parent);
    }
  }
  return usages;
}

std::string days(double seconds) {
  double const count = seconds / kDay;
  return count >= 1 ? fmt::format("{:.0f} days", count) : fmt::format("{:.1f} hours", seconds / 3600);
}

double age_of(const ServerFacts& server) {
  return static_cast<double>(server.now - server.stats_since) / 1e6;
}

}  // namespace

std::string usage_unknown(const Catalog& catalog, double min_age, std::string_view option) {
  const ServerFacts& server = catalog.server;
  if (server.in_recovery)
    return "in recovery: the counters of a standby tell nothing of the primary's queries";
  if (server.stats_since == 0) return "it is not known since when the statistics count";
  if (age_of(server) >= min_age) return "";
  return fmt::format("the statistics are {} old; an index is called unused after {} (option {})",
                     usage_age(catalog), days(min_age), option);
}

std::string usage_age(const Catalog& catalog) {
  return days(age_of(catalog.server));
}

std::vector<UnusedIndex> unused_indexes(const Catalog& catalog,
                                        const std::vector<index::Redundancy>& redundancies) {
  std::vector<Usage> const usages = usages_of(catalog);
  std::vector<bool> const in_redundancy = redundancy_parties(catalog, redundancies);
  std::vector<UnusedIndex> unused;
  for (size_t i = 0; i < usages.size(); ++i) {
    const Index& index = catalog.indexes[i];
    if (usages[i].scans > 0 || in_redundancy[i] || !index.valid || !index.ready || index.unique ||
        index.exclusion || has_other_duty(catalog, index))
      continue;
    unused.push_back({static_cast<int>(i), usages[i].pages});
  }
  return unused;
}

}  // namespace deal::review
