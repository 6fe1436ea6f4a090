#include "server/partition/move_facts.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

using partition::Move;
using partition::MoveSource;

std::vector<std::string> texts(const pg::SqlResult& rows, int column = 0) {
  std::vector<std::string> out;
  for (size_t row = 0; row < rows.size(); ++row)
    out.push_back(rows.text(row, column));
  return out;
}

pg::Cell oid_text(ObjectId oid) {
  return std::to_string(oid);
}

// The index of the parent that tells rows apart best: unique and never null, else the one with most columns.
constexpr const char* kKeyIndex =
    "select i.indexrelid from pg_catalog.pg_index as i join pg_catalog.pg_class as c on c.oid = i.indexrelid "
    "join pg_catalog.pg_am as m on m.oid = c.relam cross join lateral (select "
    "pg_catalog.bool_and(a.attnotnull) as all_set from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with "
    "ordinality as k (number, place) join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and "
    "a.attnum = k.number where k.place <= i.indnkeyatts) as n where i.indrelid = $1::oid and i.indisvalid "
    "and "
    "i.indpred is null and i.indexprs is null and m.amname = 'btree' order by i.indisunique and n.all_set "
    "desc, i.indisprimary desc, case when i.indisunique and n.all_set then i.indnkeyatts else - "
    "i.indnkeyatts "
    "end, i.indexrelid limit 1";

constexpr const char* kIndexColumns =
    "select a.attname, pg_catalog.quote_ident(s.nspname) || '.' || o.oprname, not a.attnotnull from "
    "pg_catalog.pg_index as i cross join lateral rows from (pg_catalog.unnest(i.indkey::pg_catalog.int2[]), "
    "pg_catalog.unnest(i.indclass::oid[])) with ordinality as k (number, class, place) join "
    "pg_catalog.pg_attribute as a on "
    "a.attrelid = i.indrelid and a.attnum = k.number join pg_catalog.pg_opclass as c on c.oid = k.class join "
    "pg_catalog.pg_amop as p on p.amopfamily = c.opcfamily and p.amopstrategy = 3 and p.amoplefttype = "
    "c.opcintype and p.amoprighttype = c.opcintype join pg_catalog.pg_operator as o on o.oid = p.amopopr "
    "join "
    "pg_catalog.pg_namespace as s on s.oid = o.oprnamespace where i.indexrelid = $1::oid and k.place <= "
    "i.indnkeyatts order by k.place";

constexpr const char* kPartitionColumn =
    "select a.attname, pg_catalog.quote_ident(s.nspname) || '.' || o.oprname, not a.attnotnull from "
    "pg_catalog.pg_partitioned_table as t join pg_catalog.pg_attribute as a on a.attrelid = t.partrelid and "
    "a.attnum = t.partattrs[0] join pg_catalog.pg_opclass as c on c.oid = t.partclass[0] join "
    "pg_catalog.pg_amop as p on p.amopfamily = c.opcfamily and p.amopstrategy = 3 and p.amoplefttype = "
    "c.opcintype and p.amoprighttype = c.opcintype join pg_catalog.pg_operator as o on o.oid = p.amopopr "
    "join "
    "pg_catalog.pg_namespace as s on s.oid = o.oprnamespace where t.partrelid = $1::oid";

void read_key(Move& move) {
  pg::Spi spi;
  pg::SqlResult const index = spi.query(kKeyIndex, {oid_text(move.parent)});
  move.key_indexed = !index.empty();
  pg::SqlResult const columns = index.empty() ? spi.query(kPartitionColumn, {oid_text(move.parent)})
                                              : spi.query(kIndexColumns, {index.cell(0, 0)});
  for (size_t row = 0; row < columns.size(); ++row)
    move.key.push_back({columns.text(row, 0), columns.text(row, 1), columns.boolean(row, 2)});
  if (move.key.empty()) throw Error("XX000", "no key was found by which changed rows could be told");
}

void read_columns(Move& move) {
  pg::Spi spi;
  move.columns = texts(
      spi.query("select attname from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 and not "
                "attisdropped and attgenerated = '' order by attnum",
                {oid_text(move.parent)}));
  move.partition_key =
      spi.query("select pg_catalog.pg_get_partkeydef($1::oid)", {oid_text(move.parent)}).text(0, 0);
}

