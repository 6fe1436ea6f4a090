/// Which blocks and rows of a table are sampled: as SQL alone can choose them too, so that
/// deal_advisor_export.sql samples the same ones, and advice elsewhere is the same.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "storage/block.h"
#include "storage/itemptr.h"
}

namespace deal::server {

/// Blocks that hold about `target_rows` rows, 64 at least, 8192 at most; all of them if the table has no
/// more. `density` in rows per block; 0: unknown.
double blocks_holding(double density, BlockNumber blocks, int target_rows);

/// The blocks that TABLESAMPLE SYSTEM (percent) REPEATABLE (20250101) chooses, in ascending order.
class BlockChoice {
 public:
  /// About `wanted` of `blocks` blocks; all of them if that many are wanted.
  BlockChoice(BlockNumber blocks, double wanted);

  /// The next block; InvalidBlockNumber when there is none. Runs inside pg::call.
  BlockNumber next();

 private:
  BlockNumber blocks_;
  BlockNumber at_ = 0;
  uint32 seed_;
  uint64 limit_;  ///< a block is chosen if its hash is below
};

/// Rows spread over as many blocks as there are rows wanted, as ANALYZE spreads them: those for which
/// hashtidextended(ctid, 20250101) & 4294967295 is below a limit, in the blocks of BlockChoice(blocks, rows).
/// The rows of a smaller choice are among those of a larger one.
class RowChoice {
 public:
  /// About `wanted` rows of a table with `density` rows in each of its `blocks`.
  RowChoice(BlockNumber blocks, double density, double wanted);

  bool takes(const ItemPointerData& row) const;

 private:
  uint64 limit_;
};

}  // namespace deal::server
