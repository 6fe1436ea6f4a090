#include "server/index/row_sample.hpp"

#include <algorithm>
#include <limits>

#include "server/index/heap_block.hpp"
#include "server/index/imported_sample.hpp"
#include "server/index/table_sample.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/sampling.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

constexpr uint32_t kSeed = 20250101;
constexpr double kMostBytes = 256 << 20;

/// A reservoir of rows: once it is full, each further row takes the place of a random one, more and more
/// seldom (Vitter's algorithm Z, the server's).
struct Reservoir {
  HeapTuple* rows;
  int target;
  int count;
  double seen;
  double to_skip;  ///< negative: not drawn yet
  ReservoirStateData state;
};

void start(Reservoir& reservoir, int target) {
  reservoir.rows = static_cast<HeapTuple*>(palloc(sizeof(HeapTuple) * static_cast<size_t>(target)));
  reservoir.target = target;
  reservoir.to_skip = -1;
  // The server seeds from its global generator, we want the same rows each time.
  reservoir_init_selection_state(&reservoir.state, target);
  sampler_random_init_state(kSeed, &reservoir.state.randstate);
  reservoir.state.W = std::exp(-std::log(sampler_random_fract(&reservoir.state.randstate)) / target);
}

void offer(Reservoir& reservoir, HeapTuple tuple) {
  if (reservoir.count < reservoir.target) {
    reservoir.rows[reservoir.count++] = heap_copytuple(tuple);
  } else {
    if (reservoir.to_skip < 0)
      reservoir.to_skip = reservoir_get_next_S(&reservoir.state, reservoir.seen, reservoir.target);
    if (reservoir.to_skip <= 0) {
      auto const place =
          static_cast<int>(reservoir.target * sampler_random_fract(&reservoir.state.randstate));
      heap_freetuple(reservoir.rows[place]);
      reservoir.rows[place] = heap_copytuple(tuple);
    }
    reservoir.to_skip -= 1;
  }
  reservoir.seen += 1;
}

/// Asks the kernel for the next blocks, which will be read one by one.
void prefetch(Relation table, BlockSamplerData& ahead, int count) {
  for (; count > 0 && BlockSampler_HasMore(&ahead); --count)
    PrefetchBuffer(table, MAIN_FORKNUM, BlockSampler_Next(&ahead));
}

/// Fewer than asked for when rows are so wide that they would fill the memory.
int affordable(Relation table, int target_rows) {
  auto const* const about = table->rd_rel;
  double const bytes =
      about->reltuples > 0 && about->relpages > 0 ? double{BLCKSZ} * about->relpages / about->reltuples : 200;
  return static_cast<int>(std::clamp(kMostBytes / bytes, 100.0, static_cast<double>(target_rows)));
}

struct RawRows {
  HeapTuple* rows;
  int count;
  double table_rows;
};

RawRows read_rows(Oid oid, int target_rows) {
  Relation const table = open_readable(oid);
  BlockNumber const blocks = RelationGetNumberOfBlocks(table);
  Reservoir reservoir{};
  start(reservoir, affordable(table, target_rows));
  BlockSamplerData sampler;
  BlockSampler_Init(&sampler, blocks, reservoir.target, kSeed);
  BlockSamplerData ahead = sampler;
  prefetch(table, ahead, maintenance_io_concurrency);
  BufferAccessStrategy const strategy = GetAccessStrategy(BAS_BULKREAD);
  Snapshot const snapshot = GetActiveSnapshot();
  while (BlockSampler_HasMore(&sampler)) {
    CHECK_FOR_INTERRUPTS();
    if (maintenance_io_concurrency > 0) prefetch(table, ahead, 1);
    for_each_visible_row(table, BlockSampler_Next(&sampler), strategy, snapshot,
                         [&](HeapTuple tuple) { offer(reservoir, tuple); });
  }
  FreeAccessStrategy(strategy);
  table_close(table, NoLock);
  double const rows = sampler.m > 0 ? std::floor(reservoir.seen / sampler.m * blocks + 0.5) : 0;
  return {reservoir.rows, reservoir.count, rows};
}

/// The rows that were exported: blocks of them, for there are no others.
RawRows import_rows(Oid oid) {
  ImportedRows const rows = imported_rows(oid, std::numeric_limits<double>::infinity());
  return {rows.rows, rows.count, imported(oid)->rows};
}

}  // namespace

RowSample::RowSample(Oid table, int target_rows) : memory_("deal_advisor row sample") {
  pg::InContext const in_memory(memory_.context());
  RawRows const raw =
      has_imported_rows(table) ? import_rows(table) : pg::call([&] { return read_rows(table, target_rows); });
  rows_ = raw.rows;
  count_ = raw.count;
  table_rows_ = raw.table_rows;
  std::sort(rows_, rows_ + count_,
            [](HeapTuple a, HeapTuple b) { return ItemPointerCompare(&a->t_self, &b->t_self) < 0; });
}

}  // namespace deal::server
