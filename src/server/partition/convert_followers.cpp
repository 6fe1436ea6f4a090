/// What is bound to a table's identity from elsewhere.

#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/partition/convert_read.hpp"

namespace deal::server {

namespace {

using partition::ConvertedTable;
using partition::Dependent;

constexpr const char* kViews = R"sql(
select distinct c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_get_userbyid(c.relowner),
  pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';'), pg_catalog.array_to_string(c.reloptions, ', ')
from pg_catalog.pg_depend d
join pg_catalog.pg_rewrite r on r.oid = d.objid and r.rulename = '_RETURN'
join pg_catalog.pg_class c on c.oid = r.ev_class and c.relkind = 'v'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.refobjid = $1::oid
order by c.oid)sql";

constexpr const char* kFunctions = R"sql(
select distinct p.oid, p.oid::pg_catalog.regprocedure::text, pg_catalog.pg_get_userbyid(p.proowner), pg_catalog.pg_get_functiondef(p.oid)
from pg_catalog.pg_depend d
join pg_catalog.pg_proc p on p.oid = d.objid and p.prosqlbody is not null
where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.refobjid = $1::oid
order by p.oid)sql";

// Policies of other tables that read this one.
constexpr const char* kForeignPolicies = R"sql(
select distinct p.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_get_userbyid(c.relowner), p.polname,
  coalesce(' using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || coalesce(' with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
from pg_catalog.pg_depend d
join pg_catalog.pg_policy p on p.oid = d.objid and p.polrelid <> d.refobjid
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.refobjid = $1::oid
order by p.oid)sql";

constexpr const char* kPublications = R"sql(
select p.pubname, pg_catalog.pg_get_userbyid(p.pubowner),
  (select '(' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) || ')'
   from pg_catalog.pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs)),
  '(' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')', p.pubviaroot, false
from pg_catalog.pg_publication p join pg_catalog.pg_publication_rel r on r.prpubid = p.oid and r.prrelid = $1::oid
union all
select p.pubname, pg_catalog.pg_get_userbyid(p.pubowner), null, null, p.pubviaroot, true
from pg_catalog.pg_publication p
where p.puballtables or exists (select from pg_catalog.pg_publication_namespace n
  join pg_catalog.pg_class c on c.relnamespace = n.pnnspid where n.pnpubid = p.oid and c.oid = $1::oid)
order by 1)sql";

// Each query gives the objects in words; $1 is the table.
struct ObstacleQuery {
  const char* code;
  bool acceptable;
  const char* message;  // {} is the object
  const char* hint;
  const char* sql;
};

