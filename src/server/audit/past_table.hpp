/// Rows of an audited table as they were at a time: the events since then, merged, and the rows of now.
#pragma once

#include "core/audit/past_rows.hpp"
#include "server/audit/current_rows.hpp"

namespace deal::server {

/// Which rows, and when.
struct PastQuery {
  TimestampTz at = 0;
  pg::Value key;            ///< jsonb; NULL: all rows
  bool incomplete = false;  ///< what the log knows, instead of an error where that is not all
  int64 look_back_ms = 600'000;
};

/// Takes the rows one by one.
class PastRowSink {
 public:
  PastRowSink() = default;
  PastRowSink(const PastRowSink&) = delete;
  PastRowSink& operator=(const PastRowSink&) = delete;
  virtual ~PastRowSink() = default;
  /// A row: `values` as the table has it now (null: it is gone), with what `past` (null: nothing) knows of
  /// row `row` put over it. Runs as the table's owner, in a memory context that is reset after it.
  virtual void add(const CurrentRows* shape, const Datum* values, const bool* nulls,
                   const audit::PastRows* past, size_t row) = 0;
};

/// Finds the rows. In a subtransaction; `keep` lives as long as the call. Errors: 22023 a time in the future
/// or before auditing began; DA002 what the log doesn't know.
void read_past(const LogSource& source, const PastQuery& query, MemoryContext keep, PastRowSink& sink);

}  // namespace deal::server
