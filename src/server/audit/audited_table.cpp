#include "server/audit/audited_table.hpp"

#include "core/audit/log_schema.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

struct RelationFacts {
  std::string kind;
  bool temporary = false;
  bool partition = false;
  bool system = false;
  bool of_log = false;
  std::string parent;
};

RelationFacts read_facts_of(pg::Spi& spi, TableToAudit& table) {
  pg::SqlResult const row = spi.query(
      "select n.nspname, c.relname, c.relowner, c.relkind, c.relpersistence = 't', c.relispartition, "
      "n.nspname ~ "
      "'^(pg_|information_schema$)', (select p.relid::pg_catalog.regclass::text from "
      "pg_catalog.pg_partition_ancestors(c.oid) p limit 1 offset 1), "
      "pg_catalog.to_regclass(pg_catalog.format("
      "'%I.audit_table', n.nspname)) is not null and c.relname ~ '^(audit_|history_)' from "
      "pg_catalog.pg_class c join "
      "pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid",
      {std::to_string(table.relation)});
  if (row.empty()) throw Error("42P01", "the relation does not exist");
  table.schema = row.text(0, 0);
  table.name = row.text(0, 1);
  table.owner = row.oid(0, 2);
  return {row.text(0, 3),    row.boolean(0, 4), row.boolean(0, 5),
          row.boolean(0, 6), row.boolean(0, 8), row.text(0, 7)};
}

bool is_distributed(pg::Spi& spi, Oid relation) {
  if (spi.query("select pg_catalog.to_regclass('pg_catalog.pg_dist_partition')").is_null(0, 0)) return false;
  return !spi.query("select from pg_catalog.pg_dist_partition where logicalrelid = $1::oid",
                    {std::to_string(relation)})
              .empty();
}

void refuse_unsuitable(const TableToAudit& table, const RelationFacts& facts) {
  std::string const name = table.quoted();
  if (facts.temporary)
    throw Error("0A000", "temporary table " + name + " can't be audited")
        .hint("Its rows end with the session.");
  if (facts.system || facts.of_log)
    throw Error("42809", name + " can't be audited")
        .detail("It is a table of the system or of an audit log.");
  if (facts.kind == "f")
    throw Error("0A000", "foreign table " + name + " can't be audited")
        .hint("Audit the table on its own server.");
  if (facts.kind != "r" && facts.kind != "p")
    throw Error("42809", name + " is no table").hint("Audit the tables that it reads.");
  if (facts.partition)
    throw Error("42809", name + " is a partition")
        .hint("Audit its table: deal_advisor.audit_enable(" + quote_literal(facts.parent) + ").");
}

void read_key(pg::Spi& spi, TableToAudit& table) {
  pg::SqlResult const rows = spi.query(
      "select a.attname from (select i.indkey, i.indnkeyatts from pg_catalog.pg_index i where i.indrelid = "
      "$1::oid "
      "and i.indisvalid and i.indimmediate and (i.indisprimary or i.indisreplident) and i.indexprs is null "
      "and i.indpred "
      "is null order by i.indisprimary desc limit 1) i cross join pg_catalog.unnest(i.indkey::int2[]) with "
      "ordinality as k "
      "(number, place) join pg_catalog.pg_attribute a on a.attrelid = $1::oid and a.attnum = k.number where "
      "k.place <= i.indnkeyatts order by k.place",
      {std::to_string(table.relation)});
  for (size_t row = 0; row < rows.size(); ++row)
    table.key.push_back(rows.text(row, 0));
}

void read_places(pg::Spi& spi, TableToAudit& table) {
  pg::SqlResult const rows = spi.query(
      "with recursive tree as (select $1::oid as relation, 0 as depth union all select i.inhrelid, t.depth + "
      "1 from "
      "tree t join pg_catalog.pg_inherits i on i.inhparent = t.relation) select n.nspname, c.relname, not "
      "c.relispartition, c.oid from (select relation, min(depth) as depth from tree group by relation) t "
      "join "
      "pg_catalog.pg_class c on c.oid = t.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where "
      "c.relkind in ('r', 'p') order by t.depth, n.nspname, c.relname",
      {std::to_string(table.relation)});
  for (size_t row = 0; row < rows.size(); ++row)
    table.places.push_back({quote_qualified(rows.text(row, 0), rows.text(row, 1)), rows.boolean(row, 2)});
  for (size_t row = 0; row < rows.size(); ++row)
    table.parts.push_back(rows.oid(row, 3));
}

}  // namespace

std::string TableToAudit::quoted() const {
  return quote_qualified(schema, name);
}

TableToAudit read_table_to_audit(Oid relation) {
  TableToAudit table;
  table.relation = relation;
  pg::Spi spi;
  RelationFacts const facts = read_facts_of(spi, table);
  refuse_unsuitable(table, facts);
  if (!pg::may_assume(pg::current_role(), table.owner))
    throw Error("42501", "must be owner of table " + table.quoted())
        .hint("Only the owner, a member of its role, or a superuser switches auditing on and off.");
  if (is_distributed(spi, relation))
    throw Error("0A000", "distributed table " + table.quoted() + " can't be audited")
        .hint(
            "Its rows are written on other nodes, where this extension's triggers don't run. Audit reference "
            "data, or capture changes by logical decoding.");
  read_key(spi, table);
  read_places(spi, table);
  return table;
}

}  // namespace deal::server
