#include "server/workload/read.hpp"

#include <algorithm>
#include <set>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/index/imported.hpp"
#include "server/workload/parse.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace deal::server {

namespace {

/// A relation to read, described by its catalog rows.
struct Source {
  std::string name;   ///< schema-qualified and quoted
  std::string label;  ///< what the rows say as their source
  std::string owner;
  std::set<std::string> columns;
  bool trusted;  ///< its rows' roles are facts that the server wrote

  bool has(const char* column) const { return columns.count(column) != 0; }
};

/// The view of pg_stat_statements, wherever the extension lives; 0 when it is not installed. It is found as
/// the extension's member: another relation of that name proves nothing.
Oid statistics_view(pg::Spi& spi) {
  auto const found = spi.query(
      "select d.objid from pg_catalog.pg_depend d"
      " join pg_catalog.pg_extension e on e.oid = d.refobjid join pg_catalog.pg_class c on c.oid = d.objid"
      " where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype = 'e'"
      " and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass"
      " and e.extname = 'pg_stat_statements' and c.relname = 'pg_stat_statements'");
  return found.empty() ? InvalidOid : found.oid(0, 0);
}

Source describe(pg::Spi& spi, Oid relation) {
  auto const rows = spi.query(
      "select n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), c.relkind, a.attname"
      " from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
      " left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
      " where c.oid = $1::oid",
      {std::to_string(relation)});
  if (rows.empty()) throw Error("42P01", "relation with OID " + std::to_string(relation) + " does not exist");
  Source source;
  source.name = quote_qualified(rows.text(0, 0), rows.text(0, 1));
  source.label = source.name;
  source.owner = rows.text(0, 2);
  source.trusted = false;
  if (std::string_view("rpvmf").find(rows.text(0, 3)) == std::string_view::npos)
    throw Error("42809", source.name + " is not a table or view");
  for (size_t i = 0; i < rows.size(); ++i)
    source.columns.insert(rows.text(i, 4));
  if (!source.has("query"))
    throw Error("42703", "a workload needs a column \"query\", and " + source.name + " has none")
        .hint("Make a view over it that names the statement's text \"query\".");
  return source;
}

/// The first of the columns that the source has, cast to `type`; else `otherwise`.
std::string pick(const Source& source, std::initializer_list<const char*> columns, const std::string& type,
                 const std::string& otherwise) {
  for (const char* column : columns)
    if (source.has(column)) return "s." + quote_identifier(column) + "::" + type;
  return otherwise;
}

std::string mean_expression(const Source& source) {
  std::string const total = pick(source, {"total_exec_time", "total_time", "total_ms"}, "float8", "");
  std::string mean = pick(source, {"mean_ms", "mean_exec_time", "mean_time"}, "float8", "");
  if (!mean.empty()) return mean;
  if (total.empty()) return "null::float8";
  return source.has("calls") ? total + " / nullif(s.calls::float8, 0)" : total;
}

std::string role_expression(const Source& source) {
  std::string by_name = pick(source, {"role", "rolname", "usename", "username"}, "text", "");
  if (!by_name.empty()) return by_name;
  return source.has("userid") ? "pg_catalog.pg_get_userbyid(s.userid)::text" : "null::text";
}

/// One row per text, role and search_path: entries that differ in whether they ran at top level, or in the
/// tables' OIDs (dropped and made again), are one statement; the id is that of the entry with the most time.
std::string select_statements(const Source& source) {
  std::string const calls = source.has("calls") ? "coalesce(s.calls::float8, 1)" : "1::float8";
  std::string sql =
      "select w.query, sum(w.calls), coalesce(sum(w.calls * w.mean_ms) / nullif(sum(w.calls), 0), 0),"
      " w.role, w.search_path, (array_agg(w.query_id order by w.calls * w.mean_ms desc))[1],"
      " bool_or(w.top_level) from (select "
      "s.query::text as query, " +
      calls + " as calls, coalesce(" + mean_expression(source) + ", 0) as mean_ms, " +
      role_expression(source) + " as role, " + pick(source, {"search_path"}, "text", "null::text") +
      " as search_path, " + pick(source, {"toplevel"}, "bool", "null::bool") + " as top_level, " +
      pick(source, {"query_id", "queryid"}, "text", "null::text") + " as query_id from " + source.name + " s";
  if (source.has("dbid"))
    sql +=
        " where s.dbid = (select d.oid from pg_catalog.pg_database d"
        " where d.datname = pg_catalog.current_database())";
  return sql +
         ") w where w.query is not null and w.calls > 0 and w.calls < 'infinity' and w.mean_ms >= 0"
         " and w.mean_ms < 'infinity' group by w.query, w.role, w.search_path"
         " order by sum(w.calls * w.mean_ms) desc, sum(w.calls) desc, w.query, w.role";
}

/// Whether rows of a role may be planned, given who owns the relation that they stand in.
class RoleRule {
 public:
  explicit RoleRule(const Source& source)
      : trusted_(source.trusted), owner_(source.trusted ? InvalidOid : pg::role_oid(source.owner)) {}

  bool allows(const std::string& role) {
    if (trusted_) return true;
    Oid const oid = pg::role_oid(role);
    if (oid == InvalidOid || pg::may_assume(owner_, oid)) return true;
    refused_.insert(role);
    return false;
  }

