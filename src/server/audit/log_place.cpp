#include "server/audit/log_owner.hpp"

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

LogPlace require_log(const std::string& schema) {
  std::optional<LogPlace> const log = find_log_place(schema);
  if (!log)
    throw Error("42704", "there is no audit log in schema " + quote_identifier(schema))
        .hint("deal_advisor.audit_status() says where the logs of audited tables are.");
  if (!pg::may_assume(pg::current_role(), log->owner))
    throw Error("42501", "must be owner of the audit log in schema " + quote_identifier(schema))
        .hint("Only its owner, role \"" + pg::role_name(log->owner) +
              "\", a member of that role, or a superuser may do this.");
  return *log;
}

std::vector<LogPlace> own_logs() {
  std::vector<LogPlace> logs;
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select n.nspname, c.relowner from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace "
      "where c.relname = 'audit_table' and c.relkind = 'r' and exists (select from pg_catalog.pg_class e "
      "where "
      "e.relnamespace = n.oid and e.relname = 'audit_event' and e.relkind = 'p' and e.relowner = c.relowner) "
      "order by "
      "n.nspname");
  for (size_t row = 0; row < rows.size(); ++row)
    if (pg::may_assume(pg::current_role(), rows.oid(row, 1)))
      logs.push_back({rows.text(row, 0), rows.oid(row, 1)});
  return logs;
}

}  // namespace deal::server