void read_foreign_keys(Move& move) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select conname, pg_catalog.pg_get_constraintdef(oid), convalidated from pg_catalog.pg_constraint "
      "where "
      "conrelid = $1::oid and contype = 'f' order by oid",
      {oid_text(move.parent)});
  for (size_t row = 0; row < rows.size(); ++row)
    move.foreign_keys.push_back({rows.text(row, 0), rows.text(row, 1), rows.boolean(row, 2)});
}

void read_source(const Move& move, MoveSource& source) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      "select n.nspname, c.relname, pg_catalog.pg_relation_filenode(c.oid) from pg_catalog.pg_class as c "
      "join "
      "pg_catalog.pg_namespace as n on n.oid = c.relnamespace where c.oid = $1::oid",
      {oid_text(source.oid)});
  if (row.empty()) throw Error("42P01", fmt::format("partition with OID {} does not exist", source.oid));
  source.schema = row.text(0, 0);
  source.name = row.text(0, 1);
  source.file = row.oid(0, 2);
  for (auto const& key : move.key)
    source.key_numbers.push_back(static_cast<int>(
        spi.query("select attnum from pg_catalog.pg_attribute where attrelid = $1::oid and attname = $2",
                  {oid_text(source.oid), key.column})
            .int8(0, 0)));
  source.own_triggers = texts(spi.query(
      "select pg_catalog.pg_get_triggerdef(oid) from pg_catalog.pg_trigger where tgrelid = $1::oid and not "
      "tgisinternal and tgparentid = 0 and tgname <> 'deal_move_capture' order by tgname",
      {oid_text(source.oid)}));
}

Error refused(std::string message, std::string hint) {
  Error error("0A000", std::move(message));
  error.hint(std::move(hint));
  return error;
}

void refuse_references(const Move& move) {
  pg::Spi spi;
  std::string sources;
  for (auto const& source : move.sources)
    sources += fmt::format(",{}", source.oid);
  pg::SqlResult const rows = spi.query(
      "select conname, conrelid::pg_catalog.regclass from pg_catalog.pg_constraint where contype = 'f' and "
      "conparentid = 0 and confrelid = any (('{' || $1 || '}')::oid[]) order by oid limit 1",
      {std::to_string(move.parent) + sources});
  if (rows.empty()) return;
  throw refused(
      fmt::format("cannot move rows of {}: foreign key \"{}\" of {} refers to it",
                  partition::parent_table(move), rows.text(0, 0), rows.text(0, 1)),
      "Drop that constraint, move the rows, then add it again NOT VALID and VALIDATE it: neither stops "
      "reads or writes.");
}

void refuse_kind(const MoveSource& source, ObjectId owner) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      "select c.relkind = 'r', c.relforcerowsecurity and not r.rolsuper and not r.rolbypassrls, "
      "c.relhasrules from pg_catalog.pg_class as c, pg_catalog.pg_roles as r where c.oid = $1::oid and r.oid "
      "= $2::oid",
      {oid_text(source.oid), oid_text(owner)});
  std::string const name = partition::source_table(source);
  if (row.empty() || !row.boolean(0, 0))
    throw refused(
        fmt::format("{} is no plain table", name),
        "Rows can be moved from partitions that are tables, neither foreign nor partitioned themselves.");
  if (row.boolean(0, 1))
    throw refused(
        fmt::format("row security is forced on {}, so its owner cannot read all of its rows", name),
        fmt::format("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY; what is forced on the parent stays.", name));
  if (row.boolean(0, 2))
    throw refused(fmt::format("{} has rules", name), "Drop the rules of the partition first.");
}

