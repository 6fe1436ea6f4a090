#include "server/partition/convert_read.hpp"

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

using partition::ConvertedTable;
using partition::GrantText;

char letter(const pg::SqlResult& rows, size_t row, int column) {
  std::string const text = rows.text(row, column);
  return text.empty() ? '\0' : text.front();
}

// Privileges that others have, as the texts around ON of GRANT.
constexpr const char* kTableGrants = R"sql(
select pg_catalog.string_agg(pg_catalog.lower(a.privilege_type) || v.columns, ', ' order by a.privilege_type, v.columns),
  'to ' || case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end
    || case when a.is_grantable then ' with grant option' else '' end
from (
  select relacl as acl, relowner as owner, '' as columns from pg_catalog.pg_class where oid = $1::oid
  union all
  select t.attacl, c.relowner, ' (' || pg_catalog.quote_ident(t.attname) || ')'
  from pg_catalog.pg_attribute t join pg_catalog.pg_class c on c.oid = t.attrelid
  where t.attrelid = $1::oid and t.attnum > 0 and not t.attisdropped) v
cross join lateral pg_catalog.aclexplode(v.acl) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where a.grantee <> v.owner and (a.grantee = 0 or r.oid is not null)
group by a.grantee, r.rolname, a.is_grantable
order by 2)sql";

constexpr const char* kDefaultGrantees = R"sql(
select distinct case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end
from pg_catalog.pg_class c
join pg_catalog.pg_default_acl d on d.defaclrole = c.relowner and d.defaclobjtype = 'r'
  and d.defaclnamespace in (0, c.relnamespace)
cross join lateral pg_catalog.aclexplode(d.defaclacl) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where c.oid = $1::oid and a.grantee <> c.relowner and (a.grantee = 0 or r.oid is not null)
order by 1)sql";

constexpr const char* kTable = R"sql(
select n.nspname, c.relname, o.rolname, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
  (select x.relname from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
   where i.indrelid = c.oid and i.indisreplident),
  (select t.spcname from pg_catalog.pg_tablespace t where t.oid = c.reltablespace),
  pg_catalog.array_to_string(c.reloptions || (select pg_catalog.array_agg('toast.' || u) from pg_catalog.pg_class t,
    pg_catalog.unnest(t.reloptions) u where t.oid = c.reltoastrelid), ', '),
  c.relpersistence = 'u', pg_catalog.obj_description(c.oid, 'pg_class'), pg_catalog.pg_table_size(c.oid),
  greatest(c.reltuples, 0)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_roles o on o.oid = c.relowner
where c.oid = $1::oid)sql";

constexpr const char* kColumns = R"sql(
select attname, attnotnull, attgenerated, coalesce(attstattarget, -1),
  (select pg_catalog.string_agg(o, ', ' order by o) from pg_catalog.unnest(attoptions) o where o like 'n\_distinct%')
from pg_catalog.pg_attribute
where attrelid = $1::oid and attnum > 0 and not attisdropped
order by attnum)sql";

constexpr const char* kSequences = R"sql(
select a.attname, n.nspname, s.relname, a.attidentity,
  pg_catalog.format('start with %s increment by %s minvalue %s maxvalue %s cache %s %s cycle', q.seqstart, q.seqincrement,
    q.seqmin, q.seqmax, q.seqcache, case when q.seqcycle then '' else 'no' end),
  pg_catalog.obj_description(s.oid, 'pg_class'),
  exists (select from pg_catalog.pg_depend u
    where u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and u.refobjid = s.oid and u.deptype = 'n'),
  s.oid
from pg_catalog.pg_depend d
join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
join pg_catalog.pg_namespace n on n.oid = s.relnamespace
join pg_catalog.pg_sequence q on q.seqrelid = s.oid
join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.refobjid = $1::oid and d.deptype in ('a', 'i')
order by a.attnum)sql";

