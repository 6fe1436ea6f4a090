/// Tables that are members of the extension. Nobody has rights on them: they are read and written here, as
/// their owner, after the calling function has checked what the calling role may.
#pragma once

#include <initializer_list>

#include "server/bridge/spi.hpp"

namespace pg {

/// A member table of schema deal_advisor, by its name.
class MemberTable {
 public:
  constexpr explicit MemberTable(const char* name) : name_(name) {}
  /// Runs one statement on the table; the number of rows.
  int64_t write(const char* sql, std::initializer_list<Cell> parameters) const;
  SqlResult read(const char* sql, std::initializer_list<Cell> parameters = {}) const;

 private:
  Oid owner() const;

  const char* name_;
};

/// Owner of a relation, schema or database; InvalidOid when it is gone.
Oid relation_owner(Oid relation);
Oid schema_owner(Oid schema);
Oid database_owner();
/// True if the calling role has the privileges of the database's owner.
bool owns_database();

}  // namespace pg
