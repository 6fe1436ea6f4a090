#include "server/soft_delete/unique.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

/// " USING btree (...)": what follows the name of index and table in its definition.
constexpr const char* kDefinition =
    "pg_catalog.substr(pg_catalog.pg_get_indexdef(i.oid), 1 + pg_catalog.length(pg_catalog.format('CREATE "
    "UNIQUE "
    "INDEX %I ON %s%I.%I', i.relname, case when i.relkind = 'I' then 'ONLY ' else '' end, n.nspname, "
    "c.relname)))";

std::string from_indexes() {
  return " from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid join "
         "pg_catalog.pg_class "
         "c on c.oid = x.indrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace ";
}

std::string index_that_is_there(const UserTable& table, const std::string& definition) {
  pg::Spi spi;
  pg::SqlResult const row =
      spi.query("select i.relname" + from_indexes() +
                    "where x.indrelid = $1::oid and x.indisunique and x.indisvalid and " + kDefinition +
                    " = $2 and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.oid)",
                {std::to_string(table.relation), definition});
  return row.empty() ? "" : row.text(0, 0);
}

int64_t bytes_of(const UserTable& table) {
  pg::Spi spi;
  return spi
      .query("select pg_catalog.pg_table_size($1::oid::pg_catalog.regclass)",
             {std::to_string(table.relation)})
      .int8(0, 0);
}

void check_size(const UserTable& table, const soft_delete::UniqueReplacement& unique, int64_t most_bytes) {
  int64_t const bytes = table.kind == 'p' || !unique.built.empty() ? 0 : bytes_of(table);
  if (bytes <= most_bytes) return;
  throw Error("55000",
              fmt::format("{} has {}: building the index in place of \"{}\" would keep writers out for long",
                          table.identity(), format_bytes(bytes), unique.constraint))
      .hint("Build it beside them, then call soft_delete_enable again, which takes it: " +
            soft_delete::build_concurrently(unique));
}

}  // namespace

soft_delete::UniqueReplacement replacement_of(const UserTable& table, const std::string& constraint,
                                              const std::string& mark, int64_t most_bytes) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      std::string("select k.contype, k.condeferrable, exists (select from pg_catalog.pg_constraint f where "
                  "f.contype = 'f' and f.conindid = k.conindid), n.nspname, ") +
          kDefinition + from_indexes() +
          "join pg_catalog.pg_constraint k on k.conindid = i.oid and k.contype in ('u', 'p', 'x') where "
          "k.conrelid "
          "= $1::oid and k.conname = $2",
      {std::to_string(table.relation), constraint});
  std::string const name = fmt::format("constraint \"{}\" of {}", constraint, table.identity());
  if (row.empty())
    throw Error("42704", name + " does not exist").hint("See pg_catalog.pg_constraint or \\d.");
  if (row.text(0, 0) != "u") throw Error("22023", name + " is not UNIQUE");
  if (row.boolean(0, 1)) throw Error("0A000", name + " is deferrable, which an index can't be");
  if (row.boolean(0, 2))
    throw Error("0A000", name + " is what a foreign key refers to")
        .hint("Foreign keys need a constraint on all rows.");
  soft_delete::UniqueReplacement unique{table.identity(), constraint, row.text(0, 3),
                                        row.text(0, 4),   mark,       ""};
  unique.built = index_that_is_there(table, soft_delete::partial_definition(unique));
  check_size(table, unique, most_bytes);
  return unique;
}

}  // namespace deal::server
