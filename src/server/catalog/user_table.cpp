#include "server/catalog/user_table.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

std::string UserTable::identity() const {
  return quote_qualified(schema, name);
}

const UserColumn* UserTable::column(const std::string& wanted) const {
  for (auto const& candidate : columns)
    if (candidate.name == wanted) return &candidate;
  return nullptr;
}

UserTable read_user_table(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      "select n.nspname, c.relname, c.relowner, c.relkind, c.relispartition from pg_catalog.pg_class c "
      "join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid",
      {std::to_string(relation)});
  if (row.empty()) throw Error("42P01", fmt::format("relation with OID {} does not exist", relation));
  UserTable table;
  table.relation = relation;
  table.schema = row.text(0, 0);
  table.name = row.text(0, 1);
  table.owner = row.oid(0, 2);
  table.kind = row.text(0, 3)[0];
  table.is_partition = row.boolean(0, 4);
  pg::SqlResult const columns = spi.query(
      "select attnum, attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, attgenerated <> '' "
      "or "
      "attidentity <> '' from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 and not "
      "attisdropped order by attnum",
      {std::to_string(relation)});
  for (size_t i = 0; i < columns.size(); ++i)
    table.columns.push_back({static_cast<int>(columns.int8(i, 0)), columns.text(i, 1), columns.text(i, 2),
                             columns.boolean(i, 3), columns.boolean(i, 4)});
  return table;
}

void require_own_table(const UserTable& table, const char* what) {
  if (table.kind != 'r' && table.kind != 'p')
    throw Error("42809", table.identity() + " is not a table")
        .hint("Tables and partitioned tables can have it.");
  if (!pg::may_assume(pg::current_role(), table.owner))
    throw Error("42501", "must be owner of table " + table.identity())
        .hint(fmt::format("Only {} and roles that may act as that role can {}.",
                          quote_identifier(pg::role_name(table.owner)), what));
  if (table.is_partition)
    throw Error("0A000", table.identity() + " is a partition")
        .hint("Name the partitioned table: its partitions, later ones too, follow it.");
}

std::vector<ObjectId> with_inheriting_tables(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "with recursive heirs as (select $1::oid as relation union select i.inhrelid from heirs h join "
      "pg_catalog.pg_inherits i on i.inhparent = h.relation join pg_catalog.pg_class c on c.oid = i.inhrelid "
      "where c.relkind = 'r' and not c.relispartition) select relation from heirs",
      {std::to_string(relation)});
  std::vector<ObjectId> relations;
  relations.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i)
    relations.push_back(rows.oid(i, 0));
  return relations;
}

}  // namespace deal::server