void refuse_dependents(const MoveSource& source) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select pg_catalog.pg_describe_object(classid, objid, objsubid) from pg_catalog.pg_depend where "
      "refclassid "
      "= 'pg_catalog.pg_class'::pg_catalog.regclass and refobjid = $1::oid and deptype = 'n' and classid = "
      "any "
      "('{pg_catalog.pg_rewrite,pg_catalog.pg_publication_rel,pg_catalog.pg_class}'::pg_catalog.regclass[]) "
      "union all select pg_catalog.pg_describe_object(classid, objid, objsubid) from pg_catalog.pg_depend "
      "where "
      "refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and refobjid = $1::oid and classid = "
      "'pg_catalog.pg_publication_rel'::pg_catalog.regclass union all select "
      "pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) from pg_catalog.pg_depend as d join "
      "pg_catalog.pg_class as c on c.oid = d.objid where d.classid = "
      "'pg_catalog.pg_class'::pg_catalog.regclass "
      "and d.refclassid = d.classid and d.refobjid = $1::oid and c.relkind = 'S' limit 1",
      {oid_text(source.oid)});
  if (rows.empty()) return;
  throw Error("2BP01", fmt::format("{} depends on {}, which is to be replaced", rows.text(0, 0),
                                   partition::source_table(source)))
      .hint(
          "Let it use the partitioned table instead, or drop it (a sequence: ALTER SEQUENCE ... OWNED BY the "
          "partitioned table's column).");
}

void refuse_publications(const Move& move) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select pubname from pg_catalog.pg_publication where puballtables union all select p.pubname from "
      "pg_catalog.pg_publication as p join pg_catalog.pg_publication_namespace as n on n.pnpubid = p.oid "
      "where "
      "n.pnnspid = $1::pg_catalog.regnamespace limit 1",
      {quote_identifier(move.target_schema)});
  if (rows.empty()) return;
  throw refused(
      fmt::format("publication \"{}\" publishes every new table of schema \"{}\"", rows.text(0, 0),
                  move.target_schema),
      "Its subscribers would get the copied rows, for tables that they don't have. Publish the tables "
      "by name instead.");
}

void refuse_triggers(const Move& move) {
  if (move.kind == partition::MoveKind::drain) return;
  for (auto const& source : move.sources)
    if (!source.own_triggers.empty())
      throw refused(fmt::format("{} has a trigger of its own", partition::source_table(source)),
                    "Make it a trigger of the partitioned table, which all partitions have, or drop it.");
}

constexpr const char* kDress =
    "select pg_catalog.format('grant %s on %s to %s%s', a.privilege_type, $2, "
    "coalesce(pg_catalog.quote_ident(r.rolname), 'public'), case when a.is_grantable then ' with grant "
    "option' "
    "else '' end) from pg_catalog.pg_class as c cross join lateral pg_catalog.aclexplode(c.relacl) as a left "
    "join pg_catalog.pg_roles as r on r.oid = a.grantee where c.oid = $1::oid and a.grantee <> c.relowner "
    "union all select pg_catalog.format('grant %s (%I) on %s to %s%s', a.privilege_type, t.attname, $2, "
    "coalesce(pg_catalog.quote_ident(r.rolname), 'public'), case when a.is_grantable then ' with grant "
    "option' "
    "else '' end) from pg_catalog.pg_attribute as t cross join lateral pg_catalog.aclexplode(t.attacl) as a "
    "left join pg_catalog.pg_roles as r on r.oid = a.grantee where t.attrelid = $1::oid and t.attnum > 0 and "
    "not t.attisdropped "
    "union all select pg_catalog.format('comment on table %s is %L', $2, d.text) from (select "
    "pg_catalog.obj_description($1::oid, 'pg_class') as text) as d where d.text is not null "
    "union all select pg_catalog.format('alter table %s enable row level security', $2) from "
    "pg_catalog.pg_class where oid = $1::oid and relrowsecurity "
    "union all select pg_catalog.format('create policy %I on %s as %s for %s to %s%s%s', p.polname, $2, case "
    "when p.polpermissive then 'permissive' else 'restrictive' end, case p.polcmd when 'r' then 'select' "
    "when "
    "'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end, (select "
    "pg_catalog.string_agg(coalesce(pg_catalog.quote_ident(r.rolname), 'public'), ', ') from "
    "pg_catalog.unnest(p.polroles) as u (role) left join pg_catalog.pg_roles as r on r.oid = u.role), ' "
    "using "
    "(' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', ' with check (' || "
    "pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')') from pg_catalog.pg_policy as p where "
    "p.polrelid = $1::oid "
    "union all select pg_catalog.format('alter table %s replica identity %s', $2, case relreplident when 'f' "
    "then 'full' else 'nothing' end) from pg_catalog.pg_class where oid = $1::oid and relreplident in ('f', "
    "'n') "
    "union all select pg_catalog.format('alter table %s alter column %I set statistics %s', $2, attname, "
    "attstattarget) from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 and not "
    "attisdropped "
    "and attstattarget >= 0 "
    "union all select pg_catalog.format('alter table %s alter column %I set (%s)', $2, attname, o.list) from "
    "pg_catalog.pg_attribute cross join lateral (select pg_catalog.string_agg(option_name || ' = ' || "
    "option_value, ', ') as list from pg_catalog.pg_options_to_table(attoptions) where option_name in "
    "('n_distinct', 'n_distinct_inherited')) as o where attrelid = $1::oid and attnum > 0 and not "
    "attisdropped "
    "and o.list is not null";

