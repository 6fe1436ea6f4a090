/// Which index lets the server find the rows behind a foreign key.
#pragma once

#include <string>

#include "core/model/catalog.hpp"

namespace deal::review {

/// True when a search for all columns of the foreign key by equality can use the index: complete, B-tree (or
/// hash for one column), its first columns are the key's in any order, and not partial (other than
/// WHERE column IS NOT NULL of one of them, which such a search implies).
bool serves_foreign_key(const Catalog& catalog, const Table& table, const Index& index,
                        const Constraint& foreign_key);

/// True when some index of the table does.
bool has_foreign_key_index(const Catalog& catalog, const Table& table, const Constraint& foreign_key);

/// True when the index serves one of the table's foreign keys, whether or not another one does too.
bool serves_some_foreign_key(const Catalog& catalog, const Table& table, const Index& index);

/// A query that returns no row once the foreign key has an index.
std::string foreign_key_verification(const Table& table, const Constraint& foreign_key);

}  // namespace deal::review
