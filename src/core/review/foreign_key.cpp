#include "core/review/foreign_key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"

namespace deal::review {

namespace {

bool predicate_implied(const Catalog& catalog, const Table& table, const Index& index,
                       const Constraint& foreign_key) {
  if (!index.partial) return true;
  if (!index.deparsed) return true;  // can't be read now: better no finding than a wrong one
  auto const names = catalog.column_names(table, foreign_key.columns);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return index.predicate == '(' + quote_identifier(name) + " IS NOT NULL)";
  });
}

}  // namespace

bool serves_foreign_key(const Catalog& catalog, const Table& table, const Index& index,
                        const Constraint& foreign_key) {
  auto const& columns = foreign_key.columns;
  size_t const width = columns.size();
  if (!index.valid || !index.ready || static_cast<size_t>(index.key_count) < width) return false;
  if (index.method != "btree" && (index.method != "hash" || width != 1)) return false;
  auto const leading = catalog.keys_of(index).first(width);
  for (int const column : columns)
    if (std::none_of(leading.begin(), leading.end(),
                     [&](const IndexColumn& key) { return key.number == column; }))
      return false;
  return predicate_implied(catalog, table, index, foreign_key);
}

bool has_foreign_key_index(const Catalog& catalog, const Table& table, const Constraint& foreign_key) {
  auto const indexes = catalog.indexes_of(table);
  return std::any_of(indexes.begin(), indexes.end(), [&](const Index& index) {
    return serves_foreign_key(catalog, table, index, foreign_key);
  });
}

bool serves_some_foreign_key(const Catalog& catalog, const Table& table, const Index& index) {
  auto const constraints = catalog.constraints_of(table);
  return std::any_of(constraints.begin(), constraints.end(), [&](const Constraint& constraint) {
    return constraint.type == 'f' && serves_foreign_key(catalog, table, index, constraint);
  });
}

std::string foreign_key_verification(const Table& table, const Constraint& foreign_key) {
  // The rule of serves_foreign_key as a catalog query; indkey starts at 0, so it goes through text.
  return fmt::format(
      "select 1 from pg_catalog.pg_constraint k where k.conrelid = pg_catalog.to_regclass({}) and k.conname "
      "= {} "
      "and not exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid "
      "join pg_catalog.pg_am m on m.oid = c.relam where i.indrelid = k.conrelid and i.indisvalid "
      "and i.indisready and m.amname in ('btree', 'hash') and (i.indpred is null or "
      "pg_catalog.pg_get_expr(i.indpred, i.indrelid) ~ '^[(][^ ]+ IS NOT NULL[)]$') and k.conkey <@ "
      "(pg_catalog.string_to_array(i.indkey::text, ' ')::int2[])"
      "[1:least(pg_catalog.cardinality(k.conkey), i.indnkeyatts::int)])",
      quote_literal(table.identity), quote_literal(foreign_key.name));
}

}  // namespace deal::review
