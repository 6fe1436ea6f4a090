#include "server/index/verify_build.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/index/build_time.hpp"
#include "server/index/evaluate.hpp"

extern "C" {
#include "access/genam.h"
#include "access/gin.h"
#include "access/nbtree.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace deal::server {

namespace {

bool owns(Oid table) {
  return pg::call([&] {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, table, GetUserId());
#else
    return pg_class_ownercheck(table, GetUserId());
#endif
  });
}

std::vector<Oid> indexes_of(Oid table) {
  List* const list = pg::call([&] {
    Relation const relation = table_open(table, AccessShareLock);
    List* const found = RelationGetIndexList(relation);
    table_close(relation, NoLock);
    return found;
  });
  std::vector<Oid> oids;
  oids.reserve(static_cast<size_t>(list_length(list)));
  for (int i = 0; i < list_length(list); ++i)
    oids.push_back(list_nth_oid(list, i));
  return oids;
}

/// An index over rows that were updated in place while it was not there serves younger transactions only.
bool serves_own_transaction(Oid index) {
  return pg::call([&] {
    Relation const relation = index_open(index, AccessShareLock);
    bool const serves = !relation->rd_index->indcheckxmin;
    index_close(relation, NoLock);
    return serves;
  });
}

IndexExtent extent_on_disk(Oid index) {
  return pg::call([&] {
    Relation const relation = index_open(index, AccessShareLock);
    IndexExtent extent{RelationGetNumberOfBlocks(relation),
                       static_cast<double>(std::max(relation->rd_rel->reltuples, 0.0F)),
                       0,
                       {}};
    if (relation->rd_rel->relam == BTREE_AM_OID) extent.root_level = _bt_getrootheight(relation);
    if (relation->rd_rel->relam == GIN_AM_OID) {
      GinStatsData statistics{};
      ginGetStats(relation, &statistics);
      extent.gin = {static_cast<double>(statistics.nEntryPages), static_cast<double>(statistics.nDataPages),
                    static_cast<double>(statistics.nEntries)};
    }
    index_close(relation, NoLock);
    return extent;
  });
}

Oid table_behind(Oid index) {
  return pg::call([&] {
    Relation const relation = index_open(index, AccessShareLock);
    Oid const table = relation->rd_index->indrelid;
    index_close(relation, NoLock);
    return table;
  });
}

bool has_pages(Oid index) {
  return pg::call([&] { return get_rel_relkind(index); }) == RELKIND_INDEX;
}

LeafExtent* leaf_of(const Hypothetical& index, Oid table) {
  LeafExtent* const end = index.leaves + index.leaf_count;
  LeafExtent* const found =
      std::find_if(index.leaves, end, [&](const LeafExtent& leaf) { return leaf.relation == table; });
  return found == end ? nullptr : found;
}

}  // namespace

void require_writable() {
  if (pg::call([] { return RecoveryInProgress(); }))
    throw Error("25006", "index_verify cannot run during recovery: it builds indexes")
        .hint("Run it on the primary. index_what_if and index_size work here.");
  if (XactReadOnly)
    throw Error("25006", "index_verify cannot run in a read-only transaction: it builds indexes")
        .hint("index_what_if and index_size work here.");
}

int64_t table_bytes(Oid table) {
  return static_cast<int64_t>(whole_extent(table).pages) * BLCKSZ;
}

void require_buildable(Oid table, int64_t most) {
  if (!owns(table))
    throw Error("42501", "must be owner of table " + relation_name(table) + " to build an index on it")
        .hint("A sample needs no more than SELECT: options => '{\"sample_percent\": 10}'.");
  int64_t const bytes = table_bytes(table);
  if (bytes > most)
    throw Error("54000", "table " + relation_name(table) + " has " + format_bytes(bytes) +
                             ", more than max_table_bytes allows to build on")
        .hint(
            "Build on a sample of it, options => '{\"build\": true, \"sample_percent\": 5}', or raise "
            "max_table_bytes; writers wait for as long as it takes.");
}

int64_t index_bytes(const std::vector<Oid>& tree) {
  int64_t bytes = 0;
  for (Oid const index : tree)
    if (has_pages(index)) bytes += static_cast<int64_t>(extent_on_disk(index).pages) * BLCKSZ;
  return bytes;
}

BuiltIndex build_index(const std::string& definition, Oid table) {
  auto const before = indexes_of(table);
  pg::reading(definition, [&] { return pg::Spi(pg::SearchPath::callers).execute(definition); });
  for (Oid const oid : indexes_of(table)) {
    if (std::find(before.begin(), before.end(), oid) != before.end()) continue;
    BuiltIndex built{oid, relation_name(oid), index_tree(oid), 0, true};
    built.bytes = index_bytes(built.tree);
    built.usable = std::all_of(built.tree.begin(), built.tree.end(),
                               [](Oid one) { return serves_own_transaction(one); });
    return built;
  }
  throw Error("42P07", "the index exists already: " + definition).hint("Leave IF NOT EXISTS out.");
}

void append_analysed(const BuiltIndex& built, const Hypothetical& twin,
                     std::vector<Hypothetical*>& analysed) {
  for (Oid const index : built.tree) {
    if (!has_pages(index)) continue;
    const LeafExtent* const leaf = twin.leaves != nullptr ? leaf_of(twin, table_behind(index)) : nullptr;
    HeapTuple* const statistics = twin.leaves == nullptr ? twin.statistics
                                  : leaf != nullptr      ? leaf->statistics
                                                         : nullptr;
    if (statistics == nullptr) continue;
    auto* const copy = pg::call([&] { return static_cast<Hypothetical*>(palloc(sizeof(Hypothetical))); });
    *copy = twin;
    copy->oid = index;
    copy->leaves = nullptr;
    copy->leaf_count = 0;
    copy->statistics = statistics;
    analysed.push_back(copy);
  }
}

void take_real_extent(const BuiltIndex& built, Hypothetical& twin) {
  for (Oid const index : built.tree) {
    if (!has_pages(index)) continue;
    IndexExtent const extent = extent_on_disk(index);
    LeafExtent* const leaf = twin.leaves != nullptr ? leaf_of(twin, table_behind(index)) : nullptr;
    if (leaf != nullptr)
      leaf->extent = extent;
    else
      twin.extent = extent;
  }
}

}  // namespace deal::server
