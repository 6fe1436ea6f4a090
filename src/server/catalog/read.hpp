/// Reading the catalogs into the model: a few set-based queries, no query per object.
#pragma once

#include <string>
#include <vector>

#include "core/model/catalog.hpp"

namespace deal::server {

/// Reads the tables, indexes and constraints of the schemas named (none: all that the caller may see), and
/// facts about the server. Left out: system schemas, temporary tables and what belongs to an extension.
/// A member of pg_monitor sees every schema, any other role those on which it has USAGE; the rest is listed
/// in Catalog::hidden_schemas.
///
/// Works in a read-only transaction and on a hot standby. Locks that reading takes are gone afterwards; a
/// table that is locked exclusively is read without its index expressions rather than waited for.
/// Errors: 3F000 for a schema that doesn't exist, 42501 for one that the caller named but may not see.
Catalog read_catalog(const std::vector<std::string>& schemas);

/// Definitions of the indexes as pg_get_indexdef gives them, with their tablespace; indexes that are gone are
/// left out.
std::vector<std::pair<ObjectId, std::string>> read_index_definitions(const std::vector<ObjectId>& indexes);

}  // namespace deal::server