constexpr const char* kIndexes = R"sql(
select c.relname, pg_catalog.pg_get_indexdef(c.oid), k.contype, pg_catalog.pg_get_constraintdef(k.oid), i.indisunique,
  i.indisvalid and i.indisready, coalesce(k.condeferrable, false), coalesce(k.condeferred, false),
  (select pg_catalog.json_agg(coalesce(a.attname, '') order by p.ordinality)
   from pg_catalog.unnest(i.indkey) with ordinality p (attnum, ordinality)
   left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = p.attnum
   where p.ordinality <= i.indnkeyatts),
  (select t.spcname from pg_catalog.pg_tablespace t where t.oid = c.reltablespace),
  coalesce(pg_catalog.obj_description(k.oid, 'pg_constraint'), pg_catalog.obj_description(c.oid, 'pg_class'))
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
left join pg_catalog.pg_constraint k on k.conindid = c.oid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
where i.indrelid = $1::oid
order by k.contype is distinct from 'p', c.relname)sql";

constexpr const char* kConstraints = R"sql(
select k.contype, k.conname, pg_catalog.pg_get_constraintdef(k.oid), k.convalidated, k.connoinherit,
  case when k.contype = 'f' and pg_catalog.has_table_privilege(c.relowner, k.confrelid, 'update, delete, truncate')
    then k.confrelid::pg_catalog.regclass::text end,
  pg_catalog.obj_description(k.oid, 'pg_constraint')
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
where k.conrelid = $1::oid and k.contype in ('c', 'f')
order by k.contype, k.confrelid, k.conname)sql";

constexpr const char* kTriggers = R"sql(
select tgname, pg_catalog.pg_get_triggerdef(oid), tgtype & 1 <> 0, tgnewtable is not null or tgoldtable is not null,
  tgenabled, pg_catalog.obj_description(oid, 'pg_trigger')
from pg_catalog.pg_trigger
where tgrelid = $1::oid and not tgisinternal
order by tgname)sql";

constexpr const char* kPolicies = R"sql(
select p.polname, pg_catalog.format('as %s for %s to %s%s%s',
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
    (select pg_catalog.string_agg(case when r = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r)) end, ', ')
     from pg_catalog.unnest(p.polroles) r),
    ' using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
    ' with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
  coalesce(p.polqual::text, '') || coalesce(p.polwithcheck::text, '') like '%SUBLINK%',
  pg_catalog.obj_description(p.oid, 'pg_policy')
from pg_catalog.pg_policy p
where p.polrelid = $1::oid
order by p.polname)sql";

class Reader {
 public:
  Reader(ObjectId relation, const std::set<std::string>& own) : relation_(relation), own_(own) {}

  void table(ConvertedTable& out) {
    auto const rows = query(kTable);
    if (rows.empty()) throw Error("42P01", "the table does not exist");
    out.schema = rows.text(0, 0);
    out.name = rows.text(0, 1);
    out.owner = rows.text(0, 2);
    out.row_security = rows.boolean(0, 3);
    out.force_row_security = rows.boolean(0, 4);
    out.replica_identity = letter(rows, 0, 5);
    out.replica_index = rows.text(0, 6);
    out.tablespace = rows.text(0, 7);
    out.storage = rows.text(0, 8);
    out.unlogged = rows.boolean(0, 9);
    out.comment = rows.text(0, 10);
    out.bytes = rows.float8(0, 11);
    out.rows = rows.float8(0, 12);
  }

  void columns(ConvertedTable& out) {
    auto const rows = query(kColumns);
    for (size_t i = 0; i < rows.size(); ++i)
      out.columns.push_back({rows.text(i, 0), rows.boolean(i, 1), letter(rows, i, 2),
                             static_cast<int>(rows.int8(i, 3)), rows.text(i, 4)});
  }

  void privileges(ConvertedTable& out) {
    out.grants = grants(relation_);
    auto const rows = query(kDefaultGrantees);
    for (size_t i = 0; i < rows.size(); ++i)
      out.default_grantees.push_back(rows.text(i, 0));
  }