// What pg_get_indexdef says after the table's name fits any table with the same columns.
constexpr std::string_view kIndexForm =
    "pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid), 1 + "
    "pg_catalog.length(pg_catalog.format('CREATE "
    "%sINDEX %I ON %s%I.%I USING ', case when i.indisunique then 'UNIQUE ' else '' end, c.relname, case "
    "c.relkind "
    "when 'I' then 'ONLY ' else '' end, n.nspname, t.relname)))";
constexpr std::string_view kIndexFrom =
    "from pg_catalog.pg_index as i join pg_catalog.pg_class as c on c.oid = i.indexrelid join "
    "pg_catalog.pg_class as "
    "t on t.oid = i.indrelid join pg_catalog.pg_namespace as n on n.oid = t.relnamespace";

std::string own_indexes_query() {
  return fmt::format(
      "select pg_catalog.format('create %sindex on %s using %s', case when i.indisunique then 'unique ' else "
      "'' end, "
      "$2, {}) {} where i.indrelid = $1::oid and i.indisvalid and not c.relispartition order by c.relname",
      kIndexForm, kIndexFrom);
}

std::string storage_of(ObjectId source, std::string& autovacuum) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      "select coalesce((select pg_catalog.string_agg(pg_catalog.format('%I = %L', o.option_name, "
      "o.option_value), ', ') from pg_catalog.pg_options_to_table(c.reloptions) as o where o.option_name <> "
      "'autovacuum_enabled'), ''), coalesce((select pg_catalog.string_agg(pg_catalog.format('toast.%I = %L', "
      "o.option_name, o.option_value), ', ') from pg_catalog.pg_options_to_table(t.reloptions) as o), ''), "
      "(select o.option_value from pg_catalog.pg_options_to_table(c.reloptions) as o where o.option_name = "
      "'autovacuum_enabled'), m.amname, s.spcname from pg_catalog.pg_class as c left join "
      "pg_catalog.pg_class "
      "as t on t.oid = c.reltoastrelid left join pg_catalog.pg_am as m on m.oid = c.relam left join "
      "pg_catalog.pg_tablespace as s on s.oid = c.reltablespace where c.oid = $1::oid",
      {oid_text(source)});
  autovacuum = row.text(0, 2);
  std::string storage = " using " + quote_identifier(row.text(0, 3)) + " with (autovacuum_enabled = off";
  for (int column : {0, 1})
    if (!row.text(0, column).empty()) storage += ", " + row.text(0, column);
  storage += ")";
  if (!row.is_null(0, 4)) storage += " tablespace " + quote_identifier(row.text(0, 4));
  return storage;
}

}  // namespace

std::string shape_of(ObjectId parent) {
  pg::Spi spi;
  return spi
      .query(
          "select pg_catalog.md5(pg_catalog.concat_ws('|', (select "
          "pg_catalog.string_agg(pg_catalog.concat_ws("
          "':', attname, atttypid, atttypmod, attnotnull, attgenerated, attcollation), ',' order by attnum) "
          "from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 and not attisdropped), "
          "(select "
          "pg_catalog.string_agg(pg_catalog.concat_ws(':', oid, conname, convalidated), ',' order by oid) "
          "from "
          "pg_catalog.pg_constraint where conrelid = $1::oid), (select "
          "pg_catalog.string_agg(pg_catalog.concat_ws(':', indexrelid, indisvalid), ',' order by indexrelid) "
          "from pg_catalog.pg_index where indrelid = $1::oid), (select relowner from pg_catalog.pg_class "
          "where "
          "oid = $1::oid)))",
          {std::to_string(parent)})
      .text(0, 0);
}

