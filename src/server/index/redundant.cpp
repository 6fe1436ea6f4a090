#include "server/index/redundant.hpp"

#include <map>

#include "core/index/redundancy.hpp"
#include "core/review/unused.hpp"
#include "server/catalog/read.hpp"
#include "server/index/imported.hpp"

extern "C" {
#include "access/genam.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

int64_t bytes_of(Oid index) {
  if (const ImportedRelation* const figures = imported(index); figures != nullptr)
    return static_cast<int64_t>(figures->pages) * BLCKSZ;
  return pg::call([&] {
    Relation const relation = index_open(index, AccessShareLock);
    int64_t const bytes = relation->rd_rel->relkind == RELKIND_INDEX
                              ? static_cast<int64_t>(RelationGetNumberOfBlocks(relation)) * BLCKSZ
                              : 0;
    index_close(relation, NoLock);
    return bytes;
  });
}

RedundantIndex superfluous(const Catalog& catalog, int position, std::string why) {
  Index const& index = catalog.indexes[static_cast<size_t>(position)];
  Table const& table = catalog.tables[static_cast<size_t>(index.table)];
  auto const oid = static_cast<Oid>(index.oid);
  return {oid, static_cast<Oid>(table.oid), index.identity, table.identity, std::move(why), "", bytes_of(oid),
          0};
}

bool is_partitioned(const Catalog& catalog, int position) {
  return catalog.indexes[static_cast<size_t>(position)].partitioned;
}

void add_definitions(SuperfluousIndexes& found) {
  std::vector<ObjectId> oids;
  for (auto const* list : {&found.redundant, &found.unused})
    for (auto const& one : *list)
      oids.push_back(one.oid);
  std::map<ObjectId, std::string> definitions;
  for (auto& [oid, definition] : read_index_definitions(oids))
    definitions.emplace(oid, std::move(definition));
  for (auto* list : {&found.redundant, &found.unused})
    for (auto& one : *list)
      one.definition = definitions[one.oid];
}

}  // namespace

SuperfluousIndexes superfluous_indexes(const std::vector<std::string>& schemas, double unused_after) {
  Catalog catalog = read_catalog(schemas);
  put_imported(catalog);
  auto const redundancies = index::find_redundant(catalog);
  SuperfluousIndexes found;
  // A partitioned index is left alone: its partitions' indexes go one by one, never as a whole.
  for (auto const& redundancy : redundancies)
    if (!is_partitioned(catalog, redundancy.drop))
      found.redundant.push_back(superfluous(catalog, redundancy.drop, redundancy.why));
  if (review::usage_unknown(catalog, unused_after, "unused_after").empty()) {
    std::string why = "Not scanned once in " + review::usage_age(catalog) +
                      ", since the statistics began (an index made later looks unused too). Look at the "
                      "standbys' counters before: what they scan is not counted here";
    if (catalog.server.standbys > 0)
      why += ", and " + std::to_string(catalog.server.standbys) + " are connected now";
    for (auto const& unused : review::unused_indexes(catalog, redundancies))
      if (!is_partitioned(catalog, unused.index))
        found.unused.push_back(superfluous(catalog, unused.index, why + ". "));
  }
  add_definitions(found);
  return found;
}

}  // namespace deal::server
