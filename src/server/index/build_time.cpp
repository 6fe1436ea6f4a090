#include "server/index/build_time.hpp"

#include "core/index/explanation.hpp"

extern "C" {
#include "access/gist.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

/// GiST sorts its entries when every opclass can compare them.
bool is_sorted(const Hypothetical& index) {
  return pg::call([&] {
    for (int key = 0; key < index.keys; ++key)
      if (!OidIsValid(get_opfamily_proc(index.opfamilies[key], index.input_types[key], index.input_types[key],
                                        GIST_SORTSUPPORT_PROC)))
        return false;
    return true;
  });
}

}  // namespace

TableExtent whole_extent(Oid table) {
  if (pg::call([&] { return get_rel_relkind(table); }) != RELKIND_PARTITIONED_TABLE)
    return table_extent(table);
  TableExtent whole{0, 0};
  for (Oid const leaf : leaf_partitions(table)) {
    TableExtent const part = table_extent(leaf);
    whole.rows += part.rows;
    whole.pages += part.pages;
  }
  return whole;
}

double seconds_to_build(const Hypothetical& index) {
  TableExtent const table = whole_extent(index.table);
  const char* const name = pg::call([&]() -> const char* { return get_am_name(index.method); });
  auto const method = name != nullptr ? index::access_method(name) : std::nullopt;
  index::BuildWork work;
  work.method = method.value_or(index::AccessMethod::btree);
  work.sorted = index.method != GIST_AM_OID || is_sorted(index);
  work.table_bytes = static_cast<double>(table.pages) * BLCKSZ;
  work.table_rows = table.rows;
  work.entries = index.extent.tuples;
  work.index_bytes = static_cast<double>(index.extent.pages) * BLCKSZ;
  return index::build_seconds(work);
}

}  // namespace deal::server
