#include "server/audit/log_partition.hpp"

#include "server/catalog/time_bounds.hpp"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "partitioning/partdesc.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace deal::server {

bool same_columns(TupleDesc one, TupleDesc other) {
  if (one->natts != other->natts) return false;
  for (int i = 0; i < one->natts; ++i) {
    Form_pg_attribute const left = TupleDescAttr(one, i);
    Form_pg_attribute const right = TupleDescAttr(other, i);
    if (left->attisdropped || right->attisdropped || left->atttypid != right->atttypid) return false;
  }
  return true;
}

namespace {

/// Reads the indexes; false if one could refuse a row.
bool read_indexes(Relation relation, LogPartition& found) {
  found.index_count = 0;
  found.plain_indexes = true;
  List* const indexes = RelationGetIndexList(relation);
  bool usable = true;
  for (int i = 0; i < list_length(indexes) && usable; ++i) {
    Relation const index = index_open(list_nth_oid(indexes, i), RowExclusiveLock);
    IndexInfo* const info = BuildIndexInfo(index);
    usable = !info->ii_Unique && info->ii_ExclusionOps == nullptr;
    bool const plain =
        index->rd_rel->relam == BTREE_AM_OID && info->ii_Expressions == NIL && info->ii_Predicate == NIL;
    if (!plain || found.index_count == LogPartition::kMostIndexes) {
      found.plain_indexes = false;
    } else if (info->ii_ReadyForInserts) {
      found.indexes[found.index_count] = RelationGetRelid(index);
      found.index_infos[found.index_count++] = info;
    }
    index_close(index, NoLock);
  }
  list_free(indexes);
  return usable;
}

bool take(Oid relation, TupleDesc shape, LogPartition& found) {
  Relation const opened = relation == InvalidOid ? nullptr : try_table_open(relation, RowExclusiveLock);
  if (opened == nullptr) return false;
  bool const usable = opened->rd_rel->relkind == RELKIND_RELATION &&
                      opened->rd_tableam == GetHeapamTableAmRoutine() &&
                      same_columns(RelationGetDescr(opened), shape) && read_indexes(opened, found);
  if (usable) found.relation = relation;
  table_close(opened, NoLock);
  return usable;
}

/// The partition of `at`, and the bounds between which the same answer holds.
Oid partition_at(Relation parent, TimestampTz at, LogPartition& found) {
  PartitionDesc const partitions = RelationGetPartitionDesc(parent, true);
  PartitionBoundInfo const bounds = partitions->boundinfo;
  if (bounds == nullptr) return InvalidOid;
  int above = 0;  // the first bound that is greater
  while (above < bounds->ndatums && time_bound(bounds, above) <= at)
    ++above;
  if (above > 0) found.lower = time_bound(bounds, above - 1);
  if (above < bounds->ndatums) found.upper = time_bound(bounds, above);
  int index = bounds->indexes[above];
  if (index < 0) index = bounds->default_index;
  return index < 0 ? InvalidOid : partitions->oids[index];
}

Oid partition_of(Oid parent, TimestampTz at, LogPartition& found) {
  Relation const opened = try_table_open(parent, AccessShareLock);
  if (opened == nullptr) return InvalidOid;
  bool const by_time = opened->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  Oid const partition = by_time ? partition_at(opened, at, found) : InvalidOid;
  table_close(opened, NoLock);
  return partition;
}

}  // namespace

void find_log_partition(Oid parent, Oid overflow, TupleDesc shape, TimestampTz at, LogPartition& found) {
  found.relation = InvalidOid;
  found.lower = DT_NOBEGIN;
  found.upper = DT_NOEND;
  if (take(partition_of(parent, at, found), shape, found)) return;
  take(overflow, shape, found);
}

}  // namespace deal::server