std::string replica_index_of(ObjectId relation) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      fmt::format("select {} {} where i.indrelid = $1::oid and i.indisreplident", kIndexForm, kIndexFrom),
      {oid_text(relation)});
  return row.empty() ? "" : row.text(0, 0);
}

std::optional<std::string> index_named_differently(const std::string& table,
                                                   const partition::MoveIndexName& index) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      fmt::format(
          "select i.indexrelid::pg_catalog.regclass {} left join pg_catalog.pg_inherits as h on h.inhrelid = "
          "i.indexrelid where i.indrelid = pg_catalog.to_regclass($1) and c.relname <> $2 and case when "
          "$3 = '0' then h.inhparent is null and {} = $4 else h.inhparent = $3::oid end order by "
          "c.relname limit 1",
          kIndexFrom, kIndexForm),
      {table, index.name, std::to_string(index.parent_index), index.form});
  if (rows.empty()) return std::nullopt;
  return rows.text(0, 0);
}

std::optional<std::string> replica_statement(const std::string& table, const std::string& form) {
  if (form.empty()) return std::nullopt;
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      fmt::format(
          "select pg_catalog.quote_ident(c.relname) {} where i.indrelid = pg_catalog.to_regclass($1) and "
          "i.indisunique and {} = $2 limit 1",
          kIndexFrom, kIndexForm),
      {table, form});
  if (row.empty()) return std::nullopt;
  return fmt::format("alter table {} replica identity using index {}", table, row.text(0, 0));
}

void read_move_facts(Move& move, const PartitionedTable& table) {
  move.parent = table.oid;
  move.schema = table.facts.schema;
  move.table = table.facts.table;
  read_columns(move);
  read_key(move);
  read_foreign_keys(move);
  for (auto& source : move.sources)
    read_source(move, source);
  move.shape = shape_of(table.oid);
}

void refuse_move(const Move& move, const PartitionedTable& table) {
  refuse_references(move);
  refuse_publications(move);
  refuse_triggers(move);
  for (auto const& source : move.sources) {
    refuse_kind(source, table.owner);
    refuse_dependents(source);
  }
}

TableLook look_of(ObjectId source, const std::string& working, const std::string& final_table) {
  TableLook look;
  std::string autovacuum;
  look.storage = storage_of(source, autovacuum);
  look.finish.push_back(autovacuum.empty()
                            ? fmt::format("alter table {} reset (autovacuum_enabled)", final_table)
                            : fmt::format("alter table {} set (autovacuum_enabled = {})", final_table,
                                          quote_literal(autovacuum)));
  pg::Spi spi;
  look.unlogged = spi.query("select relpersistence = 'u' from pg_catalog.pg_class where oid = $1::oid",
                            {oid_text(source)})
                      .boolean(0, 0);
  look.dress = texts(spi.query(kDress, {oid_text(source), working}));
  look.replica_index = replica_index_of(source);
  look.indexes = texts(spi.query(own_indexes_query(), {oid_text(source), working}));
  pg::SqlResult const own = spi.query(
      fmt::format(
          "select c.relname, {} {} where i.indrelid = $1::oid and i.indisvalid and not c.relispartition",
          kIndexForm, kIndexFrom),
      {oid_text(source)});
  for (size_t row = 0; row < own.size(); ++row)
    look.index_names.push_back({0, own.text(row, 0), own.text(row, 1)});
  pg::SqlResult const names = spi.query(
      "select h.inhparent, c.relname from pg_catalog.pg_index as i join pg_catalog.pg_inherits as h on "
      "h.inhrelid "
      "= i.indexrelid join pg_catalog.pg_class as c on c.oid = i.indexrelid where i.indrelid = $1::oid order "
      "by "
      "h.inhparent",
      {oid_text(source)});
  for (size_t row = 0; row < names.size(); ++row)
    look.index_names.push_back({names.oid(row, 0), names.text(row, 1), ""});
  return look;
}

}  // namespace deal::server
