/// Bounds of partitions by one column of type timestamptz.
#pragma once

#include "server/bridge/pg.hpp"

extern "C" {
#include "partitioning/partbounds.h"
#include "utils/timestamp.h"
}

namespace deal::server {

/// The bound at position i. `bounds`: of a range-partitioned table with such a key.
inline TimestampTz time_bound(PartitionBoundInfo bounds, int i) {
  switch (bounds->kind[i][0]) {
    case PARTITION_RANGE_DATUM_MINVALUE:
      return DT_NOBEGIN;
    case PARTITION_RANGE_DATUM_MAXVALUE:
      return DT_NOEND;
    default:
      return DatumGetTimestampTz(bounds->datums[i][0]);
  }
}

}  // namespace deal::server
