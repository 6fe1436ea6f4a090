/// Figures of another server's tables, imported into this database (index_import): what stands in for the
/// sizes, counters and statistics of tables that are empty here.
#pragma once

#include "core/model/workload.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/settings.hpp"

extern "C" {
#include "access/htup.h"
#include "storage/block.h"
}

namespace deal {
class Catalog;
}

namespace deal::server {

/// The statistics of one column as pg_stats shows them. Plain data: hooks make the row of pg_statistic of it
/// when the planner first asks. Arrays are their output text; null for what there is none of.
struct ImportedColumn {
  AttrNumber attno;
  bool inherited;
  float null_fraction;
  int width;
  float distinct;
  float correlation;     ///< NaN: none
  float empty_fraction;  ///< of ranges
  const char* common_values;
  const char* common_frequencies;
  const char* histogram;
  const char* common_elements;
  const char* element_frequencies;
  const char* element_counts;
  const char* range_lengths;
  const char* range_bounds;
  HeapTuple statistics;  ///< once made
};

/// One table or index of the other server. Plain data.
struct ImportedRelation {
  Oid oid;
  double rows;  ///< as the planner would estimate them there
  BlockNumber pages;
  double counted;             ///< rows when they were counted last, as pg_class; -1: never
  double density;             ///< rows per page when they were counted last; 0: never
  double all_visible;         ///< share of the pages
  BlockNumber counted_pages;  ///< at that time
  int64 inserts;
  int64 updates;
  int64 heap_only_updates;
  int64 deletes;
  int64 scans;  ///< of an index; of a table the sequential ones
  bool is_index;
  bool sampled;             ///< rows of it were sampled
  ImportedColumn* columns;  ///< by number, not inherited ones first
  int column_count;
};

/// Makes the imported figures those of this database's tables for a scope, for the planner calls of the
/// advisor and for everything that asks below; also sets the other server's planner settings. Tables that
/// hold rows here keep their own figures. Costs next to nothing where nothing was imported. Open it inside a
/// subtransaction that is rolled back.
class ImportScope {
 public:
  ImportScope();
  ~ImportScope();
  ImportScope(const ImportScope&) = delete;
  ImportScope& operator=(const ImportScope&) = delete;

 private:
  void load();
  void load_columns();
  void load_settings();

  pg::Memory memory_;
  pg::LocalSettings settings_;
  const ImportScope* outer_;
};

/// The figures of a relation in the current scope; null when there are none. Cannot fail.
const ImportedRelation* imported(Oid relation);

/// Of the other server, when it was exported.
struct ImportedServer {
  int64_t now;          ///< microseconds since 1970 (UTC)
  int64_t stats_since;  ///< the same; 0: unknown
  int standbys;
  bool offers_trigrams;  ///< pg_trgm could be created in that database, but isn't
};

/// The server of the current scope; null when nothing was imported. Cannot fail.
const ImportedServer* imported_server();

/// Puts the figures of the current scope into a catalog model, and its server's age of statistics and
/// standbys.
void put_imported(Catalog& catalog);

/// The row of pg_statistic of a column: made of imported figures, else the catalog's; null when there is
/// none. Give it back with release_statistics. Runs inside pg::call.
HeapTuple find_statistics(Oid relation, AttrNumber attno, bool inherited);
void release_statistics(HeapTuple statistics);

/// The imported row alone; null when there is none. It lives as long as the scope. Runs inside pg::call.
HeapTuple imported_statistics(Oid relation, AttrNumber attno, bool inherited);

/// Average width of a column by imported figures; 0 when there are none. Cannot fail.
int imported_width(Oid relation, AttrNumber attno);

/// Levels above the leaves of an imported B-tree, from its pages and the width of its keys. Runs inside
/// pg::call.
int imported_tree_height(const ImportedRelation& index);

/// True when this database holds imported statements.
bool has_imported_workload();

/// The imported statements of all kinds, most total time first, each as the role that imported it: their own
/// roles are not of this server. Raises 42501 unless the current role may act as the importing one.
Workload imported_statements();

/// Owner of the table of imported figures, which nobody else has rights on.
Oid imported_table_owner();

}  // namespace deal::server
