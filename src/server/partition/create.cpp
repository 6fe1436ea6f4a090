#include "server/partition/create.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/partition/execute.hpp"
#include "server/partition/table.hpp"

extern "C" {
#include "catalog/partition.h"
#include "nodes/parsenodes.h"
}

namespace deal::server {

namespace {

constexpr int kMostHashPartitions = 10'000;

PartitionKeyFacts required_key(ObjectId relation, char strategy, const char* word) {
  PartitionKeyFacts key = pg::rolled_back([&] { return read_partition_key(relation); });
  std::string const name = quote_qualified(key.facts.schema, key.facts.table);
  if (key.strategy != strategy)
    throw Error("42809", fmt::format("{} is not partitioned by {}", name, word))
        .hint("For range there is deal_advisor.partition_enable.");
  if (!pg::may_assume(pg::current_role(), key.owner)) throw Error("42501", "must be owner of table " + name);
  return key;
}

/// Makes one partition and notes it in the log.
std::string make(const PartitionKeyFacts& key, const partition::LeafOptions& options,
                 const std::string& suffix, const std::string& bound) {
  StoredSet owner;  // no set: just whose rights and how much patience
  owner.owner = key.owner;
  LogEntry entry;
  entry.schema = key.facts.schema;
  entry.table = key.facts.table;
  entry.action = "create";
  entry.partition = fitting_name(key.facts.table, suffix);
  std::string leaf = quote_qualified(key.facts.schema, entry.partition);
  std::vector<std::string> statements;
  for (auto& statement : partition::creation(options, key.facts, leaf, bound))
    statements.push_back(std::move(statement.sql));
  run_logged(entry, [&] { return run_creation(owner, key.facts, leaf, statements, pg::pause); });
  return leaf;
}

/// Remainders of this modulus that have a partition; another modulus is an error.
std::unordered_set<int> remainders_there(ObjectId relation, int modulus) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select b[1], b[2] from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid, "
      "pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'modulus (\\d+), remainder "
      "(\\d+)') b "
      "where i.inhparent = $1::oid",
      {std::to_string(relation)});
  std::unordered_set<int> there;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows.int8(row, 0) != modulus)
      throw Error("22023", fmt::format("there are partitions of modulus {}", rows.text(row, 0)))
          .hint("Partitions of several moduli are made by hand, one by one.");
    there.insert(static_cast<int>(rows.int8(row, 1)));
  }
  return there;
}

std::string list_bound(const ListPartition& partition) {
  if (partition.values.empty()) return "default";
  std::string values;
  for (auto const& value : partition.values)
    values += (values.empty() ? "" : ", ") + (value ? quote_literal(*value) : std::string("null"));
  return "for values in (" + values + ")";
}

}  // namespace

std::vector<std::string> create_hash_partitions(ObjectId relation, int modulus,
                                                const partition::LeafOptions& options) {
  if (modulus < 1 || modulus > kMostHashPartitions)
    throw Error("22023", fmt::format("modulus must be between 1 and {}", kMostHashPartitions));
  PartitionKeyFacts const key = required_key(relation, PARTITION_STRATEGY_HASH, "hash");
  std::unordered_set<int> const there = remainders_there(relation, modulus);
  std::vector<std::string> made;
  for (int remainder = 0; remainder < modulus; ++remainder) {
    if (there.count(remainder) > 0) continue;
    made.push_back(make(key, options, fmt::format("_p{}", remainder),
                        fmt::format("for values with (modulus {}, remainder {})", modulus, remainder)));
  }
  return made;
}

std::vector<std::string> create_list_partitions(ObjectId relation,
                                                const std::vector<ListPartition>& partitions,
                                                const partition::LeafOptions& options) {
  PartitionKeyFacts const key = required_key(relation, PARTITION_STRATEGY_LIST, "list");
  std::vector<std::string> made;
  made.reserve(partitions.size());
  for (auto const& partition : partitions)
    made.push_back(make(key, options, "_" + partition.name, list_bound(partition)));
  return made;
}

}  // namespace deal::server
