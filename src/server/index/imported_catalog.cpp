#include "core/model/catalog.hpp"
#include "server/index/imported.hpp"

namespace deal::server {

void put_imported(Catalog& catalog) {
  const ImportedServer* const server = imported_server();
  if (server == nullptr) return;
  catalog.server.now = server->now;
  catalog.server.stats_since = server->stats_since;
  catalog.server.standbys = server->standbys;
  for (Index& index : catalog.indexes) {
    const ImportedRelation* const figures = imported(static_cast<Oid>(index.oid));
    if (figures == nullptr) continue;
    index.pages = figures->counted_pages;
    index.scans = figures->scans;
  }
  for (Table& table : catalog.tables) {
    const ImportedRelation* const figures = imported(static_cast<Oid>(table.oid));
    if (figures == nullptr) continue;
    table.rows = figures->counted;
    table.pages = figures->counted_pages;
    table.sequential_scans = figures->scans;
    table.inserts = figures->inserts;
    table.updates = figures->updates;
    table.deletes = figures->deletes;
    table.index_scans = 0;
    for (Index const& index : catalog.indexes_of(table))
      table.index_scans += index.scans;
  }
}

}  // namespace deal::server
