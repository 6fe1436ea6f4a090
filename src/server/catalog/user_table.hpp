/// One table as the commands that change it need to know it.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"

namespace deal::server {

struct UserColumn {
  int number = 0;
  std::string name;
  std::string type;  ///< as format_type gives it, with its modifier
  bool not_null = false;
  bool generated = false;  ///< generated always as (...), or identity
};

struct UserTable {
  ObjectId relation = 0;
  ObjectId owner = 0;
  std::string schema;
  std::string name;
  char kind = 0;  ///< pg_class.relkind
  bool is_partition = false;
  std::vector<UserColumn> columns;

  /// schema.name, quoted where needed.
  std::string identity() const;
  /// The column of that name; null if there is none.
  const UserColumn* column(const std::string& name) const;
};

/// The table; its columns in order. Errors: 42P01 when it is gone.
UserTable read_user_table(ObjectId relation);

/// Throws 42501, with `what` in the HINT, unless the calling role may act as the table's owner; 42809 unless
/// it is a table or a partitioned table; 0A000 for a partition: its root is what people name.
void require_own_table(const UserTable& table, const char* what);

/// Tables that inherit from it without being partitions, at any depth; itself first. Row triggers are cloned
/// to partitions but never to these.
std::vector<ObjectId> with_inheriting_tables(ObjectId relation);

}  // namespace deal::server