constexpr ObstacleQuery kObstacles[] = {
    {"incoming_foreign_key", false, "foreign key {} refers to the table",
     "It would need a unique key on exactly its columns, without the partition column. Drop it, or refer by "
     "both columns.",
     "select pg_catalog.format('%I on %s', conname, conrelid::pg_catalog.regclass) from "
     "pg_catalog.pg_constraint where "
     "contype = 'f' and confrelid = $1::oid order by 1"},
    {"inheritance", false, "the table takes part in inheritance: {}",
     "Only a table without parents and children can become a partition; take it out with NO INHERIT first.",
     "select case when inhparent = $1::oid then 'parent of ' || inhrelid::pg_catalog.regclass else 'child of "
     "' || "
     "inhparent::pg_catalog.regclass end from pg_catalog.pg_inherits where $1::oid in (inhparent, inhrelid) "
     "order by 1"},
    {"rule", false, "rule {} belongs to the table or writes to it",
     "Rules stay with the old table. Drop it, or make it a trigger.",
     "select distinct pg_catalog.format('%I on %s', r.rulename, r.ev_class::pg_catalog.regclass) from "
     "pg_catalog.pg_rewrite r left join pg_catalog.pg_depend d on d.classid = "
     "'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid and d.refclassid = "
     "'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = $1::oid where r.rulename <> '_RETURN' and "
     "(r.ev_class = "
     "$1::oid or d.objid is not null) order by 1"},
    {"materialized_view", false, "materialized view {} would go on reading the old table only",
     "Drop it, convert, and create it again: it can't be bound anew in place.",
     "select distinct c.oid::pg_catalog.regclass::text from pg_catalog.pg_depend d join "
     "pg_catalog.pg_rewrite r on r.oid = "
     "d.objid join pg_catalog.pg_class c on c.oid = r.ev_class and c.relkind = 'm' where d.classid = "
     "'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.refclassid = "
     "'pg_catalog.pg_class'::pg_catalog.regclass and "
     "d.refobjid = $1::oid order by 1"},
    {"row_type", true, "{} uses the table's row type, which stays with the old table",
     "Functions that take or give whole rows must be created again after the conversion.",
     "select distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) from pg_catalog.pg_class "
     "c join "
     "pg_catalog.pg_type t on t.oid = c.reltype join pg_catalog.pg_depend d on d.refclassid = "
     "'pg_catalog.pg_type'::pg_catalog.regclass and d.refobjid in (t.oid, t.typarray) and d.deptype <> 'i' "
     "where c.oid = "
     "$1::oid order by 1"},
    {"subscription", false, "subscription {} writes to the table",
     "A subscription follows the table's identity: take the table out of it first.",
     "select distinct pg_catalog.format('number %s', srsubid) from pg_catalog.pg_subscription_rel where "
     "srrelid = $1::oid "
     "order by 1"},
    {"extension_member", false, "the table belongs to extension {}", "Only the extension may change it.",
     "select e.extname::text from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = "
     "d.refobjid where d.classid = "
     "'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = $1::oid and d.deptype = 'e' and d.refclassid "
     "= "
     "'pg_catalog.pg_extension'::pg_catalog.regclass order by 1"},
    {"kind", false, "the table is {}", "Only an ordinary, permanent or unlogged, table can be converted.",
     "select case when relkind = 'p' then 'partitioned already' when relkind <> 'r' then 'no ordinary table' "
     "when "
     "relpersistence = 't' then 'temporary' when reloftype <> 0 then 'made of a type' when relispartition "
     "then 'a "
     "partition' else 'of access method ' || (select amname from pg_catalog.pg_am a where a.oid = relam) end "
     "from "
     "pg_catalog.pg_class where oid = $1::oid and (relkind <> 'r' or relpersistence = 't' or reloftype <> 0 "
     "or "
     "relispartition or relam <> (select a.oid from pg_catalog.pg_am a where a.amname = 'heap'))"},
    {"security_label", true, "the table has a security label of provider {}",
     "Set it on the partitioned table after the conversion.",
     "select distinct provider::text from pg_catalog.pg_seclabel where classoid = "
     "'pg_catalog.pg_class'::pg_catalog.regclass "
     "and objoid = $1::oid order by 1"},
    {"not_null_constraint", false, "NOT NULL constraint {} is NO INHERIT or NOT VALID",
     "Make it an ordinary one first.",
     "select conname::text from pg_catalog.pg_constraint where conrelid = $1::oid and contype = 'n' and "
     "(connoinherit or not "
     "convalidated) order by 1"},
    {"dependent", true, "{} is bound to the table's identity and would stay with the old table",
     "Drop it and create it again after the conversion.",
     "select distinct pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) from "
     "pg_catalog.pg_depend d where "
     "d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = $1::oid and d.deptype = 'n' "
     "and not case "
     "d.classid when 'pg_catalog.pg_rewrite'::pg_catalog.regclass then true when "
     "'pg_catalog.pg_policy'::pg_catalog.regclass then true when "
     "'pg_catalog.pg_constraint'::pg_catalog.regclass then true "
     "when 'pg_catalog.pg_publication_rel'::pg_catalog.regclass then true "
     "when 'pg_catalog.pg_trigger'::pg_catalog.regclass then exists (select from pg_catalog.pg_trigger t "
     "where t.oid = "
     "d.objid and t.tgrelid = $1::oid) when 'pg_catalog.pg_proc'::pg_catalog.regclass then exists (select "
     "from "
     "pg_catalog.pg_proc p where p.oid = d.objid and p.prosqlbody is not null) when "
     "'pg_catalog.pg_class'::pg_catalog.regclass then exists (select from pg_catalog.pg_class c where c.oid "
     "= d.objid and "
     "(c.relkind in ('i', 'S') or exists (select from pg_catalog.pg_inherits where inhrelid = c.oid and "
     "inhparent = $1::oid))) "
     "when 'pg_catalog.pg_attrdef'::pg_catalog.regclass then exists (select from "
     "pg_catalog.pg_attrdef a where a.oid = d.objid and a.adrelid = $1::oid) else false end order by 1"},
};

