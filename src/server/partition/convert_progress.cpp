#include "server/partition/convert_progress.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/bridge/data_table.hpp"
#include "server/bridge/transaction.hpp"

namespace deal::server {

namespace {

constexpr pg::DataTable kConversions{
    "partition_conversion",
    "id bigint generated always as identity primary key, schema_name name not null, table_name name not "
    "null, "
    "owner_name name not null, relation oid not null, parent oid not null, key_column name not null, step "
    "text not null, mode text not null, options jsonb not null, cutoff bigint not null, cutoff_text text not "
    "null, names jsonb not null, "
    "recipe text not null, state text not null, current_step text not null, started timestamptz not null "
    "default pg_catalog.clock_timestamp(), updated timestamptz not null default "
    "pg_catalog.clock_timestamp()"};

constexpr const char* kSelect =
    "select id, schema_name, table_name, owner_name, relation, parent, key_column, step, mode, options, "
    "cutoff, names, recipe, state, current_step, started, updated, cutoff_text from "
    "deal_advisor_data.partition_conversion ";

std::map<std::string, std::string> names_of(const std::string& text) {
  std::map<std::string, std::string> names;
  auto const json = Json::parse(text);
  for (auto const& [purpose, name] : json.items())
    names.emplace(purpose, name.get<std::string>());
  return names;
}

std::string text_of(const std::map<std::string, std::string>& names) {
  Json json = Json::object();
  for (auto const& [purpose, name] : names)
    json[purpose] = name;
  return json.dump();
}

StoredConversion conversion_of(const pg::SqlResult& rows, size_t row) {
  StoredConversion found;
  found.id = rows.int8(row, 0);
  found.schema = rows.text(row, 1);
  found.table = rows.text(row, 2);
  found.owner = rows.text(row, 3);
  found.relation = rows.oid(row, 4);
  found.parent = rows.oid(row, 5);
  found.key_column = rows.text(row, 6);
  found.step = rows.text(row, 7);
  found.mode = rows.text(row, 8);
  found.options = rows.text(row, 9);
  found.cutoff = rows.int8(row, 10);
  found.names = names_of(rows.text(row, 11));
  found.recipe = rows.text(row, 12);
  found.state = rows.text(row, 13);
  found.current = rows.text(row, 14);
  found.started = rows.text(row, 15);
  found.updated = rows.text(row, 16);
  found.cutoff_text = rows.text(row, 17);
  return found;
}

std::vector<StoredConversion> select(const std::string& rest, std::initializer_list<pg::Cell> parameters) {
  std::vector<StoredConversion> found;
  if (!pg::data_table_exists(kConversions)) return found;
  pg::SqlResult const rows = pg::read_data(kSelect + rest, parameters);
  for (size_t row = 0; row < rows.size(); ++row)
    found.push_back(conversion_of(rows, row));
  return found;
}

}  // namespace

std::optional<StoredConversion> find_conversion(const std::string& schema, const std::string& table) {
  auto found =
      select("where schema_name = $1 and table_name = $2 and state <> 'rolled back' order by id desc limit 1",
             {schema, table});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

StoredConversion read_conversion(std::int64_t id) {
  auto found = select("where id = $1::bigint", {std::to_string(id)});
  if (found.empty())
    throw Error("42704", "there is no conversion " + std::to_string(id))
        .hint("select id, parent, state from deal_advisor.partition_convert_status();");
  return std::move(found.front());
}

std::vector<StoredConversion> read_conversions() {
  return select("order by id", {});
}

void add_conversion(StoredConversion& conversion) {
  pg::make_data_table(kConversions);
  pg::commit();  // a sequence that is used by the transaction that made it can repeat after a crash
                 // (wal_level minimal)
  pg::write_data(
      "insert into deal_advisor_data.partition_conversion (schema_name, table_name, owner_name, relation, "
      "parent, key_column, step, mode, options, cutoff, names, recipe, state, current_step, cutoff_text) "
      "values ($1, $2, "
      "$3, $4::oid, 0, $5, $6, $7, $8::jsonb, $9::bigint, $10::jsonb, '', $11, '', $12)",
      {conversion.schema, conversion.table, conversion.owner, std::to_string(conversion.relation),
       conversion.key_column, conversion.step, conversion.mode, conversion.options,
       std::to_string(conversion.cutoff), text_of(conversion.names), conversion.state,
       conversion.cutoff_text});
  conversion.id = pg::read_data(
                      "select pg_catalog.currval(pg_catalog.pg_get_serial_sequence("
                      "'deal_advisor_data.partition_conversion', 'id'))",
                      {})
                      .int8(0, 0);
}

void save_conversion(const StoredConversion& conversion) {
  pg::write_data(
      "update deal_advisor_data.partition_conversion set parent = $2::oid, options = $3::jsonb, cutoff = "
      "$4::bigint, names = $5::jsonb, recipe = $6, state = $7, current_step = $8, updated = "
      "pg_catalog.clock_timestamp() where id = $1::bigint",
      {std::to_string(conversion.id), std::to_string(conversion.parent), conversion.options,
       std::to_string(conversion.cutoff), text_of(conversion.names), conversion.recipe, conversion.state,
       conversion.current});
}

}  // namespace deal::server
