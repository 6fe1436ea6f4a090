#include "server/index/redundant.hpp"

#include <map>

#include "core/index/redundancy.hpp"
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

}  // namespace

std::vector<RedundantIndex> redundant_indexes(const std::vector<std::string>& schemas) {
  Catalog const catalog = read_catalog(schemas);
  std::vector<RedundantIndex> found;
  std::vector<ObjectId> oids;
  for (auto const& redundancy : index::find_redundant(catalog)) {
    Index const& index = catalog.indexes[static_cast<size_t>(redundancy.drop)];
    Table const& table = catalog.tables[static_cast<size_t>(index.table)];
    if (index.partitioned) continue;  // its partitions' indexes go one by one, never as a whole
    found.push_back({static_cast<Oid>(index.oid), static_cast<Oid>(table.oid), index.identity, table.identity,
                     redundancy.why, "", bytes_of(static_cast<Oid>(index.oid)), 0});
    oids.push_back(index.oid);
  }
  std::map<ObjectId, std::string> definitions;
  for (auto& [oid, definition] : read_index_definitions(oids))
    definitions.emplace(oid, std::move(definition));
  for (auto& one : found)
    one.definition = definitions[one.oid];
  return found;
}

}  // namespace deal::server