  void sequences(ConvertedTable& out) {
    auto const rows = query(kSequences);
    for (size_t i = 0; i < rows.size(); ++i) {
      bool const identity = !rows.text(i, 3).empty();
      out.sequences.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), letter(rows, i, 3),
                               rows.text(i, 4), rows.text(i, 5), identity && rows.boolean(i, 6),
                               grants(rows.oid(i, 7))});
    }
  }

  void indexes(ConvertedTable& out) {
    auto const rows = query(kIndexes);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (own_.contains(rows.text(i, 0))) continue;
      partition::TableIndex index;
      index.name = rows.text(i, 0);
      index.definition = rows.text(i, 1);
      index.constraint = letter(rows, i, 2);
      index.constraint_definition = rows.text(i, 3);
      index.unique = rows.boolean(i, 4);
      index.valid = rows.boolean(i, 5);
      index.deferrable = rows.boolean(i, 6);
      index.deferred = rows.boolean(i, 7);
      index.keys = names(rows.text(i, 8));
      index.tablespace = rows.text(i, 9);
      index.comment = rows.text(i, 10);
      out.indexes.push_back(std::move(index));
    }
  }

  void constraints(ConvertedTable& out) {
    auto const rows = query(kConstraints);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (own_.contains(rows.text(i, 1))) continue;
      if (letter(rows, i, 0) == 'c')
        out.checks.push_back({rows.text(i, 1), without_not_valid(rows.text(i, 2)), rows.boolean(i, 3),
                              rows.boolean(i, 4), rows.text(i, 6)});
      else
        out.foreign_keys.push_back({rows.text(i, 1), without_not_valid(rows.text(i, 2)), rows.boolean(i, 3),
                                    rows.text(i, 5), rows.text(i, 6)});
    }
  }

  void triggers(ConvertedTable& out) {
    auto const rows = query(kTriggers);
    for (size_t i = 0; i < rows.size(); ++i)
      out.triggers.push_back({rows.text(i, 0), rows.text(i, 1), rows.boolean(i, 2), rows.boolean(i, 3),
                              letter(rows, i, 4), rows.text(i, 5)});
  }

  void policies(ConvertedTable& out) {
    auto const rows = query(kPolicies);
    for (size_t i = 0; i < rows.size(); ++i)
      out.policies.push_back({rows.text(i, 0), rows.text(i, 1), rows.boolean(i, 2), rows.text(i, 3)});
  }

 private:
  pg::SqlResult query(const char* sql) {
    pg::Spi spi;
    return spi.query(sql, {std::to_string(relation_)});
  }

  static std::vector<GrantText> grants(ObjectId relation) {
    pg::Spi spi;
    auto const rows = spi.query(kTableGrants, {std::to_string(relation)});
    std::vector<GrantText> out;
    for (size_t i = 0; i < rows.size(); ++i)
      out.push_back({rows.text(i, 0), rows.text(i, 1)});
    return out;
  }

  static std::vector<std::string> names(const std::string& json) {
    std::vector<std::string> out;
    pg::Spi spi;
    auto const rows = spi.query("select pg_catalog.json_array_elements_text($1::json)", {json});
    for (size_t i = 0; i < rows.size(); ++i)
      out.push_back(rows.text(i, 0));
    return out;
  }

  static std::string without_not_valid(std::string definition) {
    constexpr std::string_view kEnd = " NOT VALID";
    if (definition.ends_with(kEnd)) definition.resize(definition.size() - kEnd.size());
    return definition;
  }

  ObjectId relation_;
  const std::set<std::string>& own_;
};

}  // namespace

partition::ConvertedTable read_converted_table(ObjectId relation, const std::set<std::string>& own) {
  ConvertedTable table;
  Reader reader(relation, own);
  reader.table(table);
  reader.columns(table);
  reader.privileges(table);
  reader.sequences(table);
  reader.indexes(table);
  reader.constraints(table);
  reader.triggers(table);
  reader.policies(table);
  return table;
}

std::unordered_set<std::string> taken_names(const std::string& schema) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select relname from pg_catalog.pg_class where relnamespace = $1::pg_catalog.regnamespace "
      "union select typname from pg_catalog.pg_type where typnamespace = $1::pg_catalog.regnamespace "
      "union select conname from pg_catalog.pg_constraint where connamespace = "
      "$1::pg_catalog.regnamespace",
      {quote_identifier(schema)});
  std::unordered_set<std::string> names;
  for (size_t row = 0; row < rows.size(); ++row)
    names.insert(rows.text(row, 0));
  return names;
}

}  // namespace deal::server
