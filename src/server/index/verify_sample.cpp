#include "server/index/verify_sample.hpp"

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/index/ddl.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/walk.hpp"
#include "server/index/evaluate.hpp"
#include "server/index/verify_build.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

constexpr const char* kSeed = "20250101";

/// One column of the original, as SQL text.
struct Column {
  bool dropped;
  std::string name;
  std::string declaration;
  std::string storage;  ///< empty: the type's own
};

std::vector<Column> columns_of(pg::Spi& spi, Oid table) {
  auto const rows = spi.query(
      "select a.attisdropped, quote_ident(a.attname), a.attnum, format_type(a.atttypid, a.atttypmod)"
      " || case when a.attcollation <> t.typcollation"
      "    then ' collate ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname) else '' end"
      " || case when a.attnotnull then ' not null' else '' end,"
      " case when a.attstorage <> t.typstorage then case a.attstorage when 'p' then 'plain'"
      "  when 'e' then 'external' when 'm' then 'main' else 'extended' end end"
      " from pg_attribute a left join pg_type t on t.oid = a.atttypid"
      " left join pg_collation c on c.oid = a.attcollation left join pg_namespace n on n.oid = "
      "c.collnamespace"
      " where a.attrelid = $1::oid and a.attnum > 0 order by a.attnum",
      {std::to_string(table)});
  std::vector<Column> columns;
  for (size_t row = 0; row < rows.size(); ++row) {
    bool const dropped = rows.boolean(row, 0);
    columns.push_back({dropped, dropped ? "dropped_" + rows.text(row, 2) : rows.text(row, 1),
                       dropped ? "int" : rows.text(row, 3), rows.text(row, 4)});
  }
  return columns;
}

/// Not the name of another temporary table. The table's own if possible: conditions may be written with it.
std::string name_of_copy(Oid table) {
  const char* const name = pg::call([&]() -> const char* { return get_rel_name(table); });
  return "pg_temp." + quote_identifier(index::free_name(name, [](const std::string& wanted) {
           return pg::call([&] {
             RangeVar* const range = makeRangeVar(pstrdup("pg_temp"), pstrdup(wanted.c_str()), -1);
             return OidIsValid(RangeVarGetRelid(range, NoLock, true));
           });
         }));
}

Oid oid_of(pg::Spi& spi, const std::string& name) {
  return spi.query("select $1::regclass::oid", {name}).oid(0, 0);
}

/// The same attribute numbers as the original, so that its queries fit: dropped columns are made and dropped.
void create_copy(pg::Spi& spi, const std::string& name, const std::vector<Column>& columns) {
  std::string create = "create temporary table " + name + " (";
  std::string alter;
  for (auto const& column : columns) {
    if (&column != &columns.front()) create += ", ";
    create += column.name + " " + column.declaration;
    if (column.dropped)
      alter += ", drop column " + column.name;
    else if (!column.storage.empty())
      alter += ", alter column " + column.name + " set storage " + column.storage;
  }
  spi.execute(create + ")");
  if (!alter.empty()) spi.execute("alter table " + name + alter.substr(1));
}

int64_t fill_copy(pg::Spi& spi, Oid table, const std::string& name, const std::vector<Column>& columns,
                  double percent) {
  std::string list;
  for (auto const& column : columns)
    if (!column.dropped) list += (list.empty() ? "" : ", ") + column.name;
  bool const whole = pg::call([&] { return get_rel_relkind(table); }) == RELKIND_PARTITIONED_TABLE;
  return spi.execute("insert into " + name + " (" + list + ") select " + list + " from " +
                     (whole ? "" : "only ") + relation_name(table) + " tablesample system (" +
                     std::to_string(percent) + ") repeatable (" + kSeed + ")");
}

Oid owner_of(Oid table) {
  return pg::call([&] {
    Relation const relation = table_open(table, AccessShareLock);
    Oid const owner = relation->rd_rel->relowner;
    table_close(relation, NoLock);
    return owner;
  });
}

/// True when the copy belongs to the table's owner now, so that code in its indexes runs with its rights.
bool give_to_owner(pg::Spi& spi, Oid table, const std::string& name) {
  Oid const owner = owner_of(table);
  if (owner == pg::current_role()) return true;
  if (!pg::may_assume(pg::current_role(), owner)) return false;
  spi.execute("alter table " + name + " owner to " + quote_identifier(pg::role_name(owner)));
  return true;
}

/// Without the owner's rights only those that hold plain columns: nobody runs the owner's code as himself.
void copy_indexes(pg::Spi& spi, TableCopy& copy, bool with_code) {
  auto const rows = spi.query(
      "select i.indexrelid, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = "
      "i.indexrelid"
      " where i.indrelid = $1::oid and i.indisvalid and ($2::bool or i.indexprs is null and i.indpred is "
      "null)"
      " order by c.relname",
      {std::to_string(copy.original), with_code ? "true" : "false"});
  for (size_t row = 0; row < rows.size(); ++row) {
    auto const command = read_index_command(rows.text(row, 1)).front();
    BuiltIndex const built = build_index(definition_on(command, copy.name), copy.copy);
    for (Oid const original : index_tree(rows.oid(row, 0)))
      copy.indexes.emplace_back(original, built.oid);
  }
}

/// What the walker below replaces.
struct Replacement {
  const TableCopy* copies;
  size_t count;

  Oid of(Oid table) const {
    for (size_t i = 0; i < count; ++i)
      if (copies[i].original == table) return copies[i].copy;
    return InvalidOid;
  }
};

bool replace_tables(Node* node, void* state) {
  if (node == nullptr) return false;
  auto const& replacement = *static_cast<const Replacement*>(state);
  if (IsA(node, RangeTblEntry)) {
    auto* const entry = reinterpret_cast<RangeTblEntry*>(node);
    Oid const copy = entry->rtekind == RTE_RELATION ? replacement.of(entry->relid) : InvalidOid;
    if (OidIsValid(copy)) {
      entry->relid = copy;
      entry->relkind = RELKIND_RELATION;
    }
    return false;
  }
  if (!IsA(node, Query)) return expression_tree_walker(node, pg::walker(replace_tables), state);
  auto* const query = reinterpret_cast<Query*>(node);
#if PG_VERSION_NUM >= 160000
  ListCell* cell = nullptr;
  foreach (cell, query->rteperminfos) {
    auto* const info = lfirst_node(RTEPermissionInfo, cell);
    Oid const copy = replacement.of(info->relid);
    if (OidIsValid(copy)) info->relid = copy;
  }
#endif
  return query_tree_walker(query, pg::walker(replace_tables), state, QTW_EXAMINE_RTES_BEFORE);
}

}  // namespace

TableCopy copy_sample(Oid table, double percent) {
  TableCopy copy{table, InvalidOid, name_of_copy(table), 0, {}};
  pg::Spi spi;
  auto const columns = columns_of(spi, table);
  create_copy(spi, copy.name, columns);
  copy.copy = oid_of(spi, copy.name);
  copy.rows = fill_copy(spi, table, copy.name, columns, percent);
  copy_indexes(spi, copy, give_to_owner(spi, table, copy.name));
  spi.execute("analyze " + copy.name);
  return copy;
}

PreparedQuery on_copies(const PreparedQuery& prepared, std::span<const TableCopy> copies) {
  PreparedQuery out = prepared;
  Replacement replacement{copies.data(), copies.size()};
  out.query = pg::call([&] {
    auto* const query = static_cast<Query*>(copyObjectImpl(prepared.query));
    (void)replace_tables(reinterpret_cast<Node*>(query), &replacement);
    return query;
  });
  return out;
}

}  // namespace deal::server
