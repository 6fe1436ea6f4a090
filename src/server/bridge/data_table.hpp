/// Ordinary tables of our own that are no members of the extension: logs, progress, snapshots. They live in
/// schema deal_advisor_data, are made on first use, and belong to the database's owner.
#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "server/bridge/spi.hpp"

namespace pg {

/// A table of schema deal_advisor_data.
struct DataTable {
  const char* name;        ///< not quoted; a plain identifier
  const char* definition;  ///< what stands in the parentheses of CREATE TABLE
};

/// Makes schema and table unless they are there. Runs as the owner of the database, whoever calls: a caller
/// can never choose what is made. Errors: 42501 when another role owns a schema or table of that name (it may
/// have planted it); 25006 in a read-only transaction.
void make_data_table(const DataTable& table);

/// True if the table is there and belongs to the database's owner.
bool data_table_exists(const DataTable& table);

/// Runs one statement on tables of deal_advisor_data as their owner; the number of rows. The caller has
/// checked what the calling role may write.
int64_t write_data(const std::string& sql, std::initializer_list<Cell> parameters);

/// Reads as their owner; only if data_table_exists. The caller filters what the calling role may see.
SqlResult read_data(const std::string& sql, std::initializer_list<Cell> parameters);

}  // namespace pg