pg::SqlResult query(const char* sql, ObjectId relation) {
  pg::Spi spi;
  return spi.query(sql, {std::to_string(relation)});
}

void finish(ConvertedTable& table, Dependent dependent) {
  Oid const owner = pg::role_oid(dependent.owner);
  dependent.may_recreate = owner != InvalidOid && pg::may_assume(pg::current_role(), owner);
  table.dependents.push_back(std::move(dependent));
}

void views(ObjectId relation, ConvertedTable& table) {
  auto const rows = query(kViews, relation);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string const options = rows.text(i, 4);
    // Setting or resetting an option takes the view's lock alone; LOCK TABLE would lock all that it reads.
    finish(table, {Dependent::Kind::view, rows.text(i, 1), rows.text(i, 2),
                   fmt::format("alter view {} reset (check_option)", rows.text(i, 1)),
                   fmt::format("create or replace view {}{} as{}{}", rows.text(i, 1),
                               options.empty() ? "" : " with (" + options + ")",
                               rows.text(i, 3).starts_with('\n') ? "" : " ", rows.text(i, 3))});
  }
}

void functions(ObjectId relation, ConvertedTable& table) {
  auto const rows = query(kFunctions, relation);
  for (size_t i = 0; i < rows.size(); ++i)
    finish(table, {Dependent::Kind::function, rows.text(i, 1), rows.text(i, 2), "", rows.text(i, 3)});
}

void foreign_policies(ObjectId relation, ConvertedTable& table) {
  auto const rows = query(kForeignPolicies, relation);
  for (size_t i = 0; i < rows.size(); ++i)
    finish(table, {Dependent::Kind::policy, rows.text(i, 1), rows.text(i, 2),
                   fmt::format("lock table only {} in access exclusive mode", rows.text(i, 1)),
                   fmt::format("alter policy {} on {}{}", quote_identifier(rows.text(i, 3)), rows.text(i, 1),
                               rows.text(i, 4))});
}

void publications(ObjectId relation, ConvertedTable& table) {
  auto const rows = query(kPublications, relation);
  for (size_t i = 0; i < rows.size(); ++i) {
    Oid const owner = pg::role_oid(rows.text(i, 1));
    bool const may = owner != InvalidOid && pg::may_assume(pg::current_role(), owner);
    table.publications.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3),
                                  rows.boolean(i, 5), rows.boolean(i, 4), may});
  }
}

void obstacles(ObjectId relation, ConvertedTable& table) {
  for (auto const& obstacle : kObstacles) {
    auto const rows = query(obstacle.sql, relation);
    for (size_t i = 0; i < rows.size(); ++i)
      table.obstacles.push_back({obstacle.code, fmt::format(fmt::runtime(obstacle.message), rows.text(i, 0)),
                                 obstacle.hint, obstacle.acceptable});
  }
}

}  // namespace

void read_followers(ObjectId relation, ConvertedTable& table) {
  views(relation, table);
  functions(relation, table);
  foreign_policies(relation, table);
  publications(relation, table);
  obstacles(relation, table);
}

}  // namespace deal::server
