/// Typed history: a log relation of an audited table's own columns.
#pragma once

#include "core/audit/layout.hpp"
#include "server/audit/compare.hpp"
#include "server/bridge/call.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace deal::server {

struct Sink;

/// How rows of an audited relation become rows of its history table. Plain data.
struct HistoryTarget {
  /// The columns before the table's own: at, xid, row key, sequence, layout, context, op, changed, rest.
  static constexpr int kHeader = 9;
  static constexpr Oid kHeaderTypes[kHeader] = {TIMESTAMPTZOID, XID8OID, INT8OID,  INT4OID, INT4OID,
                                                INT2OID,        CHAROID, BYTEAOID, JSONBOID};
  enum Column { at, xid, row_key, sequence, layout, context, op, changed, rest };

  Sink* sink;
  int columns;          ///< of the audited table, in the history
  AttrNumber* sources;  ///< for each of them the audited relation's column; 0: it has none now
  uint64_t*
      rest_columns;  ///< of the audited relation: what has no column of its own in the history, as jsonb
  bool has_rest;
  Datum* values;  ///< of one history row, header first
  bool* nulls;
  struct varlena* changed_bits;  ///< bytea: a bit for each of the history's own columns
};

/// A history table by its OID, and which audited column (id) each of its own columns stands for.
struct HistoryTable {
  Oid relation = InvalidOid;
  Oid overflow = InvalidOid;
  std::vector<int> columns;
};

/// Prepares writing to a history table; null if it has not the columns that it should. Allocates in
/// `context`. A column whose type has changed since, or that is new, goes to the rest.
HistoryTarget* make_history_target(const HistoryTable& history, const audit::Layout& layout, TupleDesc shape,
                                   MemoryContext context);

}  // namespace deal::server
