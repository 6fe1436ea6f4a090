#include "server/index/row_sample.hpp"

#include <algorithm>

#include "server/index/block_choice.hpp"
#include "server/index/block_sample.hpp"
#include "server/index/heap_block.hpp"
#include "server/index/imported_sample.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

constexpr double kMostBytes = 256 << 20;
constexpr double kUsualBytes = 200;
constexpr int kMostRows = 200'000;  ///< if more are wanted: more of them; the export has the same limit

/// Fewer than asked for when rows are so wide that they would fill the memory.
int affordable(double density, int target_rows) {
  double const bytes = density > 0 ? BLCKSZ / density : kUsualBytes;
  return static_cast<int>(std::clamp(kMostBytes / bytes, 100.0, static_cast<double>(target_rows)));
}

/// Rows in a growing array.
struct RawRows {
  HeapTuple* rows;
  int count;
  int room;
  double table_rows;
};

void append(RawRows& rows, HeapTuple tuple) {
  if (rows.count == rows.room) {
    rows.room *= 2;
    rows.rows =
        static_cast<HeapTuple*>(repalloc_huge(rows.rows, sizeof(HeapTuple) * static_cast<size_t>(rows.room)));
  }
  rows.rows[rows.count++] = heap_copytuple(tuple);
}

/// Asks the kernel for the next blocks, which will be read one by one.
void prefetch(Relation table, BlockChoice& ahead, int count) {
  for (; count > 0; --count) {
    BlockNumber const block = ahead.next();
    if (block == InvalidBlockNumber) return;
    PrefetchBuffer(table, MAIN_FORKNUM, block);
  }
}

/// Rows per block as the planner expects them, and whether they were ever counted.
struct Density {
  double rows;
  bool counted;
};

Density density_of(Relation table, BlockNumber blocks) {
  if (double const counted = counted_density(table); counted > 0) return {counted, true};
  BlockNumber pages = 0;
  double rows = 0;
  double visible = 0;
  estimate_rel_size(table, nullptr, &pages, &rows, &visible);
  return {blocks > 0 ? rows / blocks : 0, false};
}

RawRows read_rows(Oid oid, int target_rows) {
  Relation const table = open_readable(oid);
  BlockNumber const blocks = RelationGetNumberOfBlocks(table);
  Density const density = density_of(table, blocks);
  int const target = affordable(density.rows, target_rows);
  RawRows out{static_cast<HeapTuple*>(palloc(sizeof(HeapTuple) * static_cast<size_t>(target))), 0, target, 0};
  RowChoice const chosen(blocks, density.rows, target);
  BlockChoice choice(blocks, target);
  BlockChoice ahead = choice;
  prefetch(table, ahead, maintenance_io_concurrency);
  BufferAccessStrategy const strategy = GetAccessStrategy(BAS_BULKREAD);
  Snapshot const snapshot = GetActiveSnapshot();
  int const most = std::max(target, kMostRows);  // where there are far more rows than were counted
  double seen = 0;
  double read = 0;
  for (BlockNumber block = choice.next(); block != InvalidBlockNumber && out.count < most;
       block = choice.next(), ++read) {
    CHECK_FOR_INTERRUPTS();
    prefetch(table, ahead, maintenance_io_concurrency > 0 ? 1 : 0);
    for_each_visible_row(table, block, strategy, snapshot, [&](HeapTuple tuple) {
      ++seen;
      if (out.count < most && chosen.takes(tuple->t_self)) append(out, tuple);
    });
  }
  FreeAccessStrategy(strategy);
  table_close(table, NoLock);
  // As the planner counts them where they were counted: so it is known of an exported table too.
  out.table_rows = std::rint(density.counted ? density.rows * blocks : read > 0 ? seen / read * blocks : 0);
  return out;
}

/// The rows that were exported, if any were by row; else blocks of them.
RawRows import_rows(Oid oid, int target_rows) {
  const ImportedRelation& figures = *imported(oid);
  ImportedRows const rows = imported_rows(oid, affordable(figures.density, target_rows));
  return {rows.rows, rows.count, rows.count, figures.rows};
}

}  // namespace

RowSample::RowSample(Oid table, int target_rows) : memory_("deal_advisor row sample") {
  pg::InContext const in_memory(memory_.context());
  RawRows const raw = has_imported_rows(table) ? import_rows(table, target_rows)
                                               : pg::call([&] { return read_rows(table, target_rows); });
  rows_ = raw.rows;
  count_ = raw.count;
  table_rows_ = raw.table_rows;
}

}  // namespace deal::server
