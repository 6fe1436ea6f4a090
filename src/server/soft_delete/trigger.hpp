/// The trigger of soft deletes, in its five places.
#pragma once

#include "server/soft_delete/foreign_key.hpp"

namespace deal::server {

/// One trigger function for all places; what it does depends on where it stands:
/// - BEFORE DELETE ROW: marks the row and keeps it. Lets through what must really go: rows whose parent is
///   gone already (a cascade), rows that move to another partition, rows that are being purged.
/// - AFTER UPDATE OF the mark: what foreign keys say happens to the rows that refer to the row.
/// - AFTER INSERT OR UPDATE of columns that refer to tables with soft deletes: no live row refers to a marked
///   one.
/// - BEFORE UPDATE of a partitioned table: remembers the row, in case it is about to move.
/// - INSTEAD OF DELETE on the live view: deletes, and tells that it did.
/// Errors: 39P01 when it is not called as such a trigger; 23503.
Datum soft_delete_row(const pg::Arguments& args);

/// What a row's mark became, and what follows; the trigger on the table itself.
void follow_mark(const TriggerData& data, Oid function);
/// Throws 23503 when a live row refers to a marked one.
void check_references(const TriggerData& data, Oid function);

/// Rows that soft deletes of this session have marked, and that were brought back, since it began; for
/// before and after.
struct MarkCounts {
  int64_t marked = 0;
  int64_t restored = 0;
};
MarkCounts& mark_counts();

/// While one is alive, DELETE of marked rows of that one relation is for good. Not nested.
class Purging {
 public:
  explicit Purging(Oid relation);
  ~Purging();
  Purging(const Purging&) = delete;
  Purging& operator=(const Purging&) = delete;
};

/// Kinds of plans, to tell them apart.
enum PlanKind : int {
  kMarkRow = 1,
  kLockRow,
  kFindReferring,
  kFindLiveReferring,
  kMarkReferring,
  kChangeMarks,
  kDeleteReferring,
  kSetReferring,
  kFindReferenced,
  kLockReferenced,
  kMarkOfReferenced,
  kDeleteByView
};

}  // namespace deal::server
