#include "server/audit/history_create.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/quote.hpp"
#include "server/audit/history_target.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

/// The history's own columns, in order.
std::vector<audit::HistoryColumn> own_columns(pg::Spi& spi, const std::string& history) {
  pg::SqlResult const rows = spi.query(
      "select a.attname, pg_catalog.format_type(a.atttypid, null) from pg_catalog.pg_attribute a where "
      "a.attrelid = "
      "pg_catalog.to_regclass($1) and a.attnum > $2::integer and not a.attisdropped order by a.attnum",
      {history, std::to_string(HistoryTarget::kHeader)});
  std::vector<audit::HistoryColumn> columns;
  for (size_t row = 0; row < rows.size(); ++row)
    columns.push_back({rows.text(row, 0), rows.text(row, 1)});
  return columns;
}

std::string base_type(pg::Spi& spi, const std::string& type) {
  return spi.query("select pg_catalog.format_type($1::pg_catalog.regtype, null)", {type}).text(0, 0);
}

std::string free_name(pg::Spi& spi, const LogPlace& log, const AuditedTable& table) {
  std::string const name = fitting_name("history_" + table.name, "");
  bool const taken =
      !spi.query("select pg_catalog.to_regclass($1)", {quote_qualified(log.schema, name)}).is_null(0, 0);
  return taken ? fitting_name(name, fmt::format("_{}", table.table)) : name;
}

}  // namespace

void ensure_history(const LogPlace& log, const AuditedTable& table, const audit::Layout& layout) {
  pg::AsRole const owner(log.owner);
  pg::Spi spi;
  bool const is_new = table.history.empty();
  std::string const name = is_new ? free_name(spi, log, table) : table.history;
  std::string const quoted = quote_qualified(log.schema, name);
  std::vector<audit::HistoryColumn> const present = own_columns(spi, quoted);
  std::vector<int> ids = table.history_columns;
  std::vector<std::string> taken;
  taken.reserve(present.size());
  for (audit::HistoryColumn const& column : present)
    taken.push_back(column.name);
  std::vector<audit::HistoryColumn> missing;
  for (audit::LayoutColumn const& column : layout.columns) {
    if (column.treatment != audit::Treatment::plain) continue;
    std::string const type = base_type(spi, column.type);
    bool known = false;
    for (size_t i = 0; i < present.size() && i < table.history_columns.size(); ++i)
      known = known || (table.history_columns[i] == column.id && present[i].type == type);
    if (known) continue;
    missing.push_back({audit::history_column_name(column.name, taken), column.type});
    taken.push_back(missing.back().name);
    ids.push_back(column.id);
  }
  std::vector<std::string> const statements = is_new ? audit::history_statements(log.schema, name, missing)
                                                     : audit::history_additions(log.schema, name, missing);
  for (std::string const& statement : statements)
    spi.execute(statement);
  spi.execute(
      fmt::format("update {} set history = $2, history_columns = $3::integer[] where table_id = $1::integer",
                  quote_qualified(log.schema, audit::kTables)),
      {std::to_string(table.table), name, array_text(ids)});
  if (is_new) make_partition_set(log.schema, name, "audit_at");
}

}  // namespace deal::server
