/// How far conversions are: rows of deal_advisor_data.partition_conversion.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/finding.hpp"
#include "core/partition/key.hpp"

namespace deal::server {

/// One conversion.
struct StoredConversion {
  std::int64_t id = 0;
  std::string schema;
  std::string table;
  std::string owner;
  ObjectId relation = 0;  ///< the old table
  ObjectId parent = 0;    ///< the partitioned one; 0: not made yet
  std::string key_column;
  std::string step;  ///< width of a partition
  std::string mode;
  std::string options;  ///< JSON, as completed
  partition::Position cutoff = 0;
  std::string cutoff_text;  ///< for people
  std::map<std::string, std::string> names;
  std::string recipe;   ///< hash of what the parent was built from
  std::string state;    ///< running, converted, rolling back, rolled back
  std::string current;  ///< the step that is being done, or was last
  std::string started;
  std::string updated;
};

/// The latest conversion of the table with this name that is not rolled back.
std::optional<StoredConversion> find_conversion(const std::string& schema, const std::string& table);
/// Errors: 42704 for an unknown id.
StoredConversion read_conversion(std::int64_t id);
std::vector<StoredConversion> read_conversions();

/// Writes a new row and sets its id.
void add_conversion(StoredConversion& conversion);
/// Writes everything but what identifies it.
void save_conversion(const StoredConversion& conversion);

}  // namespace deal::server
