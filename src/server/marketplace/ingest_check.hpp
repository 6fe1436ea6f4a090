/// Whether prices may be written directly: what the executor would check, row by row or once, is either
/// checked here or known not to be there.
#pragma once

#include <optional>
#include <string>

#include "server/marketplace/ingest_tables.hpp"

namespace deal::server {

struct IngestCheck {
  std::optional<std::string> obstacle;  ///< in words
  Oid source = InvalidOid;              ///< the value of price_source
};

/// Finds the tables by name; false if one is not there.
bool find_ingest_tables(const std::string& schema, IngestTables& tables);

/// Looks for what stands in the way of the current role. `source`: empty: any.
IngestCheck check_ingest(const std::string& schema, int64_t tenant, const std::string& source);

}  // namespace deal::server
