#include "server/index/import.hpp"

#include <algorithm>
#include <map>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/quote.hpp"
#include "core/index/export_document.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/index/imported.hpp"

extern "C" {
#include "access/xact.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

using index::ExportDefinition;
using index::ExportDocument;
using index::ExportLine;

void require_owner() {
  pg::Spi spi;
  Oid const owner =
      spi.query("select datdba from pg_catalog.pg_database where datname = pg_catalog.current_database()")
          .oid(0, 0);
  if (pg::call([&] { return has_privs_of_role(GetUserId(), owner); })) return;
  throw Error("42501", "permission denied to import into this database")
      .hint(
          "Import as the owner of the database, best one that was made for it: CREATE DATABASE ... OWNER "
          "...");
}

/// Commands that an export holds; a file with any other is no export of ours.
bool is_definition(const Node* statement) {
  switch (nodeTag(statement)) {
    case T_CreateSchemaStmt:
    case T_CreateExtensionStmt:
    case T_CreateEnumStmt:
    case T_CreateDomainStmt:
    case T_CreateRangeStmt:
    case T_CompositeTypeStmt:
    case T_CreateFunctionStmt:
    case T_CreateSeqStmt:
    case T_CreateStmt:
    case T_AlterTableStmt:
    case T_IndexStmt:
    case T_ViewStmt:
    case T_CreatePolicyStmt:
      return true;
    case T_CreateTableAsStmt:
      return reinterpret_cast<const CreateTableAsStmt*>(statement)->into->skipData;
    default:
      return false;
  }
}

void require_definition(const std::string& sql) {
  bool const fine = pg::call([&] {
    List* const parsed = pg_parse_query(sql.c_str());
    return list_length(parsed) == 1 && is_definition(linitial_node(RawStmt, parsed)->stmt);
  });
  if (!fine) throw Error("22023", "not a statement that an export holds");
}

bool says_present(const std::string& sqlstate) {
  constexpr const char* kStates[] = {
      "42P07",  // table, index, view
      "42710",  // type, constraint, policy
      "42P06",  // schema
      "42P16"   // a second primary key
  };
  return std::find(std::begin(kStates), std::end(kStates), sqlstate) != std::end(kStates);
}

std::string name_of(const ExportLine& line) {
  return quote_qualified(line.schema, line.relation);
}

/// What is created in the database.
class Definitions {
 public:
  /// Tries again what failed as long as others succeed: definitions may stand before what they need.
  std::vector<ImportRow> create(const std::vector<ExportDefinition>& all) {
    settings_.set("check_function_bodies", "off");
    settings_.set("client_min_messages", "warning");
    std::vector<ImportRow> rows(all.size());
    std::vector<size_t> pending(all.size());
    for (size_t i = 0; i < all.size(); ++i)
      pending[i] = i;
    for (size_t before = pending.size() + 1; !pending.empty() && pending.size() < before;) {
      before = pending.size();
      std::erase_if(pending, [&](size_t i) { return create_one(all[i], rows[i]); });
    }
    return rows;
  }

 private:
  static bool create_one(const ExportDefinition& definition, ImportRow& row) {
    pg::check_for_interrupts();
    row.object_class = definition.object_class;
    row.object = definition.object;
    pg::Memory const memory("deal_advisor import");
    auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
      pg::InContext const in_memory(memory.context());
      require_definition(definition.sql);
      pg::Spi spi;
      spi.execute(definition.sql);
    });
    row.status = !failure ? "created" : says_present(failure->sqlstate) ? "present" : "failed";
    row.reason = row.status == "failed" ? failure->message : "";
    return row.status != "failed";
  }

  pg::LocalSettings settings_;
};

/// The first line, with who imports it: whose rights the statements are planned with.
std::string header_of(const ExportDocument& document) {
  Json header = Json::parse(document.body);
  header["imported_by"] = pg::role_name(pg::current_role());
  return header.dump();
}

void store(const ExportDocument& document) {
  std::string const header = header_of(document);
  pg::AsRole const owner(imported_table_owner());
  pg::Spi spi;
  spi.execute("delete from deal_advisor.imported");
  auto const add = [&](const std::string& kind, const ExportLine& line, const std::string& body) {
    spi.execute("insert into deal_advisor.imported values ($1, $2, $3, $4, $5::jsonb)",
                {kind, line.schema, line.relation, line.part, body});
  };
  add("export", {}, header);
  for (auto const& line : document.lines)
    add(line.kind, line, line.body);
}

