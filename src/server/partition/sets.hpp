/// The stored configuration of partition sets: rows of deal_advisor.partition_set, keyed by name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/finding.hpp"
#include "core/partition/set.hpp"

namespace deal::server {

/// A set and the table it is about today.
struct StoredSet {
  partition::Set set;
  ObjectId relation = 0;  ///< 0: no table of that name is there any more
  ObjectId owner = 0;     ///< the table's owner today
  std::string problem;  ///< why its settings can't be read, such as a time zone that is gone; empty: they can
};

/// All sets, by name, also those with a problem: one of them must not stop the others. Callers show and act
/// on what the calling role may.
std::vector<StoredSet> read_sets();
/// The set of one table. Errors: 42704 with a HINT that names partition_enable; 55000 if its settings can't
/// be read.
StoredSet read_set(ObjectId relation);
std::optional<StoredSet> find_set(ObjectId relation);

/// Writes or replaces the row. The caller must own the table (42501).
void save_set(ObjectId relation, const partition::Set& set);
/// Deletes the row. The table's owner, the database's owner, or (of a vanished table) who enabled it.
bool forget_set(const std::string& schema, const std::string& table);

/// Throws 42501 unless the calling role may act as the table's owner and that owner is who enabled the set.
void require_rights(const StoredSet& set);
/// The same as words; empty: allowed.
std::string refusal(const StoredSet& set);

}  // namespace deal::server
