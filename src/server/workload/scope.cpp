/// The rights and settings with which a statement's text is read.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/workload/prepare.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_db_role_setting.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

using Settings = std::map<std::string, std::string>;

/// Settings of a role that decide how its text is read and planned, besides every enable_*. No others are
/// taken over: they have no bearing on a plan.
bool bears_on_plans(std::string_view name) {
  static constexpr std::array<std::string_view, 33> kNames{"backslash_quote",
                                                           "constraint_exclusion",
                                                           "cpu_index_tuple_cost",
                                                           "cpu_operator_cost",
                                                           "cpu_tuple_cost",
                                                           "cursor_tuple_fraction",
                                                           "datestyle",
                                                           "default_text_search_config",
                                                           "effective_cache_size",
                                                           "effective_io_concurrency",
                                                           "from_collapse_limit",
                                                           "geqo",
                                                           "geqo_effort",
                                                           "geqo_generations",
                                                           "geqo_pool_size",
                                                           "geqo_seed",
                                                           "geqo_selection_bias",
                                                           "geqo_threshold",
                                                           "hash_mem_multiplier",
                                                           "intervalstyle",
                                                           "join_collapse_limit",
                                                           "max_parallel_workers_per_gather",
                                                           "min_parallel_index_scan_size",
                                                           "min_parallel_table_scan_size",
                                                           "parallel_setup_cost",
                                                           "parallel_tuple_cost",
                                                           "random_page_cost",
                                                           "row_security",
                                                           "search_path",
                                                           "seq_page_cost",
                                                           "standard_conforming_strings",
                                                           "timezone",
                                                           "work_mem"};
  return name.starts_with("enable_") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// The "name=value" strings that ALTER ROLE or ALTER DATABASE stored for the pair; 0 stands for any.
List* stored_settings(Oid database, Oid role) {
  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], Anum_pg_db_role_setting_setdatabase, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(database));
  ScanKeyInit(&keys[1], Anum_pg_db_role_setting_setrole, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(role));
  Relation const catalog = table_open(DbRoleSettingRelationId, AccessShareLock);
  SysScanDesc const scan =
      systable_beginscan(catalog, DbRoleSettingDatidRolidIndexId, true, nullptr, 2, keys);
  List* entries = NIL;
  HeapTuple const tuple = systable_getnext(scan);
  bool null = true;
  Datum const array = HeapTupleIsValid(tuple) ? heap_getattr(tuple, Anum_pg_db_role_setting_setconfig,
                                                             RelationGetDescr(catalog), &null)
                                              : Datum{0};
  if (!null) {
    Datum* values = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, nullptr, &count);
    for (int i = 0; i < count; ++i)
      entries = lappend(entries, TextDatumGetCString(values[i]));
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  return entries;
}

/// What a new session of the role in this database would start with, as far as it bears on plans.
Settings settings_of(Oid role) {
  const List* const entries = pg::call([&] {
    List* all = stored_settings(InvalidOid, InvalidOid);  // from the weakest to the strongest
    all = list_concat(all, stored_settings(MyDatabaseId, InvalidOid));
    all = list_concat(all, stored_settings(InvalidOid, role));
    return list_concat(all, stored_settings(MyDatabaseId, role));
  });
  Settings settings;
  ListCell* cell = nullptr;
  foreach (cell, entries) {
    std::string_view const entry(static_cast<const char*>(lfirst(cell)));
    size_t const equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    std::string name(entry.substr(0, equals));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (bears_on_plans(name)) settings[name] = entry.substr(equals + 1);
  }
  return settings;
}

/// The server-wide search_path: of the configuration file, else as built in. What this session's own
/// role, database or client asked for does not count.
std::string server_search_path() {
  const char* const path = pg::call([]() -> const char* {
#if PG_VERSION_NUM >= 160000
    int count = 0;
    config_generic** const variables = get_guc_variables(&count);
#else
    config_generic** const variables = get_guc_variables();
    int const count = GetNumConfigOptions();
#endif
    for (int i = 0; i < count; ++i) {
      if (std::strcmp(variables[i]->name, "search_path") != 0) continue;
      auto const* const variable = reinterpret_cast<config_string*>(variables[i]);
      return variable->gen.reset_source <= PGC_S_ARGV ? variable->reset_val : variable->boot_val;
    }
    return nullptr;
  });
  return path != nullptr ? path : "\"$user\", public";
}

/// Temporary tables of this session are nothing to another role's statement: they come last, not first.
std::string without_temporary(std::string path) {
  if (path.find("pg_temp") != std::string::npos) return path;
  return path.empty() ? "pg_temp" : path + ", pg_temp";
}

/// Sets what the server stored for a role; a value that this server does not take is passed over, as
/// at the start of a session.
void apply(const Settings& settings) {
  for (auto const& setting : settings)
    pg::call([&] {
      (void)set_config_option(setting.first.c_str(), setting.second.c_str(), PGC_SUSET, PGC_S_SESSION,
                              GUC_ACTION_SAVE, true, DEBUG1, false);
    });
}

Oid planning_role(const Statement& statement) {
  if (statement.role.empty()) return pg::current_role();
  Oid const role = pg::role_oid(statement.role);
  if (role == InvalidOid) throw Error("42704", "role \"" + statement.role + "\" does not exist");
  if (pg::may_assume(pg::current_role(), role)) return role;
  throw Error("42501", "permission denied to plan as role \"" + statement.role + "\"")
      .hint("GRANT " + quote_identifier(statement.role) + " TO " +
            quote_identifier(pg::role_name(pg::current_role())) + "; or ask as that role.");
}

}  // namespace

StatementScope::StatementScope(const Statement& statement) {
  Oid const role = planning_role(statement);
  bool const another = role != pg::current_role();
  Settings settings;
  if (another) {
    settings = settings_of(role);
    if (settings.count("search_path") == 0) settings["search_path"] = server_search_path();
  }
  if (another) settings["search_path"] = without_temporary(settings["search_path"]);
  role_.emplace(role);
  if (settings.empty() && statement.search_path.empty()) return;
  settings_.emplace();
  apply(settings);
  if (!statement.search_path.empty())
    settings_->set("search_path", another ? without_temporary(statement.search_path) : statement.search_path);
}

}  // namespace deal::server
