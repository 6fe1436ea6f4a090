/// SQL entry point of help: read from the catalogs, so that it lists every function there is.

#include <algorithm>
#include <tuple>

#include "core/report/capability.hpp"
#include "server/bridge/bridge.hpp"

namespace {

// Arguments by name; those with a default in brackets.
constexpr const char* kFunctions = R"sql(
select p.proname, p.proname || '(' || coalesce(pg_catalog.array_to_string(a.names[:a.needed], ', '), '')
    || case when a.needed < pg_catalog.cardinality(a.names)
         then '[' || case when a.needed > 0 then ', ' else '' end
              || pg_catalog.array_to_string(a.names[a.needed + 1:], ', ') || ']'
         else '' end || ')',
  coalesce((pg_catalog.regexp_match(pg_catalog.obj_description(p.oid, 'pg_proc'), 'Example: (.*)$'))[1], '')
from pg_catalog.pg_extension e
join pg_catalog.pg_depend d on d.refobjid = e.oid and d.deptype = 'e'
  and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
join pg_catalog.pg_proc p on p.oid = d.objid
cross join lateral (
  select pg_catalog.array_agg(n.name order by n.i) as names, p.pronargs - p.pronargdefaults as needed
  from rows from (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes))
    with ordinality n (name, mode, i)
  where coalesce(n.mode, 'i') in ('i', 'b', 'v')) a
where e.extname = 'deal_advisor'
order by p.proname, 2)sql";

struct Entry {
  std::string capability;
  std::string function;
  std::string example;
};

std::vector<Entry> entries() {
  pg::Spi spi;
  auto const rows = spi.query(kFunctions);
  std::vector<Entry> list;
  for (size_t row = 0; row < rows.size(); ++row)
    list.push_back(
        {std::string(deal::report::capability_of(rows.text(row, 0))), rows.text(row, 1), rows.text(row, 2)});
  std::stable_sort(list.begin(), list.end(), [](const Entry& a, const Entry& b) {
    return std::tuple(a.capability != "general", a.capability) <
           std::tuple(b.capability != "general", b.capability);
  });
  return list;
}

std::string capabilities_of(const std::vector<Entry>& list) {
  std::string names;
  for (size_t i = 0; i < list.size(); ++i)
    if (i == 0 || list[i].capability != list[i - 1].capability)
      names += (names.empty() ? "" : ", ") + list[i].capability;
  return names;
}

}  // namespace

DEAL_FUNCTION(deal_advisor_help) {
  pg::RowSet rows(args);
  auto const list = entries();
  auto const topic = args.optional_text(0);
  bool found = false;
  for (auto const& entry : list) {
    if (topic && entry.capability != *topic && !entry.function.starts_with(*topic)) continue;
    rows.add({pg::value(entry.capability), pg::value(entry.function), pg::value(entry.example)});
    found = true;
  }
  if (!found && topic)
    throw deal::Error("22023", "no help on \"" + *topic + "\"")
        .hint("Capabilities: " + capabilities_of(list) + "; or the beginning of a function's name.");
  return rows.result();
}