/// The relation here that a line is about; 0 when there is none.
Oid find_relation(pg::Spi& spi, const ExportLine& line) {
  auto const rows = spi.query(
      "select c.oid from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
      " where n.nspname = $1 and c.relname = $2",
      {line.schema, line.relation});
  return rows.empty() ? InvalidOid : rows.oid(0, 0);
}

/// Lets a scope's queries see what the import has done so far.
class AfterChanges {
 public:
  AfterChanges() {
    pg::call([] {
      CommandCounterIncrement();
      PushActiveSnapshot(GetTransactionSnapshot());
    });
  }
  ~AfterChanges() {
    if (!unwinding_.by_server_error()) PopActiveSnapshot();
  }
  AfterChanges(const AfterChanges&) = delete;
  AfterChanges& operator=(const AfterChanges&) = delete;

 private:
  pg::detail::Unwinding unwinding_;
};

/// Relations that are not there, or hold rows of their own.
void check_relations(const ExportDocument& document, std::vector<ImportRow>& rows) {
  pg::Spi spi;
  for (auto const& line : document.lines) {
    if (line.kind != "relation") continue;
    Oid const oid = find_relation(spi, line);
    if (oid == InvalidOid) {
      rows.push_back({"figures", name_of(line), "skipped", "there is no such relation in this database"});
      continue;
    }
    auto const own = spi.query(
        "select relkind in ('r', 'm') and pg_catalog.pg_relation_size(oid) > 0"
        " from pg_catalog.pg_class where oid = $1::oid",
        {std::to_string(oid)});
    if (own.boolean(0, 0))
      rows.push_back({"figures", name_of(line), "skipped",
                      "the table holds rows of its own here; import into a database made for it"});
  }
}

/// Statistics whose values the column here does not take, and those that the exporting role was not shown.
void check_statistics(const ExportDocument& document, std::vector<ImportRow>& rows) {
  ImportScope const scope;
  std::map<std::pair<std::string, std::string>, Oid> known;
  for (auto const& line : document.lines) {
    if (line.kind == "hidden") {
      Json const body = Json::parse(line.body);
      rows.push_back({"statistics", name_of(line), "skipped",
                      body.value("row_security", false)
                          ? "row security kept them from the exporting role"
                          : "the exporting role may not read " + body.value("columns", Json()).dump()});
    }
    if (line.kind != "column" && line.kind != "inherited") continue;
    auto const [place, fresh] = known.emplace(std::make_pair(line.schema, line.relation), InvalidOid);
    if (fresh) {
      pg::Spi spi;
      place->second = find_relation(spi, line);
    }
    Oid const oid = place->second;
    if (imported(oid) == nullptr) continue;
    auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
      pg::call([&] {
        AttrNumber const attno = get_attnum(oid, line.part.c_str());
        imported_statistics(oid, attno, line.kind == "inherited");
      });
    });
    if (failure)
      rows.push_back(
          {"statistics", name_of(line) + "." + quote_identifier(line.part), "failed", failure->message});
  }
}

int count_of(const ExportDocument& document, const char* kind) {
  return static_cast<int>(std::count_if(document.lines.begin(), document.lines.end(),
                                        [&](const ExportLine& line) { return line.kind == kind; }));
}

ImportRow summary(const ExportDocument& document) {
  Json const header = Json::parse(document.body);
  std::string note = "exported " + header.value("exported_at", std::string("?")) + " as " +
                     header.value("exported_by", std::string("?")) +
                     "; relations: " + std::to_string(count_of(document, "relation")) +
                     ", columns with statistics: " + std::to_string(count_of(document, "column")) +
                     ", statements: " + std::to_string(count_of(document, "statement"));
  int const there = document.server_version / 10000;
  int const here = PG_VERSION_NUM / 10000;
  if (there != here)
    note += "; exported from PostgreSQL " + std::to_string(there) + ", advised on PostgreSQL " +
            std::to_string(here) + ": their planners differ";
  return {"import", header.value("database", std::string("?")), "imported", note};
}

}  // namespace

std::vector<ImportRow> index_import(const std::string& text) {
  require_owner();
  ExportDocument const document = index::read_export(text);
  std::vector<ImportRow> rows = Definitions().create(document.definitions);
  store(document);
  AfterChanges const visible;
  check_relations(document, rows);
  check_statistics(document, rows);
  rows.push_back(summary(document));
  return rows;
}

}  // namespace deal::server
