#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/rows.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/marketplace.hpp"
#include "server/marketplace/registry.hpp"

namespace deal::server {

namespace {

bool concerns_caller(pg::Spi& spi, const Marketplace& marketplace) {
  if (pg::may_assume(pg::current_role(), pg::role_oid("pg_monitor"))) return true;
  if (schema_oid(marketplace.schema) == InvalidOid) return pg::owns_database();
  return spi.query("select pg_catalog.has_schema_privilege($1, 'usage')", {marketplace.schema}).boolean(0, 0);
}

/// Collects the rows of one marketplace.
class Report {
 public:
  Report(const Marketplace& marketplace, pg::RowSet& rows) : marketplace_(marketplace), rows_(rows) {}

  void add(const char* state, const std::string& object, const std::string& detail) {
    any_ = true;
    rows_.add({pg::value(marketplace_.schema), pg::value(int32_t{marketplace_.version}),
               pg::value(marketplace_.modules), pg::value(state),
               object.empty() ? pg::Value{} : pg::value(object),
               detail.empty() ? pg::Value{} : pg::value(detail)});
  }
  bool any() const { return any_; }

 private:
  const Marketplace& marketplace_;
  pg::RowSet& rows_;
  bool any_ = false;
};

/// Of "column orders.price" it is "table orders"; empty for what belongs to no table.
std::string table_of(const std::string& object) {
  size_t const space = object.find(' ');
  size_t const point = object.find('.', space);
  std::string const kind = object.substr(0, space);
  if (point == std::string::npos || kind == "function" || kind == "type") return {};
  return "table " + object.substr(space + 1, point - space - 1);
}

void compare(const Marketplace& marketplace, Report& report) {
  SchemaObjects const now = read_objects(marketplace.schema);
  bool const comparable = marketplace.server_major == PG_VERSION_NUM / 10000;
  for (auto const& [name, digest] : marketplace.objects) {
    auto const found = now.find(name);
    if (found == now.end())
      report.add("missing", name, "");
    else if (comparable && found->second != digest)
      report.add("changed", name, "its definition is not the one that was installed");
  }
  for (auto const& [name, digest] : now) {
    std::string const table = table_of(name);
    bool const told_by_table = !table.empty() && !marketplace.objects.contains(table);
    if (!marketplace.objects.contains(name) && !told_by_table) report.add("added", name, "");
  }
}

void describe(const Marketplace& marketplace, pg::RowSet& rows) {
  Report report(marketplace, rows);
  if (schema_oid(marketplace.schema) == InvalidOid)
    report.add("gone", "",
               "the schema was dropped or renamed; deal_advisor.marketplace_uninstall forgets it");
  else
    compare(marketplace, report);
  if (marketplace.version < kMarketplaceVersion)
    report.add("old", "", "deal_advisor.marketplace_upgrade has something to do");
  if (!report.any()) report.add("ok", "", "");
}

}  // namespace

void marketplace_status(const std::optional<std::string>& schema, pg::RowSet& rows) {
  pg::Spi spi;
  bool found = false;
  for (Marketplace const& marketplace : read_marketplaces()) {
    if (schema && marketplace.schema != *schema) continue;
    if (!concerns_caller(spi, marketplace)) continue;
    found = true;
    describe(marketplace, rows);
  }
  if (schema && !found)
    throw Error("42704", "there is no marketplace in schema " + quote_identifier(*schema))
        .hint("deal_advisor.marketplace_status() lists those that there are.");
}

}  // namespace deal::server
