#include "server/catalog/audits.hpp"

#include <algorithm>
#include <map>

#include "core/base/quote.hpp"
#include "server/audit/seal_store.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/subtransaction.hpp"

namespace deal::server {

namespace {

constexpr const char* kStates = R"sql(
select s.relation, s.state, coalesce(s.detail, ''), s.log_schema, s.log_owner, s.overflow_rows,
  coalesce((extract(epoch from s.ready_until::timestamptz) * 1000000)::bigint, 0), s.enable_call
from deal_advisor.audit_status() s
order by s.log_schema, s.relation)sql";

constexpr const char* kTriggers = R"sql(
select distinct t.tgrelid
from pg_catalog.pg_trigger t
join pg_catalog.pg_proc p on p.oid = t.tgfoid and p.proname = 'audit_capture'
join pg_catalog.pg_namespace n on n.oid = p.pronamespace and n.nspname = 'deal_advisor')sql";

/// When the log was sealed last, in microseconds since 1970; 0: never. Read as its owner.
int64 last_sealed(const std::string& log, Oid owner) {
  pg::AsRole const as_owner(owner);
  SealStore const store(log);
  if (!store.exists()) return 0;
  pg::Spi spi;
  return spi
      .query("select coalesce((extract(epoch from max(sealed_at)) * 1000000)::bigint, 0) from " +
             store.table(kSeals))
      .int8(0, 0);
}

AuditLogState log_of(const pg::SqlResult& rows, size_t row) {
  AuditLogState log;
  log.schema = rows.text(row, 3);
  log.identity = quote_qualified(log.schema, "audit_event");
  log.owner = rows.text(row, 4);
  log.owner_oid = pg::role_oid(log.owner);
  log.overflow_rows = rows.int8(row, 5);
  log.ready_until = rows.int8(row, 6);
  log.last_sealed = last_sealed(log.schema, log.owner_oid);
  return log;
}

void add_states(pg::Spi& spi, Catalog& catalog) {
  std::map<std::string, int> places;
  for (size_t i = 0; i < catalog.tables.size(); ++i)
    places.emplace(catalog.tables[i].identity, static_cast<int>(i));
  pg::SqlResult const rows = spi.query(kStates);
  for (size_t row = 0; row < rows.size(); ++row) {
    auto const place = places.find(rows.text(row, 0));
    if (place == places.end()) continue;
    catalog.audited.push_back(
        {place->second, rows.text(row, 1), rows.text(row, 2), rows.text(row, 3), rows.text(row, 7)});
    auto& logs = catalog.audit_logs;
    if (logs.empty() || logs.back().schema != rows.text(row, 3)) logs.push_back(log_of(rows, row));
    AuditLogState& log = logs.back();
    Table const& table = catalog.tables[static_cast<size_t>(place->second)];
    log.enabled = log.enabled || rows.text(row, 1) != "disabled";
    if (table.owner != log.owner_oid || log.owner_of_tables) continue;
    log.owner_of_tables = true;
    log.owned_table = table.identity;
  }
}

void add_triggers(pg::Spi& spi, Catalog& catalog) {
  pg::SqlResult const rows = spi.query(kTriggers);
  for (size_t row = 0; row < rows.size(); ++row)
    if (const Table* const table = catalog.table(rows.oid(row, 0)))
      catalog.audit_triggers.push_back(static_cast<int>(table - catalog.tables.data()));
  std::ranges::sort(catalog.audit_triggers);
}

}  // namespace

void read_audits(pg::Spi& spi, Catalog& catalog) {
  auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
    add_triggers(spi, catalog);
    add_states(spi, catalog);
  });
  if (!failure) return;
  catalog.audited.clear();
  catalog.audit_logs.clear();
  catalog.audits_unknown = failure->message;
}

}  // namespace deal::server
