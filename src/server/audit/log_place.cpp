#include "server/audit/log_place.hpp"

#include "core/audit/log_schema.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

Oid log_relation_oid(const std::string& schema, const char* name) {
  return pg::call([&] {
    Oid const oid = get_namespace_oid(schema.c_str(), true);
    return oid == InvalidOid ? InvalidOid : get_relname_relid(name, oid);
  });
}

std::optional<LogPlace> find_log_place(const std::string& schema) {
  LogPlace place{schema, InvalidOid};
  for (const char* const part : {audit::kTables, audit::kLayouts, audit::kEvents, audit::kOverflow,
                                 audit::kTransactions, audit::kTransactionOverflow}) {
    Oid const relation = log_relation_oid(schema, part);
    Oid const owner = relation == InvalidOid ? InvalidOid : pg::relation_owner(relation);
    if (owner == InvalidOid || (place.owner != InvalidOid && owner != place.owner)) return std::nullopt;
    place.owner = owner;
  }
  return place;
}

std::vector<LogPlace> all_logs() {
  std::vector<LogPlace> logs;
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where c.relname = $1 and c.relkind = 'r' order by n.nspname",
      {std::string(audit::kTables)});
  for (size_t row = 0; row < rows.size(); ++row)
    if (std::optional<LogPlace> place = find_log_place(rows.text(row, 0))) logs.push_back(std::move(*place));
  return logs;
}

std::vector<LogPlace> own_logs() {
  std::vector<LogPlace> logs = all_logs();
  std::erase_if(logs, [](const LogPlace& place) { return !pg::may_assume(pg::current_role(), place.owner); });
  return logs;
}

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

bool is_capture_function(Oid function) {
  const char* const name = get_func_name(function);
  return name != nullptr && strcmp(name, "audit_capture") == 0 &&
         get_func_namespace(function) == get_namespace_oid("deal_advisor", true);
}

std::optional<TriggerArguments> trigger_arguments(Oid relation) {
  struct Found {
    const char* log;
    const char* table;
  };
  Found const found = pg::call([&] {
    Found first{nullptr, nullptr};
    Relation const opened = table_open(relation, AccessShareLock);
    TriggerDesc const* const triggers = opened->trigdesc;
    for (int i = 0; triggers != nullptr && i < triggers->numtriggers && first.log == nullptr; ++i) {
      Trigger const& trigger = triggers->triggers[i];
      if (trigger.tgnargs != 2 || !is_capture_function(trigger.tgfoid)) continue;
      first = {pstrdup(trigger.tgargs[0]), pstrdup(trigger.tgargs[1])};
    }
    table_close(opened, NoLock);
    return first;
  });
  if (found.log == nullptr) return std::nullopt;
  return TriggerArguments{found.log, static_cast<int32>(std::strtol(found.table, nullptr, 10))};
}

}  // namespace deal::server