  void report(const Source& source) const {
    if (refused_.empty()) return;
    std::string names;
    for (auto const& role : refused_)
      names += (names.empty() ? "" : ", ") + quote_identifier(role);
    pg::warning(
        "statements of roles that the owner of " + source.name + " may not act as are left out: " + names,
        "Let a role own the relation that is a member of these roles.");
  }

 private:
  bool trusted_;
  Oid owner_;
  std::set<std::string> refused_;
};

bool wanted(const Statement& statement, const WorkloadOptions& options) {
  if (statement.calls < options.min_calls) return false;
  auto const& roles = options.roles;
  return roles.empty() || std::find(roles.begin(), roles.end(), statement.role) != roles.end();
}

/// Whether the statement is of the kind that advice is about.
bool is_work(const std::string& text, const WorkloadOptions& options) {
  if (options.include_utility && options.include_system) return true;
  StatementKind const kind = kind_of(text);
  return kind == StatementKind::user || (kind == StatementKind::utility && options.include_utility) ||
         (kind == StatementKind::system && options.include_system);
}

pg::SqlResult all_rows(const Source& source) {
  pg::Spi spi;
  return spi.query(select_statements(source));
}

Workload read_source(const Source& source, const WorkloadOptions& options) {
  auto const rows = all_rows(source);
  RoleRule rule(source);
  Workload workload;
  pg::Memory const memory("deal_advisor workload");
  for (size_t i = 0; i < rows.size(); ++i) {
    if (options.limit > 0 && static_cast<int64_t>(workload.size()) >= options.limit) break;
    Statement statement{rows.text(i, 0), rows.float8(i, 1), rows.float8(i, 2), rows.text(i, 3),
                        rows.text(i, 4), source.label,      rows.text(i, 5)};
    if (!rows.is_null(i, 6)) statement.top_level = rows.boolean(i, 6);
    if (statement.role.empty()) statement.role = source.owner;
    if (statement.query_id.empty()) statement.query_id = query_id_of(statement);
    if (!wanted(statement, options) || !rule.allows(statement.role)) continue;
    pg::InContext const in_memory(memory.context());
    if (is_work(statement.query, options)) workload.push_back(std::move(statement));
    memory.reset();
  }
  rule.report(source);
  return workload;
}

constexpr const char* kWithoutStatistics =
    " Or pass statements: workload => array[row('select ...', 100, 1.5, null, null, null,"
    " null)::deal_advisor.statement], or one: query => 'select ...'.";

Error no_workload(std::string why, const std::string& remedy) {
  return Error("55000", "there is no workload: " + std::move(why)).hint(remedy + kWithoutStatistics);
}

/// True when the module was loaded at server start: only then does it define its settings. (The list of
/// preloaded libraries itself is hidden from ordinary roles.)
bool preloaded() {
  return pg::call([] {
    constexpr const char* kSetting = "pg_stat_statements.max";
    if (GetConfigOption(kSetting, true, false) == nullptr) return false;
    return (GetConfigOptionFlags(kSetting, true) & GUC_CUSTOM_PLACEHOLDER) == 0;
  });
}

Error not_installed() {
  if (preloaded())
    return no_workload("the extension pg_stat_statements does not exist in this database",
                       "CREATE EXTENSION pg_stat_statements.");
  return no_workload(
      "the extension pg_stat_statements is neither loaded nor created",
      "Add pg_stat_statements to shared_preload_libraries, restart, let the application run, and"
      " CREATE EXTENSION pg_stat_statements.");
}

/// The view of pg_stat_statements, ready to read, or the error that says how to get there.
Source statistics_source() {
  pg::Spi spi;
  Oid const view = statistics_view(spi);
  if (view == InvalidOid) throw not_installed();
  if (!preloaded())
    throw no_workload("pg_stat_statements was not loaded at server start",
                      "Add pg_stat_statements to shared_preload_libraries and restart.");
  Source source = describe(spi, view);
  source.label = "pg_stat_statements";
  source.trusted = true;
  return source;
}

Source relation_source(Oid relation) {
  pg::Spi spi;
  Source source = describe(spi, relation);
  source.trusted = relation == statistics_view(spi);
  return source;
}

/// What was imported from another server, instead of what this one saw.
Workload from_import(const WorkloadOptions& options) {
  Workload workload;
  pg::Memory const memory("deal_advisor workload");
  for (auto& statement : imported_statements()) {
    if (options.limit > 0 && static_cast<int64_t>(workload.size()) >= options.limit) break;
    pg::InContext const in_memory(memory.context());
    if (wanted(statement, options) && is_work(statement.query, options))
      workload.push_back(std::move(statement));
    memory.reset();
  }
  return workload;
}

}  // namespace

Workload read_workload(const WorkloadOptions& options) {
  if (has_imported_workload()) {
    Workload workload = from_import(options);
    if (!workload.empty()) return workload;
    throw no_workload("the import holds no statement that touches a user table", "Relax the options.");
  }
  Workload workload = read_source(statistics_source(), options);
  if (!workload.empty()) return workload;
  throw no_workload("pg_stat_statements holds no statement of this database that touches a user table",
                    "Let the application run for a while, or relax the options.");
}

Workload read_workload_from(Oid relation, const WorkloadOptions& options) {
  // Rolled back, so that no lock on the relation stays behind.
  return pg::rolled_back([&] {
    Source const source = relation_source(relation);
    Workload workload = read_source(source, options);
    if (!workload.empty()) return workload;
    throw no_workload(source.name + " holds no statement that touches a user table",
                      "Fill it, or relax the options.");
  });
}

}  // namespace deal::server
