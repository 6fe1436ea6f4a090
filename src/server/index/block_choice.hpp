/// Which blocks of a table are sampled.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "storage/block.h"
}

namespace deal::server {

/// The blocks that TABLESAMPLE SYSTEM (percent) REPEATABLE (20250101) chooses, in ascending order: so that
/// deal_advisor_export.sql samples the same ones with SQL alone, and advice elsewhere is the same.
class BlockChoice {
 public:
  /// About `wanted` of `blocks` blocks; all of them if that many are wanted.
  BlockChoice(BlockNumber blocks, double wanted);

  /// The next block; InvalidBlockNumber when there is none.
  BlockNumber next();

 private:
  BlockNumber blocks_;
  BlockNumber at_ = 0;
  uint32 seed_;
  uint64 limit_;  ///< a block is chosen if its hash is below
};

}  // namespace deal::server
