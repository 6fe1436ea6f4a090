#include "server/soft_delete/relatives.hpp"

#include "core/base/quote.hpp"
#include "core/soft_delete/soft_delete.hpp"
#include "server/bridge/spi.hpp"
#include "server/catalog/user_table.hpp"

namespace deal::server {

namespace {

/// Triggers that say which column is the mark: arguments are stored with a zero byte after each.
constexpr const char* kMarks =
    "(select t.tgrelid as relation, t.tgattr[0] as number from pg_catalog.pg_trigger t where t.tgfoid = "
    "'deal_advisor.soft_delete()'::pg_catalog.regprocedure and pg_catalog.substring(t.tgargs, 1, 5) = "
    "pg_catalog.decode('6d61726b00', 'hex'))";

/// Columns of foreign keys to tables with soft deletes.
std::vector<std::string> referring_columns(ObjectId relation, ObjectId changed, bool soft) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select a.attname from pg_catalog.pg_constraint k cross join lateral pg_catalog.unnest(k.conkey) u "
      "(number) join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number where "
      "k.contype = 'f' and k.conparentid = 0 and k.conrelid = $1::oid and case when k.confrelid = $2::oid "
      "then "
      "$3::bool else k.confrelid in (select m.relation from " +
          std::string(kMarks) + " m) end group by a.attnum, a.attname order by a.attnum",
      {std::to_string(relation), std::to_string(changed), soft ? "true" : "false"});
  std::vector<std::string> columns;
  for (size_t i = 0; i < rows.size(); ++i)
    columns.push_back(rows.text(i, 0));
  return columns;
}

}  // namespace

std::vector<Referring> tables_referring_to(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select k.conrelid, c.relowner, n.nspname, c.relname, k.conname, k.confdeltype, k.conrelid in "
      "(select m.relation from " +
          std::string(kMarks) +
          " m) from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join "
          "pg_catalog.pg_namespace n on n.oid = c.relnamespace where k.contype = 'f' and k.conparentid "
          "= 0 and k.confrelid = $1::oid order by n.nspname, c.relname, k.conname",
      {std::to_string(relation)});
  std::vector<Referring> referring;
  for (size_t i = 0; i < rows.size(); ++i)
    referring.push_back({rows.oid(i, 0), rows.oid(i, 1), quote_qualified(rows.text(i, 2), rows.text(i, 3)),
                         rows.text(i, 4), rows.text(i, 5)[0], rows.boolean(i, 6)});
  return referring;
}

std::string mark_of_table(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(std::string("select a.attname from ") + kMarks +
                                          " m join pg_catalog.pg_attribute a on a.attrelid = m.relation and "
                                          "a.attnum = m.number where m.relation "
                                          "= $1::oid",
                                      {std::to_string(relation)});
  return row.empty() ? "" : row.text(0, 0);
}

std::vector<OwnedStatement> reference_trigger_anew(ObjectId relation, ObjectId changed, bool soft,
                                                   const std::string& mark) {
  UserTable const table = read_user_table(relation);
  std::vector<OwnedStatement> statements;
  for (auto& sql : drop_triggers(relation, kSoftDeleteFunction, Argument::is, soft_delete::kReference))
    statements.push_back({table.owner, std::move(sql)});
  std::vector<std::string> columns = referring_columns(relation, changed, soft);
  if (columns.empty()) return statements;
  std::string const own_mark = relation == changed ? mark : mark_of_table(relation);
  if (!own_mark.empty()) columns.push_back(own_mark);
  statements.push_back({table.owner, soft_delete::create_reference_trigger(table.identity(), columns)});
  return statements;
}

}  // namespace deal::server
