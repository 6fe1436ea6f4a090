#include "server/audit/relation_layout.hpp"

#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

/// A relation's columns in the catalog's terms; pointers into the current memory context.
struct RawColumn {
  int number;
  const char* name;
  const char* type;
  bool generated;
};

std::string schema_of(Oid relation) {
  return pg::call([&] { return get_namespace_name(get_rel_namespace(relation)); });
}
std::string name_of(Oid relation) {
  return pg::call([&] { return get_rel_name(relation); });
}

/// The table itself as it is now; its identities go on from what the log has.
RecordedLayout table_layout(const LogConfig& config, const AuditedTable& table, Oid root) {
  Incarnation const now = incarnation_of(root);
  RecordedLayout result{read_layout(root), false};
  std::string const name = quote_qualified(schema_of(root), name_of(root));
  std::optional<StoredLayout> stored = config.newest_layout(table.table, now);
  if (!stored) stored = config.former_layout(table.table, now, name);
  identify_columns(result.layout, root, stored ? &*stored : nullptr);
  bool const known =
      stored && stored->incarnation == now && audit::same_layout(stored->layout, result.layout);
  if (known) {
    result.layout.number = stored->layout.number;
  } else {
    result.layout.number = config.add_layout(table.table, {now, name, result.layout});
    result.is_new = true;
  }
  return result;
}

Oid top_of_partitions(Oid relation) {
  if (!get_rel_relispartition(relation)) return relation;
  List* const ancestors = get_partition_ancestors(relation);
  return ancestors == NIL ? relation : llast_oid(ancestors);
}

/// The relation that the log speaks of, as far as it is to be found.
Oid registered(const AuditedTable& table) {
  if (incarnation_of(table.incarnation.relation) == table.incarnation) return table.incarnation.relation;
  Oid const schema = get_namespace_oid(table.schema.c_str(), true);
  return schema == InvalidOid ? InvalidOid : get_relname_relid(table.name.c_str(), schema);
}

}  // namespace

Oid root_of(Oid relation, const AuditedTable& table) {
  return pg::call([&] {
    Oid const top = top_of_partitions(relation);
    if (!has_superclass(top)) return top;
    Oid const parent = registered(table);
    bool const inherits = parent != InvalidOid && get_rel_type_id(parent) != InvalidOid &&
                          typeInheritsFrom(get_rel_type_id(top), get_rel_type_id(parent));
    return inherits ? parent : top;
  });
}

audit::Layout read_layout(Oid relation) {
  int count = 0;
  int last_number = 0;
  RawColumn* const columns = pg::call([&] {
    Relation const opened = table_open(relation, AccessShareLock);
    TupleDesc const shape = RelationGetDescr(opened);
    auto* const raw =
        static_cast<RawColumn*>(palloc(sizeof(RawColumn) * static_cast<size_t>(shape->natts) + 1));
    last_number = shape->natts;
    for (int i = 0; i < shape->natts; ++i) {
      Form_pg_attribute const column = TupleDescAttr(shape, i);
      if (column->attisdropped) continue;
      const char* const type = format_type_extended(column->atttypid, column->atttypmod,
                                                    FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
      raw[count++] = {column->attnum, pstrdup(NameStr(column->attname)), type, column->attgenerated != '\0'};
    }
    table_close(opened, NoLock);
    return raw;
  });
  audit::Layout layout;
  layout.last_number = last_number;
  for (int i = 0; i < count; ++i)
    layout.columns.push_back({0, columns[i].number, columns[i].name, columns[i].type, columns[i].generated,
                              audit::Treatment::plain});
  return layout;
}

void identify_columns(audit::Layout& current, Oid relation, const StoredLayout* earlier) {
  if (earlier == nullptr) {
    for (audit::LayoutColumn& column : current.columns)
      column.id = column.number;
  } else if (earlier->incarnation == incarnation_of(relation)) {
    audit::continue_layout(current, earlier->layout);
  } else {
    audit::adopt_layout(current, earlier->layout);
  }
}

AuditedTable present(AuditedTable table, Oid root) {
  table.schema = schema_of(root);
  table.name = name_of(root);
  table.owner = pg::role_name(pg::relation_owner(root));
  table.incarnation = incarnation_of(root);
  return table;
}

RecordedLayout record_layout(const LogConfig& config, const AuditedTable& table, Oid root, Oid relation) {
  AuditedTable const now = present(table, root);
  bool const moved = now.schema != table.schema || now.name != table.name || now.owner != table.owner ||
                     !(now.incarnation == table.incarnation);
  if (moved) config.refresh_table(now);
  RecordedLayout whole = table_layout(config, table, root);
  if (root == relation) return whole;
  Incarnation const part = incarnation_of(relation);
  RecordedLayout result{read_layout(relation), whole.is_new};
  std::optional<StoredLayout> const stored = config.newest_layout(table.table, part);
  audit::follow_table(result.layout, whole.layout, stored ? &stored->layout : nullptr);
  if (stored && audit::same_layout(stored->layout, result.layout)) {
    result.layout.number = stored->layout.number;
    return result;
  }
  std::string const name = quote_qualified(schema_of(relation), name_of(relation));
  result.layout.number = config.add_layout(table.table, {part, name, result.layout});
  result.is_new = true;
  return result;
}

}  // namespace deal::server
