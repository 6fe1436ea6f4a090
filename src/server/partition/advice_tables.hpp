/// Large tables that are not partitioned yet, as partition_advice sees them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/partition/advice.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

/// The tables, and where their numbers lead.
struct LargeTables {
  std::vector<partition::AdviceTable> tables;
  std::map<ObjectId, std::size_t> places;           ///< by OID
  std::vector<std::map<int, std::size_t>> columns;  ///< of each table: place by attribute number
};

/// Ordinary tables of at least so many bytes in these schemas (empty: all that the caller may see), with
/// columns, statistics (those that pg_stats shows the caller), keys and what refers to them. Tables under an
/// ACCESS EXCLUSIVE lock are measured by pg_class alone, not waited for.
LargeTables read_large_tables(pg::Spi& spi, const std::vector<std::string>& schemas, std::int64_t min_bytes);

}  // namespace deal::server
