#include "server/audit/log_config.hpp"

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/xlog.h"
}

namespace deal::server {

namespace {

Incarnation incarnation_in(const pg::SqlResult& rows, int first_column) {
  return {rows.oid(0, first_column), rows.oid(0, first_column + 1),
          static_cast<uint64>(rows.int8(0, first_column + 2))};
}

std::vector<int> numbers_in_array(const std::string& array) {
  std::vector<int> numbers;
  const char* at = array.c_str();
  while (*at != '\0') {
    if (*at >= '0' && *at <= '9')
      numbers.push_back(static_cast<int>(std::strtol(at, const_cast<char**>(&at), 10)));
    else
      ++at;
  }
  return numbers;
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

constexpr const char* kLayoutColumns = "relation, database, system_id, relation_name, columns, layout";

std::optional<StoredLayout> layout_in(const pg::SqlResult& rows) {
  if (rows.empty()) return std::nullopt;
  StoredLayout stored{incarnation_in(rows, 0), rows.text(0, 3), audit::parse_layout(rows.text(0, 4))};
  stored.layout.number = static_cast<int32>(rows.int8(0, 5));
  return stored;
}

pg::Cell cell(uint64 number) {
  return std::to_string(number);
}
pg::Cell system_cell(const Incarnation& incarnation) {
  return std::to_string(static_cast<int64_t>(incarnation.system));
}

}  // namespace

std::string array_text(const std::vector<int>& numbers) {
  std::string text = "{";
  for (int const number : numbers)
    text += (text.size() > 1 ? "," : "") + std::to_string(number);
  return text + "}";
}

Incarnation incarnation_of(Oid relation) {
  return {relation, MyDatabaseId, GetSystemIdentifier()};
}

std::optional<AuditedTable> LogConfig::table(int32 table) const {
  pg::LatestSnapshot const now;
  pg::AsRole const owner(owner_);
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      fmt::format(
          "select schema_name, table_name, table_owner, relation, database, system_id, mode, key_columns, "
          "pg_catalog.encode(salt, 'hex'), truncate_rows, statement, "
          "insert_image, disabled is null, history, history_columns from {} where table_id = $1::integer",
          quote_qualified(schema_, audit::kTables)),
      {cell(static_cast<uint64>(table))});
  if (rows.empty()) return std::nullopt;
  AuditedTable found;
  found.table = table;
  found.schema = rows.text(0, 0);
  found.name = rows.text(0, 1);
  found.owner = rows.text(0, 2);
  found.incarnation = incarnation_in(rows, 3);
  found.mode = rows.text(0, 6);
  found.key_columns = numbers_in_array(rows.text(0, 7));
  found.salt = bytes_of_hex(rows.text(0, 8));
  found.truncate_rows = rows.boolean(0, 9);
  found.statement = rows.boolean(0, 10);
  found.insert_image = rows.boolean(0, 11);
  found.enabled = rows.boolean(0, 12);
  found.history = rows.text(0, 13);
  found.history_columns = numbers_in_array(rows.text(0, 14));
  return found;
}

std::optional<StoredLayout> LogConfig::newest_layout(int32 table, const Incarnation& relation) const {
  pg::LatestSnapshot const now;
  pg::AsRole const owner(owner_);
  pg::Spi spi;
  return layout_in(spi.query(
      fmt::format(
          "select {} from {} where table_id = $1::integer and relation = $2::oid and database = $3::oid "
          "and system_id = $4::bigint order by layout desc limit 1",
          kLayoutColumns, quote_qualified(schema_, audit::kLayouts)),
      {cell(static_cast<uint64>(table)), cell(relation.relation), cell(relation.database),
       system_cell(relation)}));
}

std::optional<StoredLayout> LogConfig::former_layout(int32 table, const Incarnation& now,
                                                     const std::string& relation_name) const {
  pg::LatestSnapshot const latest;
  pg::AsRole const owner(owner_);
  pg::Spi spi;
  return layout_in(spi.query(
      fmt::format("select {} from {} where table_id = $1::integer and (database, system_id) is distinct from "
                  "($2::oid, $3::bigint) order by relation_name = $4 desc, layout desc limit 1",
                  kLayoutColumns, quote_qualified(schema_, audit::kLayouts)),
      {cell(static_cast<uint64>(table)), cell(now.database), system_cell(now), relation_name}));
}

int32 LogConfig::add_layout(int32 table, const StoredLayout& layout) const {
  pg::AsRole const owner(owner_);
  pg::Spi spi;
  spi.execute(
      fmt::format("insert into {} (table_id, relation, database, system_id, relation_name, columns) values "
                  "($1::integer, $2::oid, $3::oid, $4::bigint, $5, $6::jsonb)",
                  quote_qualified(schema_, audit::kLayouts)),
      {cell(static_cast<uint64>(table)), cell(layout.incarnation.relation), cell(layout.incarnation.database),
       system_cell(layout.incarnation), layout.relation_name, audit::layout_json(layout.layout)});
  pg::FreshSnapshot const fresh;
  return static_cast<int32>(
      spi.query(
             fmt::format("select pg_catalog.max(layout) from {} where table_id = $1::integer and relation = "
                         "$2::oid",
                         quote_qualified(schema_, audit::kLayouts)),
             {cell(static_cast<uint64>(table)), cell(layout.incarnation.relation)})
          .int8(0, 0));
}

void LogConfig::refresh_table(const AuditedTable& table) const {
  pg::AsRole const owner(owner_);
  pg::Spi spi;
  std::string const config = quote_qualified(schema_, audit::kTables);
  spi.execute(
      fmt::format(
          "update {0} set schema_name = $2, table_name = $3, table_owner = $4, relation = $5::oid, "
          "database = $6::oid, system_id = $7::bigint where table_id in (select table_id from {0} where "
          "table_id = $1::integer for update skip locked)",
          config),
      {cell(static_cast<uint64>(table.table)), table.schema, table.name, table.owner,
       cell(table.incarnation.relation), cell(table.incarnation.database), system_cell(table.incarnation)});
}

}  // namespace deal::server
