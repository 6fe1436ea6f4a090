/// Which operator classes find rows by an operator that B-trees do not know.
#pragma once

#include "core/index/search.hpp"
#include "server/bridge/call.hpp"

namespace deal::server {

/// One way to index a value so that an operator finds it.
struct IndexAccess {
  index::AccessMethod method;
  Oid opclass;
  bool is_default;  ///< of the value's type
};

/// Ways to serve `value operator something` (or an ORDER BY by the operator's distance) for a value of this
/// type by another method than B-tree: all operator classes of GIN that have the operator; if none has, of
/// GiST; if none has, of SP-GiST. At most `most` are written; returns how many. Runs inside pg::call.
int find_accesses(Oid op, Oid type, bool ordering, IndexAccess* found, int most);

/// The operator class of BRIN that keeps several ranges of this type for each block range; 0 if there is
/// none. Runs inside pg::call.
Oid minmax_multi_opclass(Oid type);

}  // namespace deal::server
